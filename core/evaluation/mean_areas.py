"""The mean over classes of the areas, each class against the rest, with its interval.

The classes are judged on the same examples, so their areas move together. Each class has its own interval; here they
are combined as Zou and Donner 2008 do (MOVER: the square of each end's distance is that of a sum of correlated
terms), with the correlation between classes from what every single example does to the areas: DeLong's components for
the area under the ROC curve, the jackknife for the average precision. With two classes, whose areas under the ROC
curve are one and the same, their interval comes back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.intervals import Interval, wins

Influence = Callable[[np.ndarray, np.ndarray], np.ndarray]  # scores (N,), positive (N,) -> (N,)


def mean_areas(p: np.ndarray, y: np.ndarray, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`auc`, `average_precision` and their `_interval`, means over the classes that have both.

    Args:
        p: float (N, C), probabilities.
        y: int (N,), classes.
        rows: of each class, with the same four keys; None where the examples hold only one kind.
    """
    found: dict[str, Any] = {}
    known = [k for k, row in enumerate(rows) if row["auc"] is not None]
    for key, influence in (("auc", roc_influence), ("average_precision", precision_influence)):
        found[key] = float(np.mean([rows[k][key] for k in known])) if known else None
        found[f"{key}_interval"] = list(_interval(p, y, rows, known, key, influence)) if known else None
    return found


def _interval(
    p: np.ndarray, y: np.ndarray, rows: Sequence[Mapping[str, Any]], known: list[int], key: str, influence: Influence
) -> Interval:
    """The classes' intervals combined. A class that no example moves, as where all is right, goes with all others."""
    ends, together = np.zeros((2, len(y))), np.zeros(2)  # below and above the mean
    for k in known:
        value, bounds = rows[k][key], rows[k][f"{key}_interval"]
        gaps = np.array([value - bounds[0], bounds[1] - value])
        moved = influence(p[:, k], y == k)
        spread = float(np.linalg.norm(moved))
        if spread > 0:
            ends += gaps[:, None] * (moved / spread)
        else:
            together += gaps
    below, above = (np.linalg.norm(ends, axis=1) + together) / len(known)
    mean = float(np.mean([rows[k][key] for k in known]))
    return max(0.0, mean - float(below)), min(1.0, mean + float(above))


def roc_influence(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """What each example adds to the area under the ROC curve beyond others of its kind, float (N,) (DeLong 1988)."""
    of_yes, of_no = wins(scores, positive)
    found = np.zeros(len(scores))
    found[positive] = (of_yes - of_yes.mean()) / len(of_yes)
    found[~positive] = (of_no - of_no.mean()) / len(of_no)
    return found


def precision_influence(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """The same of the average precision, float (N,): by how much it falls when the example is left out.

    The average precision is the mean over positives of `hits / named`, the positives and all examples that score as
    much or more. Leaving one example out changes those terms whose scores it reaches, so running sums tell all.
    """
    _, place, counts = np.unique(-scores, return_inverse=True, return_counts=True)  # distinct scores, the highest first
    hits_here = np.bincount(place, weights=positive, minlength=len(counts))
    hits, named, n = np.cumsum(hits_here), np.cumsum(counts), int(positive.sum())
    term = hits / named  # of each distinct score, counted once for each positive there
    fewer = np.maximum(named - 1, 1)
    without_no = _from_here(hits_here * (hits / fewer - term))  # a negative is gone: one less is named
    without_yes = _from_here(hits_here * ((hits - 1) / fewer - term))  # a positive is gone: one hit less too
    own = np.where(named > 1, (hits - 1) / fewer, 0.0)  # its own term goes with it
    total = float((hits_here * term).sum())
    found = np.where(
        positive,
        total / n - (total + without_yes[place] - own[place]) / max(1, n - 1),
        -without_no[place] / n,
    )
    for kind in (positive, ~positive):
        found[kind] -= found[kind].mean()
    return found


def _from_here(values: np.ndarray) -> np.ndarray:
    """The sum from each place to the end."""
    return np.cumsum(values[::-1])[::-1]
