"""What it buys to say "none of these" when the model is unsure."""

from typing import Any

import numpy as np

from core.decision import NONE, Line, chosen


def coverage_curve(
    probabilities: np.ndarray, labels: np.ndarray, points: int = 100, line: Line | None = None
) -> list[dict[str, float]]:
    """Accuracy against coverage (the risk-coverage curve of El-Yaniv and Wiener 2010).

    Args:
        probabilities: float (N, C).
        labels: int (N,).
        points: the most rows to return.
        line: sets one class apart, as in `core.decision.chosen`.

    Returns:
        Rows from full coverage down: answering only where the largest probability is at least `share` answers
        `coverage` of the examples, with `accuracy` among those.
    """
    confidence = probabilities.max(axis=1)
    right = chosen(probabilities, line) == labels
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], np.cumsum(right[order])
    # Equal confidences cannot be told apart: a point ends where the confidence falls.
    ends = np.flatnonzero(np.append(confidence[1:] < confidence[:-1], True)) if len(labels) else np.array([], int)
    if len(ends) > points:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, points).round().astype(int))]
    n = len(labels)
    return [
        {"share": float(confidence[k]), "coverage": (k + 1) / n, "accuracy": float(hits[k] / (k + 1))}
        for k in ends[::-1].tolist()
    ]


def at(probabilities: np.ndarray, labels: np.ndarray, share: float, line: Line | None = None) -> dict[str, Any]:
    """What answering only from `share` on gives: `n` answered, `coverage`, and `accuracy` (None when it never does)."""
    answers = chosen(probabilities, line, share)
    answered, right = answers != NONE, answers == labels
    n = int(answered.sum())
    return {
        "share": share,
        "n": n,
        "coverage": n / max(1, len(labels)),
        "accuracy": float(right[answered].mean()) if n else None,
    }
