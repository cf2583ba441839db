import math

import pytest

from components import numbers


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (41.6, "42 s"),
        (59.7, "1 min 00 s"),
        (252, "4 min 12 s"),
        (3900, "1 h 05 min"),
        (None, "–"),
        (math.inf, "–"),
        (-1, "–"),
    ],
)
def test_duration(seconds, words):
    assert numbers.duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0"), (1281, "1,281"), (12_810, "13 k"), (14_714_688, "14.7 M"), (2.1e9, "2.1 G")]
)
def test_parameters(number, words):
    assert numbers.parameters(number) == words


def test_percent_has_one_digit():
    assert numbers.percent(0.97812) == "97.8 %"
    assert numbers.percent(None) == numbers.percent(math.nan) == "–"


def test_points_have_a_sign():
    assert numbers.points(0.019) == "+1.9 points"
    assert numbers.points(-0.019) == "−1.9 points"


def test_interval_and_megabytes_and_plural():
    assert numbers.interval([0.956, 0.989]) == "95.6 to 98.9 %"
    assert numbers.interval(None) == "–"
    assert numbers.megabytes(4.26) == "4.3 MB"
    assert numbers.megabytes(1400) == "1.4 GB"
    assert numbers.plural(1, "class", "classes") == "1 class"
    assert numbers.plural(2000, "class", "classes") == "2,000 classes"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (719, "11 min ago"),
        (3 * 3600, "3 h ago"),
        (47 * 3600, "47 h ago"),
        (432_000, "5 days ago"),
    ],
)
def test_how_long_ago_something_was(seconds, words):
    assert numbers.ago(seconds) == words
