"""Everything in Thaw that works without a browser."""
