"""Many watchers look less often, so that watching leaves the machine to the training."""

import pytest

from components import pace
from components.pace import LEARNED, Pace


def _watched_by(n: int, cost: float) -> Pace:
    """A pace that has seen sessions whose looks took `cost` seconds each, at what goes on and at what was learned."""
    found = Pace()
    for _ in range(10):
        for session in range(n):
            found.note(str(session), cost)
            found.note(str(session), cost, LEARNED)
    return found


def test_one_or_two_people_look_every_second():
    assert _watched_by(1, 0.004).seconds() == 1
    assert _watched_by(2, 0.004).seconds() == 1


def test_a_crowd_looks_less_often_but_never_rarely():
    assert _watched_by(8, 0.005).seconds() == pytest.approx(4)
    assert _watched_by(1000, 0.005).seconds() == 5


def test_a_look_at_what_was_learned_counts_as_rarely_as_it_comes():
    found = _watched_by(5, 0.005)
    before = found.seconds()
    for _ in range(25):
        found.note("0", 0.005 + 0.005 * LEARNED, LEARNED)
    assert found.seconds() == pytest.approx(before + 5 * 0.005 / 0.015)


def test_a_first_look_that_loads_everything_does_not_slow_a_page_down():
    found = Pace()
    found.note("first", 3.0)
    found.note("first", 3.0, LEARNED)
    assert found.seconds() == 1


def test_those_who_left_no_longer_count(monkeypatch):
    found = _watched_by(10, 0.005)
    later = pace.time.monotonic() + 60
    monkeypatch.setattr(pace.time, "monotonic", lambda: later)
    found.note("0", 0.005)
    assert found.seconds() == 1


def test_a_page_changes_its_pace_only_where_that_matters():
    found = _watched_by(8, 0.005)
    assert found.is_far(1.0)
    assert not found.is_far(3.5)
    assert not found.is_far(5.0)
