import numpy as np
import pytest

from core.evaluation.label_errors import out_of_fold, suspects


def test_wrong_labels_are_found_and_right_ones_left_alone():
    """Three clouds of 60 points in 8 dimensions; six labels are changed."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 60)
    features = random.normal(0, 1, (180, 8)) + 6 * np.eye(3, 8)[truth]
    labels, wrong = truth.copy(), [3, 50, 70, 110, 125, 170]
    labels[wrong] = (truth[wrong] + 1) % 3
    found = suspects(out_of_fold(features, labels), labels)
    assert {s.row for s in found} <= set(wrong)
    assert len(found) >= 5  # of six
    assert all(s.suggested == truth[s.row] and s.p_suggested > s.p_given for s in found)


def test_the_confident_joint_of_a_hand_worked_case():
    """Usual confidence: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.7 + 0.6) / 2 = 0.65."""
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.4, 0.6]])
    found = suspects(p, np.array([0, 0, 0, 1, 1]))
    assert [(s.row, s.suggested, s.p_given, s.p_suggested) for s in found] == [(2, 1, 0.1, 0.9)]


def test_the_worst_comes_first():
    p = np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]] * 4 + [[0.95, 0.05], [0.99, 0.01]])
    assert [s.row for s in suspects(p, np.array([0] * 4 + [1] * 6))] == [9, 8]


@pytest.mark.parametrize("labels", [[0, 0, 0, 1], [0, 0, 0, 0]])
def test_too_few_examples_of_a_class_tell_nothing(labels):
    assert out_of_fold(np.zeros((4, 2)), np.array(labels)) is None
