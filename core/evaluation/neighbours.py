"""Which training examples a network takes for the most similar ones."""

import numpy as np
from sklearn import config_context
from sklearn.neighbors import NearestNeighbors

NEAREST = 3
_MEGABYTES = 32  # that distances may take while they are compared
_AT_ONCE = 1_024  # training examples that are copied at a time to be asked about


def nearest(queries: np.ndarray, training: np.ndarray, k: int = NEAREST) -> tuple[np.ndarray, np.ndarray]:
    """The nearest training examples by the angle between features.

    Args:
        queries: float (Q, F).
        training: float (N, F).
        k: how many; fewer where there are fewer training examples.

    Returns:
        `rows` int (Q, k) of `training`, the nearest first, and `similarity` float (Q, k), the cosine, at most 1.
    """
    k = min(k, len(training))
    if not len(queries) or not k:
        return np.zeros((len(queries), k), int), np.zeros((len(queries), k))
    index = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(training)
    with config_context(working_memory=_MEGABYTES):
        distance, rows = index.kneighbors(queries)
    return rows, 1.0 - distance


def nearest_others(rows: np.ndarray, training: np.ndarray, k: int = NEAREST) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other training examples of some training examples.

    Args:
        rows: int (Q,), which of `training` are asked about.
        training: float (N, F).
        k: how many; fewer where there are fewer others.

    Returns:
        As `nearest`; an example is never its own neighbour, a copy of it may be.
    """
    k = min(k, len(training) - 1)
    parts = [_without_itself(some, training, k) for some in np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE))]
    found, similarity = zip(*parts, strict=True)
    return np.concatenate(found), np.concatenate(similarity)


def _without_itself(rows: np.ndarray, training: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    found, similarity = nearest(training[rows], training, k + 1)
    order = np.argsort(found == rows[:, None], axis=1, kind="stable")[:, :k]  # itself comes last, else the furthest
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(similarity, order, axis=1)
