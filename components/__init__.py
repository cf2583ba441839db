"""What people see: widgets and charts that draw what they are given."""
