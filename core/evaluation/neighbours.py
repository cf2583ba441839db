"""Which training examples a network takes for the most similar ones."""

import numpy as np
from sklearn import config_context
from sklearn.neighbors import NearestNeighbors

NEAREST = 3
_MEGABYTES = 64  # that distances may take while they are compared


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
