import numpy as np
import pytest

from core.evaluation.verdict import changed, compare, format_duration, verdict


def answers(right):
    """Probabilities (N, 2) that are right about label 0 where told so."""
    return np.where(np.array(right)[:, None], [0.9, 0.1], [0.2, 0.8])


def paired(mended, broken, same=346):
    before = [False] * mended + [True] * broken + [True] * same
    after = [True] * mended + [False] * broken + [True] * same
    return answers(before), answers(after), np.zeros(mended + broken + same, int)


def test_a_clear_gain_is_worth_its_minutes():
    got = compare(*paired(12, 3), seconds=250)
    assert got["verdict"] == "12 mended, 3 broken, p = 0.035: worth its 4 minutes."
    assert (got["mended"], got["broken"], got["kept"], got["n"]) == (12, 3, 2, 361)
    assert got["mcnemar_p"] == pytest.approx(0.03515625)
    low, high = got["difference_interval"]
    assert got["difference"] == pytest.approx(9 / 361)
    assert low < got["difference"] < high


def test_no_difference_says_how_many_examples_could_not_show_one():
    got = compare(*paired(4, 3, 354), seconds=60)
    assert got["verdict"] == "4 mended, 3 broken, p = 1.00: no difference that these 361 pictures could show."


def test_nothing_changed_is_said_so():
    assert verdict(0, 0, 1.0, 40, 5, "texts") == (
        "Nothing mended, nothing broken: no difference that these 40 texts could show."
    )


def test_a_worse_phase_2_is_not_kept():
    got = compare(*paired(2, 20), seconds=60)
    assert got["kept"] == 1
    assert "phase 1 is the better model" in got["verdict"]


def test_changed_rows_are_those_of_the_galleries():
    assert changed(*paired(2, 1, 1)) == ([0, 1], [2])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 second"), (48, "48 seconds"), (95, "2 minutes"), (5400, "1.5 hours")]
)
def test_durations_are_worded(seconds, text):
    assert format_duration(seconds) == text
