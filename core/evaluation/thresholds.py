"""One class against the rest: what a threshold on its probability buys, with exact intervals."""

from typing import Any

import numpy as np

from core.evaluation.intervals import clopper_pearson


def at(scores: np.ndarray, positive: np.ndarray, threshold: float) -> dict[str, Any]:
    """The figures of calling everything at or above `threshold` positive.

    Args:
        scores: float (N,), the probability of the positive class.
        positive: bool (N,), the truth.
        threshold: 0…1.

    Returns:
        `value`, `tp`, `fp`, `tn`, `fn`, and `sensitivity`, `specificity`, `ppv`, `npv`, `accuracy`, each beside its
        Clopper-Pearson `…_interval`; a share of nothing is None.
    """
    called = scores >= threshold
    tp, fp = int((called & positive).sum()), int((called & ~positive).sum())
    fn, tn = int(positive.sum()) - tp, int((~positive).sum()) - fp
    shares = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "accuracy": (tp + tn, len(scores)),
    }
    row: dict[str, Any] = {"value": float(threshold), "tp": tp, "fp": fp, "tn": tn, "fn": fn}
    for name, (hits, n) in shares.items():
        row[name] = hits / n if n else None
        row[f"{name}_interval"] = list(clopper_pearson(hits, n)) if n else None
    return row


def table(scores: np.ndarray, positive: np.ndarray, steps: int = 100) -> list[dict[str, Any]]:
    """The figures at thresholds from 0 to 1 in equal steps."""
    return [at(scores, positive, k / steps) for k in range(steps + 1)]


def just_below(scores: np.ndarray, value: float) -> float:
    """A line a hair below `value`, with no score between the two: it divides as `value` does.

    A score that was written to a file and read back, or that the same picture gets when it is asked alone or on another
    machine, differs in its last digits. On the line itself it could fall to either side.

    Args:
        scores: float (N,), 0…1.
        value: 0…1, mostly one of them.

    Returns:
        A thousandth lower on the scale of logits; halfway to the next lower score where that is nearer.
    """
    below = scores[scores < value]
    floor = float(below.max()) if len(below) else 0.0
    line = max(value * (1 - 1e-3 * max(1 - value, 1e-4)), (floor + value) / 2)
    return line if floor < line <= value else value


def dividing(called: np.ndarray, scores: np.ndarray, guess: float) -> float:
    """A line on `scores` that calls the same examples positive, as near to `guess` as that goes.

    Args:
        called: bool (N,).
        scores: float (N,), 0…1, higher for all that are called.
        guess: 0…1; the answer where it divides so already, and where no line does.
    """
    lower = float(scores[~called].max()) if (~called).any() else -np.inf
    upper = float(scores[called].min()) if called.any() else np.inf
    if lower < guess <= upper or lower >= upper or np.isinf(upper):
        return guess
    return just_below(scores, upper)


def carried(before: np.ndarray, after: np.ndarray, positive: np.ndarray, value: float, guess: float) -> float:
    """Where a line on `before` comes to lie on `after`, the same examples' scores at another temperature.

    A temperature keeps the order of two classes' scores, so a line can divide as it did. With more classes it may
    change the order. Then the line finds as many as it did.

    Args:
        before: float (N,), 0…1.
        after: float (N,), 0…1.
        positive: bool (N,), the truth.
        value: the line on `before`.
        guess: where it may lie on `after`.
    """
    called = before >= value
    line = dividing(called, after, guess)
    if not (positive & called).any() or np.array_equal(after >= line, called):
        return line
    return for_sensitivity(after, positive, float(called[positive].mean()))


def for_sensitivity(scores: np.ndarray, positive: np.ndarray, goal: float = 0.95) -> float:
    """The highest threshold (but for a hair: see `just_below`) whose sensitivity is at least `goal`.

    So it has the best specificity at that price.
    """
    found = np.sort(scores[positive])[::-1]  # descending
    if len(found) == 0:
        return 0.0
    needed = max(1, int(np.ceil(goal * len(found) - 1e-9)))
    return just_below(scores, float(found[needed - 1]))
