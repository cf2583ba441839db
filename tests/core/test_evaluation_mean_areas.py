"""Means over classes of the areas: what each example does to them, and intervals that cover as they say."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluation.curves import areas
from core.evaluation.mean_areas import mean_areas, precision_influence, roc_influence

SPREAD = np.array([[0, 0], [1.6, 0], [0, 1.6], [1.3, 1.3]])  # where four classes lie, each a round cloud of spread 1
COUNTS = np.array([60, 40, 25, 15])


def drawn(rng, counts=COUNTS):
    """Examples of the four classes with the probabilities that the truth gives them."""
    labels = np.repeat(np.arange(4), counts)
    points = rng.normal(size=(len(labels), 2)) + SPREAD[labels]
    odds = np.exp(-((points[:, None] - SPREAD[None]) ** 2).sum(axis=2) / 2)
    return odds / odds.sum(axis=1, keepdims=True), labels


def found(p, y):
    return mean_areas(p, y, [areas(p[:, k], y == k) for k in range(p.shape[1])])


def left_out(figure, scores, positive):
    """By how much a figure falls when each example is left out, against others of its kind."""
    keep = ~np.eye(len(scores), dtype=bool)
    falls = np.array([figure(positive, scores) - figure(positive[k], scores[k]) for k in keep])
    for kind in (positive, ~positive):
        falls[kind] -= falls[kind].mean()
    return falls


@pytest.mark.parametrize("digits", [1, 9])  # with ties and without
def test_what_an_example_does_is_what_leaving_it_out_changes(digits):
    rng = np.random.default_rng(0)
    positive = np.arange(30) < 11
    scores = (rng.normal(size=30) + positive).round(digits)
    assert precision_influence(scores, positive) == pytest.approx(left_out(average_precision_score, scores, positive))
    by_hand = left_out(roc_auc_score, scores, positive)
    by_hand[positive] *= 10 / 11  # leaving one of n out moves a mean by 1 / (n - 1) of its distance
    by_hand[~positive] *= 18 / 19
    assert roc_influence(scores, positive) == pytest.approx(by_hand)


def test_means_are_scikit_learns():
    p, y = drawn(np.random.default_rng(0))
    got = found(p, y)
    assert got["auc"] == pytest.approx(roc_auc_score(y, p, multi_class="ovr"))
    assert got["average_precision"] == pytest.approx(average_precision_score(np.eye(4)[y], p))


def test_of_two_classes_the_interval_is_their_own():
    rng = np.random.default_rng(0)
    y = np.arange(50) % 2
    share = 1 / (1 + np.exp(-rng.normal(size=50) - y))
    p = np.stack([1 - share, share], axis=1)
    got = found(p, y)
    assert got["auc_interval"] == pytest.approx(areas(p[:, 1], y == 1)["auc_interval"])


@pytest.mark.parametrize("counts", [COUNTS, COUNTS // 5])
def test_intervals_cover_what_they_say(counts):
    """Of 300 draws; the truth is that of very many examples with the same shares of classes."""
    rng = np.random.default_rng(1)
    truth, covered = found(*drawn(rng, counts * (200_000 // counts.sum()))), {"auc": 0, "average_precision": 0}
    for _ in range(300):
        got = found(*drawn(rng, counts))
        for key in covered:
            low, high = got[f"{key}_interval"]
            covered[key] += low <= truth[key] <= high
    assert min(covered.values()) / 300 >= 0.92


def test_where_all_is_right_the_interval_reaches_up_to_one_and_well_below():
    p = np.eye(3)[np.arange(30) % 3]
    got = found(p, np.arange(30) % 3)
    assert got["auc"] == got["average_precision"] == 1.0
    for key in ("auc_interval", "average_precision_interval"):
        assert got[key][1] == 1.0
        assert got[key][0] < 0.8


def test_a_class_without_examples_takes_no_part_and_one_class_alone_has_no_areas():
    p, y = drawn(np.random.default_rng(0), np.array([9, 9, 9, 0]))
    got = found(p, y)
    assert got["auc"] == pytest.approx(np.mean([roc_auc_score(y == k, p[:, k]) for k in range(3)]))
    assert got["auc_interval"][0] < got["auc"] < got["auc_interval"][1]
    assert set(found(p[:9], y[:9]).values()) == {None}
