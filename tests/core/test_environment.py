"""Numbers in environment variables, whatever somebody typed there."""

import pytest

from core import environment


@pytest.mark.parametrize(
    ("typed", "cache", "running"),
    [
        ("", 10e9, 1),
        ("2.5", 2.5e9, 2),
        ("many", 10e9, 1),
        ("nan", 10e9, 1),
        ("-1", 0, 1),
        ("-inf", 0, 1),
    ],
)
def test_a_number_is_read_or_the_default_holds(monkeypatch, typed, cache, running):
    monkeypatch.setenv("THAW_CACHE_GB", typed)
    monkeypatch.setenv("THAW_MAX_RUNNING", typed)
    assert (environment.cache_bytes(), environment.max_running()) == (cache, running)


@pytest.mark.parametrize("typed", ["inf", "1e300", "Infinity"])
def test_infinity_is_no_limit(monkeypatch, typed):
    monkeypatch.setenv("THAW_CACHE_GB", typed)
    monkeypatch.setenv("THAW_MAX_RUNNING", typed)
    assert environment.cache_bytes() > 1e15
    assert environment.max_running() > 1000
