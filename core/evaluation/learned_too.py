"""Held-out examples that the training split holds as well: of these the network has seen the answer."""

from collections.abc import Mapping
from typing import Any


def learned_too(dataset: Mapping[str, Any], split: str) -> int:
    """How many examples of a split are byte for byte in the training split, too.

    Args:
        dataset: a run's manifest.
        split: validation or test.
    """
    learned = {file.get("hash") for file in dataset["files"] if file["split"] == "train"} - {None, ""}
    return sum(file["split"] == split and file.get("hash") in learned for file in dataset["files"])


def in_words(n: int, whom: str = "them") -> str:
    """The same as a sentence; nothing where there are none."""
    return f"{n:,} of {whom} {'is' if n == 1 else 'are'} in the training split as well, which flatters." if n else ""
