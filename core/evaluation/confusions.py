"""Which class is taken for which, and where there are too many to show them all, which are confused most."""

from collections.abc import Sequence

import numpy as np

MOST = 50  # classes that a matrix shows


def counted(labels: np.ndarray, answers: np.ndarray, classes: int) -> list[list[int]]:
    """The confusion matrix, (C, C), rows true, columns answers.

    Args:
        labels: int (N,), the truth.
        answers: int (N,).
        classes: C.
    """
    table = np.zeros((classes, classes), int)
    np.add.at(table, (labels, answers), 1)
    return table.tolist()


def most_confused(confusion: Sequence[Sequence[int]], most: int = MOST) -> list[int]:
    """The classes with the most confusions, as truth or as answer, in their own order; every class where few.

    Args:
        confusion: counts (C, C), rows true, columns predicted.
        most: how many classes at the most.
    """
    if len(confusion) <= most:
        return list(range(len(confusion)))
    wrong = np.array(confusion)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return sorted(order[:most].tolist())
