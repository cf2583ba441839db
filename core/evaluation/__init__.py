"""Figures, intervals and verdicts about a finished phase."""
