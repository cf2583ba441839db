"""Sensitivity, specificity, and the threshold that a wanted sensitivity costs."""

import numpy as np
import pytest
from scipy.stats import beta

from core.decision import answer
from core.evaluation.calibration import apply_temperature
from core.evaluation.diagnostic import at_sensitivity, by_class


def test_two_classes_mirror_each_other():
    healthy, ill = by_class([[80, 20], [5, 45]], ["healthy", "ill"])
    assert ill["sensitivity"] == healthy["specificity"] == 0.9
    assert ill["specificity"] == healthy["sensitivity"] == 0.8
    assert (ill["positive"], ill["negative"]) == (50, 100)


def test_intervals_are_exact():
    ill = by_class([[80, 20], [5, 45]], ["healthy", "ill"])[1]
    assert ill["sensitivity_interval"] == pytest.approx([beta.ppf(0.025, 45, 6), beta.ppf(0.975, 46, 5)])
    assert ill["specificity_interval"] == pytest.approx([beta.ppf(0.025, 80, 21), beta.ppf(0.975, 81, 20)])


def test_each_of_several_classes_stands_against_the_rest():
    rows = by_class([[3, 1, 0], [0, 4, 0], [1, 1, 2]], "abc")
    assert [row["sensitivity"] for row in rows] == [0.75, 1.0, 0.5]
    assert [row["specificity"] for row in rows] == [7 / 8, 6 / 8, 1.0]


def test_a_class_without_examples_has_no_sensitivity():
    empty = by_class([[0, 0], [1, 3]], "ab")[0]
    assert empty["sensitivity"] is None
    assert empty["sensitivity_interval"] is None
    assert empty["specificity"] == 0.75


@pytest.mark.parametrize("goal", [0.8, 0.95, 1.0])
@pytest.mark.parametrize("temperature", [None, 2.5])
def test_threshold_reaches_its_goal_and_no_higher_one_does(goal, temperature):
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    ill = np.clip(0.3 * labels + random.uniform(0.05, 0.65, 200), 0, 1)
    p = np.stack([1 - ill, ill], axis=1)
    found = at_sensitivity(p, labels, 1, goal, temperature)
    assert found["sensitivity"] >= goal
    scores = (apply_temperature(p, temperature) if temperature else p)[labels == 1, 1]
    higher = np.sort(scores[scores > found["value"]])[1:]  # a line above the lowest of those that are found
    assert len(higher) / len(scores) < goal


@pytest.mark.parametrize("seed", range(30))
def test_a_threshold_from_written_figures_holds_for_the_models_own_probabilities(seed):
    random = np.random.default_rng(seed)
    labels = np.repeat([0, 1], 30)
    ill = 1 / (1 + np.exp(-random.normal(size=60) - 2 * labels + 1))
    p = np.stack([1 - ill, ill], axis=1).astype(np.float32)
    written = np.array([[float(f"{value:.9g}") for value in row] for row in p])
    found = at_sensitivity(written, labels, 1, 1.0)
    notes = {"threshold": {"class": "ill", "value": found["value"]}}
    called = np.array([answer(row, ["healthy", "ill"], notes)["label"] == "ill" for row in p])
    assert called[labels == 1].all()
    assert (~called[labels == 0]).mean() == found["specificity"]
