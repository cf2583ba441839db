import json

import numpy as np
import pytest
from sklearn import metrics as sk

from core.errors import RunError
from core.evaluation.metrics import figures


def example(n=60, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + 1.5 * np.eye(classes)[labels]
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), labels


def test_figures_equal_scikit_learns():
    p, y = example()
    got = figures(p, y, ["a", "b", "c"])
    predicted = p.argmax(axis=1)
    assert got["n"] == 60
    assert got["accuracy"] == pytest.approx(sk.accuracy_score(y, predicted))
    assert got["loss"] == pytest.approx(sk.log_loss(y, p))
    assert got["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(y, predicted))
    assert got["macro_f1"] == pytest.approx(sk.f1_score(y, predicted, average="macro"))
    assert got["confusion"] == sk.confusion_matrix(y, predicted).tolist()
    assert got["auc"] == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr"))
    precision, recall, f1, support = sk.precision_recall_fscore_support(y, predicted)
    assert [row["precision"] for row in got["per_class"]] == pytest.approx(precision.tolist())
    assert [row["recall"] for row in got["per_class"]] == pytest.approx(recall.tolist())
    assert [row["f1"] for row in got["per_class"]] == pytest.approx(f1.tolist())
    assert [row["support"] for row in got["per_class"]] == support.tolist()


def test_two_classes_have_areas_of_the_second_class_and_thresholds():
    p, y = example(classes=2)
    got = figures(p, y, ["no", "yes"])
    assert got["auc"] == pytest.approx(sk.roc_auc_score(y, p[:, 1]))
    assert got["average_precision"] == pytest.approx(sk.average_precision_score(y, p[:, 1]))
    low, high = got["auc_interval"]
    assert low < got["auc"] < high
    assert list(got["curves"]) == ["yes"]
    assert len(got["thresholds"]) == 101


def test_baseline_is_the_share_of_the_most_frequent_class():
    got = figures(np.full((4, 2), 0.5), np.array([1, 1, 1, 0]), ["a", "b"])
    assert (got["baseline"], got["baseline_class"]) == (0.75, "b")


def test_a_class_without_examples_leaves_gaps_and_no_warning():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    got = figures(p, np.array([0, 1]), ["a", "b", "c"])
    assert got["per_class"][2]["auc"] is None
    assert got["balanced_accuracy"] == 1.0
    assert got["curves"]["c"] is None


def test_figures_are_plain_json_even_for_one_example():
    got = figures(np.array([[0.0, 1.0]], np.float32), np.array([1]), ["a", "<b>"])
    assert json.loads(json.dumps(got, allow_nan=False))["accuracy"] == 1.0


def test_many_classes_keep_areas_but_no_curves():
    p, y = example(n=200, classes=30)
    got = figures(p, y, [str(k) for k in range(30)])
    assert got["curves"] == {}
    assert got["per_class"][0]["auc"] is not None


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="shape"):
        figures(np.ones((3, 2)), np.array([0, 1]), ["a", "b"])


def test_answers_that_are_not_numbers_are_said_so():
    with pytest.raises(RunError, match="lower learning rate"):
        figures(np.array([[np.nan, np.nan]]), np.array([0]), ["a", "b"])
