"""Was phase 2 worth it: the same examples after both phases, and one honest sentence."""

from typing import Any

import numpy as np

from core.evaluation.intervals import mcnemar_exact, paired_difference

ALPHA = 0.05  # below this p a difference counts as shown


def compare(
    p1: np.ndarray, p2: np.ndarray, labels: np.ndarray, seconds: float, *, unit: str = "pictures"
) -> dict[str, Any]:
    """What phase 2 changed on the same held-out examples.

    Args:
        p1: (N, C) probabilities after phase 1.
        p2: (N, C) probabilities after phase 2.
        labels: int (N,).
        seconds: wall time of phase 2.
        unit: what an example is called, in the plural.

    Returns:
        `n`, `mended` and `broken` (examples), `mcnemar_p` (exact, two-sided), `difference` in accuracy (phase 2 minus
        phase 1) with `difference_interval` (Bonett and Price, 95 %), `seconds`, `kept` (2 unless it is worse),
        and the `verdict` in words.
    """
    mended, broken = (len(rows) for rows in changed(p1, p2, labels))
    p, n = mcnemar_exact(mended, broken), len(labels)
    return {
        "n": n,
        "mended": mended,
        "broken": broken,
        "mcnemar_p": p,
        "difference": (mended - broken) / n if n else 0.0,
        "difference_interval": list(paired_difference(mended, broken, n)),
        "seconds": seconds,
        "kept": 1 if broken > mended else 2,
        "verdict": verdict(mended, broken, p, n, seconds, unit),
    }


def changed(p1: np.ndarray, p2: np.ndarray, labels: np.ndarray) -> tuple[list[int], list[int]]:
    """The rows that phase 2 mended (wrong, then right) and those that it broke."""
    before, after = p1.argmax(axis=1) == labels, p2.argmax(axis=1) == labels
    return np.flatnonzero(~before & after).tolist(), np.flatnonzero(before & ~after).tolist()


def verdict(mended: int, broken: int, p: float, n: int, seconds: float, unit: str = "pictures") -> str:
    """One sentence that claims no more than the counts show."""
    counts = f"{mended} mended, {broken} broken, {format_p(p)}"
    if mended == broken == 0:
        return f"Nothing mended, nothing broken: no difference that these {n} {unit} could show."
    if p >= ALPHA:
        return f"{counts}: no difference that these {n} {unit} could show."
    if mended > broken:
        return f"{counts}: worth its {format_duration(seconds)}."
    return f"{counts}: phase 2 made it worse, so phase 1 is the better model."


def on(examples: str, sentence: str) -> str:
    """A verdict that says which examples it is about: `On the held-out pictures 12 mended, …`."""
    return f"On the {examples} {sentence[:1].lower()}{sentence[1:]}"


def format_p(p: float) -> str:
    """A p value with two digits that matter: `p = 0.035`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def format_duration(seconds: float) -> str:
    """A duration in its one fitting unit: `48 seconds`, `4 minutes`, `1.5 hours`."""
    if seconds < 90:
        value, unit = f"{max(1, round(seconds))}", "second"
    elif seconds < 90 * 60:
        value, unit = f"{round(seconds / 60)}", "minute"
    else:
        value, unit = f"{seconds / 3600:.1f}", "hour"
    return f"{value} {unit}" if value == "1" else f"{value} {unit}s"
