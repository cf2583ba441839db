"""Features of many dimensions as points on a map."""

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

COMPONENTS = 50  # that t-SNE starts from, as its authors advise
FITTED = 5_000  # examples that the components are found from; the others are seen along them
_AT_ONCE = 2_048  # examples turned at a time


def components(*features: np.ndarray, seed: int = 0) -> tuple[np.ndarray, list[float]]:
    """The principal components of features, the strongest first; of many, they are found from a sample.

    Args:
        features: float (N, F), N at least 1, in one array or in several that are taken as one and never copied whole.
        seed: of the sample and of the randomised decomposition.

    Returns:
        float32 (N, K) with K at least 2 and at most `COMPONENTS`, and the shares of variance of the first two.
    """
    n, width = sum(map(len, features)), features[0].shape[1]
    k = min(COMPONENTS, n, width)
    chosen = np.zeros(n, bool)
    chosen[np.random.default_rng(seed).choice(n, FITTED, replace=False) if n > FITTED else slice(None)] = True
    starts = np.cumsum([0, *map(len, features)])[:-1]
    parts = [part[chosen[start : start + len(part)]] for start, part in zip(starts, features, strict=True)]
    sample = np.concatenate(parts).astype(np.float32, copy=False)
    found = np.zeros((n, max(2, k)), np.float32)
    if not np.ptp(sample, axis=0).any():
        return found, [0.0, 0.0]
    with threadpool_limits(1, "blas"):  # more would wait for each other: twenty times as long on a busy machine
        fit = PCA(k, svd_solver="randomized", iterated_power=3, random_state=seed).fit(sample)
        for start, part in zip(starts, features, strict=True):
            for at in range(0, len(part), _AT_ONCE):
                some = part[at : at + _AT_ONCE].astype(np.float32, copy=False)
                found[start + at : start + at + len(some), :k] = fit.transform(some)
    return found, [*fit.explained_variance_ratio_.tolist(), 0.0][:2]


def aligned(points: np.ndarray, like: np.ndarray) -> np.ndarray:
    """`points` (N, 2) turned and mirrored, never scaled, to lie as `like` (N, 2) does (Schönemann 1966).

    The axes of a map mean nothing by themselves; two maps of the same examples are compared more easily this way.
    """
    turn, _ = orthogonal_procrustes(points - points.mean(axis=0), like - like.mean(axis=0))
    return (points - points.mean(axis=0)) @ turn


def tsne(features: np.ndarray, start: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """A map that keeps neighbours together (van der Maaten and Hinton 2008).

    Args:
        features: float (N, K).
        start: float (N, 2), where the points begin; by default their first two principal components.
        seed: of ties.

    Returns:
        float32 (N, 2); with fewer than four examples, the first two columns.
    """
    from sklearn.manifold import TSNE  # slow to import, and the worker does without

    if len(features) < 4:
        return features[:, :2].astype(np.float32)
    first = features[:, :2] if start is None else start
    spread = float(first[:, 0].std()) or 1.0
    perplexity = min(30.0, (len(features) - 1) / 3)
    begin = (first / spread * 1e-4).astype(np.float32)
    return TSNE(2, perplexity=perplexity, init=begin, random_state=seed, n_jobs=-1).fit_transform(features)
