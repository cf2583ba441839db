"""All figures of one model on one set of labelled examples, as plain data for `evaluation/phaseN.json`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from core.errors import RunError
from core.evaluation import abstention, calibration, thresholds
from core.evaluation.curves import areas, curves
from core.evaluation.intervals import wilson
from core.evaluation.mean_areas import mean_areas

MAX_CURVES = 20  # classes up to which the curves themselves are kept; areas are kept for every class


def figures(
    probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str], *, fits: bool = True
) -> dict[str, Any]:
    """How good the most probable class and its probability are.

    Args:
        probabilities: (N, C), one row an example, in the order of `classes`.
        labels: int (N,), indices into `classes`.
        classes: the C names.
        fits: whether a temperature is fitted on these examples; what a test took part in, it cannot judge.

    Returns:
        Plain data: `n`, `accuracy` with `accuracy_interval` (Wilson, 95 %), `loss` (nats), `balanced_accuracy` and
        `macro_f1` over the classes present, `baseline` (share of the most frequent class) and `baseline_class`,
        `confusion` (rows true, columns predicted), `per_class`, `auc` and `average_precision` (of the second of two
        classes, else the mean over classes against the rest) with `auc_interval` and `average_precision_interval`,
        `ece`, `reliability`, `temperature` (where one `fits`), `abstention`, `thresholds` (two classes, on the second)
        and `curves`. What cannot be computed is None.

    Raises:
        ValueError: there is no example, or the shapes do not fit together.
        RunError: a probability is not a number.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.int64)
    if p.ndim != 2 or p.shape != (len(y), len(classes)) or len(y) == 0:
        raise ValueError(
            f"Figures need probabilities of shape (N, {len(classes)}) and N labels, N at least 1. "
            f"Received: {p.shape} and {y.shape}."
        )
    if not np.isfinite(p).all():
        raise RunError("The model's answers are not numbers (NaN): training went astray. Try a lower learning rate.")
    predicted = p.argmax(axis=1)
    confusion = confusion_matrix(y, predicted, labels=range(len(classes)))
    right, support = int(np.trace(confusion)), confusion.sum(axis=1)
    present, seen = support > 0, (support > 0) | (confusion.sum(axis=0) > 0)
    rows = _per_class(p, y, predicted, classes)
    return {
        "n": len(y),
        "classes": list(classes),
        "accuracy": right / len(y),
        "accuracy_interval": list(wilson(right, len(y))),
        "loss": calibration.log_loss(p, y),
        "balanced_accuracy": float((np.diag(confusion)[present] / support[present]).mean()),
        "macro_f1": float(np.mean([row["f1"] for row, s in zip(rows, seen, strict=True) if s])),
        "baseline": int(support.max()) / len(y),
        "baseline_class": classes[int(support.argmax())],
        "confusion": confusion.tolist(),
        "per_class": rows,
        **_area_summary(p, y, rows),
        "ece": calibration.expected_calibration_error(p, y),
        "reliability": calibration.reliability(p, y),
        **({"temperature": calibration.temperature(p, y)} if fits else {}),
        "abstention": abstention.coverage_curve(p, y),
        "thresholds": thresholds.table(p[:, 1], y == 1) if len(classes) == 2 else None,
        "curves": _curves(p, y, classes),
    }


def _per_class(p: np.ndarray, y: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each class: `class`, `precision`, `recall`, `f1`, `support`, and the areas against the rest."""
    precision, recall, f1, support = precision_recall_fscore_support(
        y, predicted, labels=range(len(classes)), zero_division=0
    )
    return [
        {
            "class": name,
            "precision": float(precision[k]),
            "recall": float(recall[k]),
            "recall_interval": list(wilson(round(recall[k] * support[k]), int(support[k]))),
            "f1": float(f1[k]),
            "support": int(support[k]),
            **areas(p[:, k], y == k),
        }
        for k, name in enumerate(classes)
    ]


def _area_summary(p: np.ndarray, y: np.ndarray, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The areas of the second of two classes, of more classes their means, with intervals."""
    if len(rows) == 2:
        keys = ("auc", "auc_interval", "average_precision", "average_precision_interval")
        return {key: rows[1][key] for key in keys}
    return mean_areas(p, y, rows)


def _curves(p: np.ndarray, y: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Curves by class name: the second of two classes, every one of up to `MAX_CURVES`, else none."""
    chosen = [1] if len(classes) == 2 else range(len(classes)) if len(classes) <= MAX_CURVES else []
    return {classes[k]: curves(p[:, k], y == k) for k in chosen}
