"""Colours that charts share, of page and report."""

# Of classes: apart from ice and ember, which mean frozen and thawed.
CLASSES = ("#7a5fa8", "#2b8a6b", "#c2962a", "#b0416a", "#5b7f95", "#8a6d4f", "#4a9c3f", "#a34fc0")
