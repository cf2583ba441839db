"""From a folder to a manifest and to batches."""
