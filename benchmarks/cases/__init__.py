"""One measurement a file, named after what it measures."""
