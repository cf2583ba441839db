import numpy as np
import pytest
from sklearn.metrics import log_loss as sk_log_loss

from core.decision import temperature as in_use
from core.evaluation import abstention
from core.evaluation.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    moved,
    reliability,
    temperature,
    usable,
)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def overconfident(n=2000, factor=3.0):
    """Labels drawn from calibrated probabilities, and what a model `factor` times too sure would say."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(n, 3))
    labels = (softmax(logits).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return softmax(logits * factor), labels


def test_calibration_error_by_hand():
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    # At 0.9 one of two is right (gap 0.4), at 0.6 both are (gap 0.4).
    assert expected_calibration_error(p, np.array([0, 1, 1, 1])) == pytest.approx(0.4)


def test_reliability_puts_each_example_in_one_bin():
    p, y = overconfident(100)
    rows = reliability(p, y)
    assert sum(row["n"] for row in rows) == 100
    assert rows[0]["n"] == 0
    assert rows[0]["accuracy"] is None


def test_log_loss_equals_scikit_learns():
    p, y = overconfident(50)
    assert log_loss(p, y) == pytest.approx(sk_log_loss(y, p))


def test_temperature_undoes_overconfidence():
    p, y = overconfident()
    assert fit_temperature(p, y) == pytest.approx(3.0, rel=0.15)
    judged = temperature(p, y)
    assert judged["n_fit"] + judged["n_judged"] == len(y)
    assert judged["ece_after"] < judged["ece_before"]
    assert judged["loss_after"] < judged["loss_before"]


def test_temperature_of_one_changes_nothing_and_order_is_kept():
    p, _ = overconfident(20)
    assert apply_temperature(p, 1.0) == pytest.approx(p)
    assert (apply_temperature(p, 5.0).argmax(axis=1) == p.argmax(axis=1)).all()
    assert apply_temperature(np.array([0.0, 1.0]), 2.0) == pytest.approx([0, 1], abs=1e-12)


def test_too_few_examples_get_no_temperature():
    assert temperature(np.full((4, 2), 0.5), np.zeros(4, int)) is None


def test_few_examples_without_a_mistake_do_not_ask_for_boundless_sureness():
    labels = np.tile([0, 1], 12)
    sure = np.where(labels == 1, 0.95, 0.05)
    p = np.stack([1 - sure, sure], axis=1)
    assert temperature(p, labels)["fitted"] > 0.4


def test_a_temperature_that_harms_the_judging_half_is_not_used():
    labels = np.tile([0, 1], 12)
    sure = np.where(labels == 1, 0.95, 0.05)
    one = np.random.default_rng(0).permutation(24)[12]  # the judging half's only mistake
    sure[one] = 1 - sure[one]
    found = temperature(np.stack([1 - sure, sure], axis=1), labels)
    assert found["loss_after"] > found["loss_before"]
    assert found["value"] == 1.0
    assert usable(found | {"value": found["fitted"]}) is None
    figures = {"temperature": found | {"value": found["fitted"]}}  # as earlier versions wrote it
    assert in_use({}, True, figures) is None


@pytest.mark.parametrize("seed", range(40))
def test_no_temperature_in_use_raises_the_loss_of_those_that_judged_it(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 24)
    sure = 1 / (1 + np.exp(-2.5 * (random.normal(size=24) + 5 * labels - 2.5)))
    found = temperature(np.stack([1 - sure, sure], axis=1), labels)
    assert found["value"] == 1.0 or found["loss_after"] <= found["loss_before"]
    assert found["fitted"] > 0.2


@pytest.mark.parametrize("factor", [0.2, 0.5, 0.7, 3.0, 20.0])
@pytest.mark.parametrize("value", [1e-9, 0.003, 0.5, 0.997])
def test_a_line_moves_as_the_probabilities_do(value, factor):
    there = moved(value, factor)
    assert there == pytest.approx(apply_temperature(np.array([1 - value, value]), factor)[1], abs=1e-12)
    assert moved(there, 1 / factor) == pytest.approx(value, rel=1e-6, abs=1e-12)
    assert moved(0.0, factor) == 0 < moved(1.0, factor) < 1


def test_abstention_by_hand():
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    curve = abstention.coverage_curve(p, np.array([0, 0, 1, 1]))
    assert [(row["coverage"], row["accuracy"]) for row in curve] == [
        (1, 0.5),
        (0.75, pytest.approx(2 / 3)),
        (0.5, 1),
        (0.25, 1),
    ]
    assert abstention.at(p, np.array([0, 0, 1, 1]), 0.75) == {"share": 0.75, "n": 2, "coverage": 0.5, "accuracy": 1.0}
    assert abstention.at(p, np.array([0, 0, 1, 1]), 0.99)["accuracy"] is None


def test_the_coverage_curve_keeps_its_ends_when_thinned():
    p, y = overconfident(1000)
    curve = abstention.coverage_curve(p, y, points=50)
    assert len(curve) == 50
    assert curve[0]["coverage"] == 1.0
    assert curve[-1]["coverage"] == 1 / 1000
