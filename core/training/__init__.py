"""The two phases and the feature store. Knows no modality."""
