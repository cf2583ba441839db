import numpy as np
import pytest

from core.evaluation import thresholds
from core.evaluation.confusions import counted
from core.evaluation.curves import areas, curves

SCORES = np.array([0.9, 0.8, 0.7, 0.4, 0.6, 0.3, 0.2, 0.1])
POSITIVE = np.array([True, True, True, True, False, False, False, False])


def test_figures_at_a_threshold_by_hand():
    row = thresholds.at(SCORES, POSITIVE, 0.5)
    assert (row["tp"], row["fp"], row["tn"], row["fn"]) == (3, 1, 3, 1)
    assert (row["sensitivity"], row["specificity"], row["ppv"], row["npv"]) == (0.75, 0.75, 0.75, 0.75)
    assert row["sensitivity_interval"] == pytest.approx([0.194120, 0.993690], abs=1e-5)


def test_a_share_of_nothing_is_none():
    row = thresholds.at(SCORES, POSITIVE, 1.0)
    assert (row["ppv"], row["npv"]) == (None, 0.5)


@pytest.mark.parametrize(("goal", "value"), [(0.95, 0.4), (0.75, 0.7), (0.5, 0.8)])
def test_the_highest_threshold_with_that_sensitivity_is_found(goal, value):
    line = thresholds.for_sensitivity(SCORES, POSITIVE, goal)
    assert value - 1e-3 < line < value
    assert thresholds.at(SCORES, POSITIVE, line)["sensitivity"] >= goal
    assert thresholds.at(SCORES, POSITIVE, value + 1e-6)["sensitivity"] < goal


@pytest.mark.parametrize("value", [1.0, 0.9999999, 0.5, 1e-12])
def test_a_line_just_below_a_score_leaves_room_for_its_last_digits(value):
    line = thresholds.just_below(np.array([value, 1e-13]), value)
    assert line < value * (1 - 5e-9)
    assert line == pytest.approx(value, abs=3e-4)


def test_a_line_just_below_a_score_is_above_the_next_one():
    value = float(np.float32(0.7))
    neighbour = float(np.nextafter(np.float32(0.7), np.float32(0)))
    assert neighbour < thresholds.just_below(np.array([neighbour, value]), value) < value


def test_a_line_that_divides_otherwise_is_moved_to_divide_alike():
    called = SCORES >= 0.6
    assert thresholds.dividing(called, SCORES, 0.5) == 0.5
    assert thresholds.at(SCORES, called, thresholds.dividing(called, SCORES, 0.95))["accuracy"] == 1.0
    assert thresholds.dividing(np.zeros(8, bool), SCORES, 0.3) == 0.3


def test_the_table_goes_from_all_to_none():
    table = thresholds.table(SCORES, POSITIVE, steps=10)
    assert (table[0]["sensitivity"], table[-1]["sensitivity"]) == (1.0, 0.0)
    assert len(table) == 11


def test_curves_are_thinned_and_keep_their_ends():
    rng = np.random.default_rng(0)
    drawn = curves(rng.random(5000), rng.random(5000) < 0.5, points=50)
    assert len(drawn["fpr"]) == len(drawn["tpr"]) <= 50
    assert (drawn["fpr"][0], drawn["fpr"][-1]) == (0.0, 1.0)


def test_every_point_of_a_curve_is_what_its_threshold_gives():
    drawn = curves(SCORES, POSITIVE)
    for fpr, tpr, value in zip(drawn["fpr"], drawn["tpr"], drawn["roc_threshold"], strict=True):
        row = thresholds.at(SCORES, POSITIVE, 2.0 if value is None else value)
        assert (1 - row["specificity"], row["sensitivity"]) == pytest.approx((fpr, tpr))
    for recall, precision, value in zip(drawn["recall"], drawn["precision"], drawn["pr_threshold"], strict=True):
        if value is not None:
            row = thresholds.at(SCORES, POSITIVE, value)
            assert (row["sensitivity"], row["ppv"]) == pytest.approx((recall, precision))
    assert drawn["pr_threshold"][-1] is None


def test_one_kind_of_truth_has_no_area_and_no_curve():
    assert set(areas(SCORES, np.ones(8, bool)).values()) == {None}
    assert curves(SCORES, np.zeros(8, bool)) is None


def test_a_line_that_a_temperature_leaves_in_place_divides_as_it_did():
    assert thresholds.carried(SCORES, SCORES**2, POSITIVE, 0.65, 0.4) == 0.4  # between 0.36 and 0.49
    assert 0.36 < thresholds.carried(SCORES, SCORES**2, POSITIVE, 0.65, 0.9) <= 0.49


def test_a_line_whose_scores_a_temperature_reorders_finds_as_many_as_it_did():
    after = np.array([0.9, 0.3, 0.7, 0.4, 0.6, 0.8, 0.2, 0.1])  # the second and the sixth changed places
    line = thresholds.carried(SCORES, after, POSITIVE, 0.65, 0.5)
    assert 0.3 < line <= 0.4
    assert thresholds.at(after, POSITIVE, line)["tp"] == thresholds.at(SCORES, POSITIVE, 0.65)["tp"] == 3


def test_confusions_are_counted_by_truth_and_answer():
    assert counted(np.array([0, 0, 2]), np.array([0, 1, 2]), 3) == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
