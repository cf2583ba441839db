import numpy as np
import pytest
from sklearn.metrics import log_loss as sk_log_loss

from core.evaluation import abstention
from core.evaluation.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    reliability,
    temperature,
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
