"""The colour of each class, the same in every chart of the page and of the report."""

# Apart from ice and ember, which mean frozen and thawed.
CLASSES = ("#7a5fa8", "#2b8a6b", "#c2962a", "#b0416a", "#5b7f95", "#8a6d4f", "#4a9c3f", "#a34fc0")


def of_class(place: int) -> str:
    """The colour of the class at a place in the data's order; after eight they come again."""
    return CLASSES[place % len(CLASSES)]
