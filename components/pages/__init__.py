"""One thin script for each screen."""
