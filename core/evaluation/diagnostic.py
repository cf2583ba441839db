"""Sensitivity and specificity with exact intervals, as diagnostic studies report them (STARD 2015)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.evaluation import thresholds
from core.evaluation.calibration import apply_temperature
from core.evaluation.intervals import clopper_pearson


def by_class(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Every class against all others, by the most probable class.

    Args:
        confusion: (C, C), rows true, columns predicted.
        classes: the C names.

    Returns:
        A row for each class: `class`, `positive` (examples of it), `negative` (all others), and `sensitivity` and
        `specificity`, each beside its Clopper-Pearson `…_interval`; both are None where there is nothing to judge by.
    """
    table = np.asarray(confusion, np.int64)
    rows = []
    for k, name in enumerate(classes):
        positive = int(table[k].sum())
        negative = int(table.sum()) - positive
        found = int(table[k, k])
        passed = negative - (int(table[:, k].sum()) - found)
        row: dict[str, Any] = {"class": name, "positive": positive, "negative": negative}
        for key, hits, n in (("sensitivity", found, positive), ("specificity", passed, negative)):
            row[key] = hits / n if n else None
            row[f"{key}_interval"] = list(clopper_pearson(hits, n)) if n else None
        rows.append(row)
    return rows


def at_sensitivity(
    probabilities: np.ndarray, labels: np.ndarray, positive: int, goal: float, temperature: float | None = None
) -> dict[str, Any]:
    """What the highest threshold costs that still finds a share of one class.

    Args:
        probabilities: (N, C).
        labels: int (N,).
        positive: the class that is to be found, against all others.
        goal: the sensitivity wanted on these examples, 0 to 1.
        temperature: rescales the probabilities first, as answers are.

    Returns:
        A row of `core.evaluation.thresholds.at`. Its intervals are a little kind: the threshold was chosen here.
    """
    p = apply_temperature(probabilities, temperature) if temperature and temperature != 1 else probabilities
    scores, truth = p[:, positive], labels == positive
    return thresholds.at(scores, truth, thresholds.for_sensitivity(scores, truth, goal))
