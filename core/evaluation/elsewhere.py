"""Does a model do as well on other data as on what was held out? One honest sentence."""

from typing import Any

from core.evaluation.intervals import independent_difference

FEW_POINTS = 0.05  # by how much less of a class must be found for the sentence to name it


def against(held_out: dict[str, Any], other: dict[str, Any], unit: str = "pictures") -> dict[str, Any]:
    """How figures on other examples differ from those on the held-out ones.

    Args:
        held_out: figures of the kept model on the run's own held-out examples, as `metrics.figures` gives them.
        other: its figures on other data with the same classes.
        unit: what an example is called, in the plural.

    Returns:
        `held_out` (accuracy there), `difference` in accuracy (other minus held out) with `difference_interval`
        (Newcombe, 95 %), and the `verdict` in words.
    """
    first, second = ((round(f["accuracy"] * f["n"]), f["n"]) for f in (other, held_out))
    low, high = independent_difference(first, second)
    difference = other["accuracy"] - held_out["accuracy"]
    return {
        "held_out": held_out["accuracy"],
        "difference": difference,
        "difference_interval": [low, high],
        "verdict": _verdict(held_out, other, difference, (low, high), unit),
    }


def _verdict(
    held_out: dict[str, Any], other: dict[str, Any], difference: float, interval: tuple[float, float], unit: str
) -> str:
    there = f"{100 * held_out['accuracy']:.1f} % on the held-out {unit}"
    low, high = interval
    if low <= 0 <= high:
        return f"No difference from {there} that these {other['n']:,} {unit} could show."
    way = "lower" if difference < 0 else "higher"
    least, most = sorted((100 * abs(low), 100 * abs(high)))
    words = (
        f"{100 * abs(difference):.1f} points {way} than {there} (95 % interval {least:.1f} to {most:.1f}): "
        "more than chance, so these data differ."
    )
    return words + (_weakest(held_out, other) if difference < 0 else "")


def _weakest(held_out: dict[str, Any], other: dict[str, Any]) -> str:
    """The class that lost most, if one did."""
    before = {row["class"]: row["recall"] for row in held_out["per_class"]}
    lost = {
        row["class"]: (row["recall"] - before.get(row["class"], 0.0), row["recall"])
        for row in other["per_class"]
        if row["support"]
    }
    name = min(lost, key=lambda key: lost[key][0])
    change, recall = lost[name]
    if change > -FEW_POINTS:
        return ""
    return f" It lost most on {name}: {100 * recall:.0f} % found there, {100 * before[name]:.0f} % among the held-out."
