"""Two classes: what a threshold on one class's probability buys, with exact intervals."""

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


def for_sensitivity(scores: np.ndarray, positive: np.ndarray, goal: float = 0.95) -> float:
    """The highest threshold whose sensitivity is at least `goal`; so the best specificity at that price."""
    found = np.sort(scores[positive])[::-1]  # descending
    if len(found) == 0:
        return 0.0
    needed = max(1, int(np.ceil(goal * len(found) - 1e-9)))
    return float(found[needed - 1])
