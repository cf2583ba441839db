"""The Results page: one module for each section, each a function of the same report."""
