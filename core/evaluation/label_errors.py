"""Labels that are probably wrong, by confident learning (Northcutt et al. 2021, https://arxiv.org/abs/1911.00068)."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5


@dataclass(frozen=True)
class Suspect:
    """An example whose label is probably wrong."""

    row: int  # of the features
    suggested: int  # the class that it rather looks like
    p_given: float  # out-of-fold probability of its label
    p_suggested: float  # out-of-fold probability of the suggested class


def out_of_fold(features: np.ndarray, labels: np.ndarray, seed: int = 0) -> np.ndarray | None:
    """Probabilities of each example from a logistic regression that has not seen it.

    Args:
        features: float (N, F).
        labels: int (N,), 0…C-1, every class present.
        seed: of the folds.

    Returns:
        float64 (N, C); None where a class has fewer than two examples, or where there is only one class.
    """
    counts = np.bincount(labels)
    folds = min(FOLDS, int(counts.min()))
    if folds < 2 or len(counts) < 2:
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=100))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly there is good enough to rank by
        return cross_val_predict(
            model, features, labels, cv=StratifiedKFold(folds, shuffle=True, random_state=seed), method="predict_proba"
        )


def suspects(probabilities: np.ndarray, labels: np.ndarray) -> list[Suspect]:
    """The off-diagonal of the confident joint, the most suspicious first.

    An example counts as confidently of class j when its probability of j reaches the mean probability of j among
    the examples labelled j. It is suspect when the likeliest class of that kind is not its label.

    Args:
        probabilities: float (N, C), out of fold.
        labels: int (N,).
    """
    n, n_classes = probabilities.shape
    usual = np.array(
        [probabilities[labels == j, j].mean() if (labels == j).any() else np.inf for j in range(n_classes)]
    )
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    likeliest, everyone = confident.argmax(axis=1), np.arange(n)
    given, other = probabilities[everyone, labels], probabilities[everyone, likeliest]
    found = np.flatnonzero((confident.max(axis=1) >= 0) & (likeliest != labels) & (other > given))
    ranked = found[np.argsort(given[found] - other[found], kind="stable")]
    return [Suspect(int(i), int(likeliest[i]), float(given[i]), float(other[i])) for i in ranked]
