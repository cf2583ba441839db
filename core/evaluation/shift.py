"""Does a model do as well on other data as on its own held-out examples? One honest sentence."""

import math
from typing import Any

from core.evaluation.intervals import independent_difference

Figures = dict[str, Any]


def sound(found: Any) -> bool:
    """Whether figures that were read from a file have what is compared and shown of them."""
    if not isinstance(found, dict) or not isinstance(found.get("n"), int) or found["n"] < 1:
        return False
    rows = found.get("per_class")
    return (
        _is_share(found.get("accuracy"))
        and isinstance(rows, list)
        and all(isinstance(row, dict) and {"class", "recall", "precision", "support"} <= set(row) for row in rows)
    )


def own(evaluation: Figures) -> tuple[Figures, str] | None:
    """The fairest figures that a run has of itself, and what its examples are called: test, else held-out."""
    if sound(evaluation.get("test")):
        return evaluation["test"], "test"
    return (evaluation, "held-out") if sound(evaluation) else None


def against(evaluation: Figures, other: Figures, unit: str = "pictures") -> dict[str, Any] | None:
    """How figures on other examples differ from those on a run's own.

    Args:
        evaluation: what `evaluation/phaseN.json` holds of the kept model.
        other: figures of the model on other data with the same classes.
        unit: what an example is called, in the plural.

    Returns:
        `accuracy` on its own test or held-out examples, `difference` (other minus own) with `difference_interval`
        (Newcombe, 95 %), and the `verdict` in words; None where the run's own figures are not known.
    """
    known = own(evaluation)
    if known is None:
        return None
    before, name = known
    low, high = independent_difference(_right(other), _right(before))
    difference = other["accuracy"] - before["accuracy"]
    there = f"{100 * before['accuracy']:.1f} % on the {before['n']:,} {name} {unit}"
    if low <= 0 <= high:
        verdict = f"No difference from {there} that these {other['n']:,} could show."
    else:
        least, most = sorted((100 * abs(low), 100 * abs(high)))
        verdict = (
            f"{100 * abs(difference):.1f} points {'lower' if difference < 0 else 'higher'} than {there} "
            f"(95 % interval {least:.1f} to {most:.1f}): more than chance, so these data differ."
            f"{_weakest(before, other, name)}"
        )
    interval = [low, high]
    return {
        "accuracy": before["accuracy"],
        "difference": difference,
        "difference_interval": interval,
        "verdict": verdict,
    }


def _weakest(before: Figures, other: Figures, name: str) -> str:
    """The class that lost most, of those whose loss is more than chance."""
    rows = {row["class"]: row for row in before["per_class"] if row["support"]}
    lost = []
    for row in other["per_class"]:
        was = rows.get(row["class"])
        if was and row["support"] and independent_difference(_found(row), _found(was))[1] < 0:
            lost.append((row["recall"] - was["recall"], row["class"], row["recall"], was["recall"]))
    if not lost:
        return ""
    _, which, now, then = min(lost)
    return f" It lost most on {which}: {100 * now:.0f} % found there, {100 * then:.0f} % among the {name}."


def _right(found: Figures) -> tuple[int, int]:
    return round(found["accuracy"] * found["n"]), found["n"]


def _found(row: Figures) -> tuple[int, int]:
    return round(row["recall"] * row["support"]), row["support"]


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= 1
