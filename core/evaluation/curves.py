"""ROC and precision-recall curves, one class against the rest, with areas and intervals."""

from typing import Any

import numpy as np

from core.evaluation.intervals import area_under_roc, average_precision_interval

POINTS = 200  # the most that a curve keeps: as fine as a screen shows


def areas(scores: np.ndarray, positive: np.ndarray) -> dict[str, Any]:
    """`auc`, `auc_interval`, `average_precision`, `average_precision_interval` of one class against the rest.

    All None where the truth holds only one kind: there is nothing to tell apart.
    """
    if positive.all() or not positive.any():
        return dict.fromkeys(("auc", "auc_interval", "average_precision", "average_precision_interval"))
    from sklearn.metrics import average_precision_score  # slow to import, and a page draws what the worker left

    auc, interval = area_under_roc(scores, positive)
    precision = float(average_precision_score(positive, scores))
    return {
        "auc": auc,
        "auc_interval": list(interval),
        "average_precision": precision,
        "average_precision_interval": list(average_precision_interval(precision, int(positive.sum()))),
    }


def curves(scores: np.ndarray, positive: np.ndarray, points: int = POINTS) -> dict[str, list[Any]] | None:
    """Points to draw: `fpr`, `tpr` of the ROC curve and `recall`, `precision`, each at most `points` long.

    Beside them `roc_threshold` and `pr_threshold`: a point is what calling everything from there on gives; None at the
    end where nothing is called. None for all where the truth holds only one kind.
    """
    if positive.all() or not positive.any():
        return None
    from sklearn.metrics import precision_recall_curve, roc_curve

    fpr, tpr, roc_from = roc_curve(positive, scores)
    precision, recall, pr_from = precision_recall_curve(positive, scores)
    roc, pr = _thin(len(fpr), points), _thin(len(recall), points)
    return {
        "fpr": fpr[roc].tolist(),
        "tpr": tpr[roc].tolist(),
        "recall": recall[pr].tolist(),
        "precision": precision[pr].tolist(),
        "roc_threshold": _finite(roc_from[roc]),
        "pr_threshold": _finite(np.append(pr_from, np.inf)[pr]),
    }


def _finite(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _thin(n: int, points: int) -> np.ndarray:
    """Indices of at most `points` out of n, both ends among them."""
    return np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(int))
