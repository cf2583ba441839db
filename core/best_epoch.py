"""Which epoch's model a phase keeps, by its events."""

from collections.abc import Mapping, Sequence
from typing import Any


def best_epoch(epochs: Sequence[Mapping[str, Any]], phase: int) -> list[Mapping[str, Any]]:
    """The first epoch of a phase with the lowest held-out loss, as `core.training.callbacks.Best` keeps it.

    Args:
        epochs: events of kind `epoch`.
        phase: 1 or 2.

    Returns:
        That event alone; nothing while no epoch has ended.
    """
    told = [row for row in epochs if row["phase"] == phase and row.get("val_loss") is not None]
    return [min(told, key=lambda row: row["val_loss"])] if told else []
