"""95 % intervals, and the test for paired answers. Light: no more than `scipy.special`."""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri

LEVEL = 0.95  # confidence of every interval in Thaw
Interval = tuple[float, float]


def wilson(successes: float, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share (Wilson 1927). (0, 1) where there is nothing to judge by."""
    if n == 0:
        return 0.0, 1.0
    z = _z(level)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return 0.0 if successes == 0 else low, 1.0 if successes == n else high


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """The exact interval of a share (Clopper and Pearson 1934), as diagnostic studies report it."""
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def paired_difference(gained: int, lost: int, n: int, level: float = LEVEL) -> Interval:
    """The interval of a difference of two shares on the same n examples (Bonett and Price 2012).

    Args:
        gained: examples that only the second share counts.
        lost: examples that only the first share counts.
        n: all examples.
        level: confidence.
    """
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = _z(level) * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def independent_difference(first: tuple[int, int], second: tuple[int, int], level: float = LEVEL) -> Interval:
    """The interval of a difference of two shares of different examples (Newcombe 1998, method 10: hybrid score).

    Args:
        first: successes and examples of the first share.
        second: those of the second; the difference is first minus second.
        level: confidence.
    """
    (k1, n1), (k2, n2) = first, second
    if not n1 or not n2:
        return -1.0, 1.0
    (low1, high1), (low2, high2) = wilson(k1, n1, level), wilson(k2, n2, level)
    share1, share2 = k1 / n1, k2 / n2
    difference = share1 - share2
    down = math.hypot(share1 - low1, high2 - share2)
    up = math.hypot(high1 - share1, share2 - low2)
    return max(-1.0, difference - down), min(1.0, difference + up)


def mcnemar_exact(gained: int, lost: int) -> float:
    """The two-sided p of McNemar's exact test: a fair coin, thrown once for each example that changed."""
    if abs(gained - lost) <= 1:
        return 1.0  # both tails are everything, which a sum of rounded terms may just miss
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))


def area_under_roc(scores: np.ndarray, positive: np.ndarray, level: float = LEVEL) -> tuple[float, Interval]:
    """Area under the ROC curve and its interval.

    The interval spans DeLong's (1988, by the ranks of Sun and Xu 2014; on the logit scale) and Newcombe's (2006, method
    5). DeLong's takes the spread of a few positives for that of all and is then far too narrow; Newcombe's leaves too
    little room near 1.

    Args:
        scores: float (N,), higher for more positive.
        positive: bool (N,), with at least one of each kind.
        level: confidence.
    """
    of_yes, of_no = wins(scores, positive)
    m, n = len(of_yes), len(of_no)
    area = float(np.clip(of_yes.mean(), 0, 1))
    variance = _variance(of_yes) / m + _variance(of_no) / n
    if not 0 < area < 1 or variance == 0:
        low, high = _degenerate(area, min(m, n), level)
    else:
        low, high = _logit_interval(area, math.sqrt(variance) / (area * (1 - area)), level)
    lower, upper = _newcombe(area, m, n, level)
    return area, (min(low, lower), max(high, upper))


def wins(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's components: of each positive the share of negatives that it beats, of each negative that it loses to.

    Ties count half. Both have the area under the ROC curve as their mean.
    """
    yes, no, ranks = scores[positive], scores[~positive], _midranks(scores)
    return (ranks[positive] - _midranks(yes)) / len(no), 1 - (ranks[~positive] - _midranks(no)) / len(yes)


def _newcombe(area: float, m: int, n: int, level: float) -> Interval:
    """The areas that lie no further off than their own standard error allows (Newcombe 2006, method 5).

    The variance is Hanley and McNeil's for exponential scores, with the mean size in place of both.
    """
    z, size = _z(level), (m + n) / 2 - 1

    def inside(t: float) -> bool:
        variance = t * (1 - t) * (1 + size * ((1 - t) / (2 - t) + t / (1 + t))) / (m * n)
        return abs(t - area) <= z * math.sqrt(variance)

    return _edge(area, 0.0, inside), _edge(area, 1.0, inside)


def _edge(start: float, end: float, inside: Callable[[float], bool]) -> float:
    """Where, on the way from `start` to `end`, `inside` ends; by halving."""
    if start == end:
        return end
    for _ in range(50):
        middle = (start + end) / 2
        start, end = (middle, end) if inside(middle) else (start, middle)
    return end


def average_precision_interval(precision: float, positives: int, level: float = LEVEL) -> Interval:
    """The interval of an average precision, taken for a share of the positives as by Boyd, Eng and Page (2013).

    Wilson's, since theirs on the logit grows without end near 1: 0.07 to 1 for 199 positives that all but lead.
    """
    return wilson(precision * positives, positives, level)


def _z(level: float) -> float:
    return float(ndtri(0.5 + level / 2))


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _degenerate(value: float, n: int, level: float) -> Interval:
    """At 0 or 1 the logit has no answer: the exact interval of n unanimous throws stands in."""
    return clopper_pearson(n if value >= 1 else 0 if value <= 0 else round(value * n), n, level)


def _logit_interval(value: float, error: float, level: float) -> Interval:
    logit, half = math.log(value / (1 - value)), _z(level) * error
    return _sigmoid(logit - half), _sigmoid(logit + half)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
