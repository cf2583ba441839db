"""Figures as plain data: each function takes what a run says and returns what Plotly draws."""
