import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from core.evaluation.intervals import (
    area_under_roc,
    average_precision_interval,
    clopper_pearson,
    independent_difference,
    mcnemar_exact,
    paired_difference,
    wilson,
)

COUNTS = [(0, 10), (1, 10), (10, 10), (352, 361), (5, 9)]


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_wilson_equals_scipys(k, n):
    expected = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k, n) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_clopper_pearson_equals_scipys(k, n):
    expected = stats.binomtest(k, n).proportion_ci(method="exact")
    assert clopper_pearson(k, n) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("gained", "lost"), [(12, 3), (3, 12), (5, 5), (1, 0), (40, 10)])
def test_mcnemar_equals_scipys_fair_coin(gained, lost):
    assert mcnemar_exact(gained, lost) == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


@pytest.mark.parametrize("lost", range(40))
def test_mcnemar_of_counts_next_to_each_other_is_one(lost):
    assert mcnemar_exact(lost, lost + 1) == mcnemar_exact(lost + 1, lost) == mcnemar_exact(lost, lost) == 1


def test_mcnemar_without_a_change_shows_nothing():
    assert mcnemar_exact(0, 0) == 1.0


@pytest.mark.parametrize(
    ("first", "second", "expected"),  # of table II in Newcombe 1998, method 10
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ],
)
def test_independent_difference_is_newcombes(first, second, expected):
    assert independent_difference(first, second) == pytest.approx(expected, abs=5e-5)


def test_a_difference_from_nothing_may_be_anything():
    assert independent_difference((0, 0), (3, 4)) == (-1.0, 1.0)


def test_paired_difference_by_hand():
    # n 98: up 13/100, down 4/100; 0.09 ± 1.95996 · sqrt((0.17 - 0.0081) / 100)
    low, high = paired_difference(12, 3, 98)
    assert (low, high) == pytest.approx((0.09 - 0.0788625, 0.09 + 0.0788625), abs=1e-6)


def test_area_under_roc_by_hand():
    # Pairs won by the positives 0.9, 0.4 over 0.5, 0.1, 0.4: 3 + 1 + a tie of a half, of 6.
    scores, positive = np.array([0.9, 0.4, 0.5, 0.1, 0.4]), np.array([True, True, False, False, False])
    area, (low, high) = area_under_roc(scores, positive)
    assert area == pytest.approx(4.5 / 6)
    assert 0 <= low < area < high <= 1


def test_area_interval_covers_what_it_says():
    rng, covered = np.random.default_rng(0), 0
    truth = stats.norm.cdf(1 / np.sqrt(2))  # of two normal curves one apart
    for _ in range(300):
        positive = np.arange(80) < 40
        _, (low, high) = area_under_roc(rng.normal(size=80) + positive, positive)
        covered += low <= truth <= high
    assert 0.91 <= covered / 300 <= 0.985


@pytest.mark.parametrize("positives", [2, 3, 5])
@pytest.mark.parametrize(("apart", "spread"), [(0.3, 1), (1, 1), (2, 1), (3, 1), (1.5, 2)])
def test_area_interval_covers_with_few_positives(positives, apart, spread):
    rng, covered = np.random.default_rng(0), 0
    truth = stats.norm.cdf(apart / np.hypot(1, spread))
    positive = np.arange(100 + positives) < positives
    for _ in range(300):
        scores = rng.normal(size=len(positive))
        scores[positive] = apart + spread * scores[positive]
        _, (low, high) = area_under_roc(scores, positive)
        covered += low <= truth <= high
    assert covered / 300 >= 0.9


def test_one_positive_tells_next_to_nothing():
    scores = np.linspace(0, 0.89, 101)
    scores[0] = 0.85
    area, (low, high) = area_under_roc(scores, np.arange(101) < 1)
    assert area == pytest.approx(0.95)
    assert high - low > 0.5


def test_a_perfect_area_keeps_an_honest_lower_end():
    area, (low, high) = area_under_roc(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert (area, high) == (1.0, 1.0)
    assert low < 0.5


def test_average_precision_interval_equals_scipys_wilson_where_it_is_a_share():
    for k, n in COUNTS:
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        assert average_precision_interval(k / n, n) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("positives", "negatives"), [(20, 80), (200, 160)])
@pytest.mark.parametrize("apart", [1, 3, 5])
def test_average_precision_interval_covers_and_stays_short_near_1(positives, negatives, apart):
    rng = np.random.default_rng(apart)

    def drawn(times):
        yes, no = rng.normal(apart, 1, times * positives), rng.normal(0, 1, times * negatives)
        truth = np.arange(times * (positives + negatives)) < len(yes)
        return float(average_precision_score(truth, np.concatenate([yes, no])))

    whole = drawn(500)
    found = [average_precision_interval(drawn(1), positives) for _ in range(200)]
    assert sum(low <= whole <= high for low, high in found) >= 0.93 * len(found)
    assert apart < 5 or max(high - low for low, high in found) < 0.3
