"""What the benchmarks say of themselves: verdicts, the table, its picture and the report of the soak."""

import json

import pytest

from benchmarks import picture, results, soak_report
from benchmarks.registry import ALONE, FASTER, RATE, TIMES, Measured, load


def _row(kind, goal, ours, theirs):
    known = load()["phase1_10_epochs"]
    return type(known)(**{**vars(known), "kind": kind, "goal": goal}).row(Measured(ours, theirs))


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "ratio", "below", "above"),
    [
        (FASTER, [1.0, 2.0, 4.0], [12.0, 20.0, 60.0], 12.0, 12.0, 12.1),
        (RATE, [10.0, 30.0, 20.0], [10.0, 20.0, 10.0], 1.5, 1.5, 1.6),
        (TIMES, [10.0, 30.0, 20.0], [10.0, 20.0, 10.0], 1.5, 1.6, 1.4),
        (ALONE, [3.0, 1.0, 2.0], [], 2.0, 2.0, 1.9),
    ],
)
def test_a_goal_is_judged_by_the_median_of_the_pairs(kind, ours, theirs, ratio, below, above):
    met, missed = (_row(kind, goal, ours, theirs) for goal in (below, above))
    assert met["ratio"] == (None if kind == ALONE else pytest.approx(ratio))
    assert met["met"]
    assert not missed["met"]


def test_table_and_picture_are_those_of_the_figures():
    rows = results.read()
    assert results.TABLE.read_text(encoding="utf-8") == results.table(rows)
    shown = [rows[name] for name in picture.NAMES]
    assert picture.FILE.read_text(encoding="utf-8") == picture.svg(shown)


def test_every_missed_goal_has_its_profile():
    rows = results.read()
    text = results.table(rows)
    for row in rows.values():
        assert row["met"] or row["profile"]
        assert row["met"] or f"- **{row['what']}**: " in text
    assert set(rows) == set(load())


def test_a_row_without_a_profile_says_so():
    row = {**next(iter(results.read().values())), "met": False, "profile": {}}
    assert "**: no profile." in results.table({row["name"]: row})


def test_the_soak_judges_growth_from_the_first_minute_on():
    memory = [{"now": size * 1_000_000} for size in (100, 200, 210)]
    found = {
        "sessions": 20,
        "minutes": 10,
        "reruns": [0.1] * 95 + [0.7] * 5,
        "predictions": [0.2] * 20,
        "errors": [],
        "server_errors": 0,
        "dropped": 0,
        "memory": {"server": memory, "service": [{"now": 0}, *memory[1:]]},
        "run": {"epoch_seconds_alone": 1.0, "epoch_seconds_watched": 2.0},
        "machine": {"cpu": "a processor", "cores": 2, "memory_gb": 8},
        "load": [0.1, 3.0],
        "cores": {"the browsers": 0.404, "the run": 1.5},
    }
    text = soak_report.text(found)
    assert "| growth of the server after the first minute | ≤ 10 % | 5 % | yes |" in text
    assert "| 95th percentile of a rerun | ≤ 500 ms | 700 ms | **no** |" in text
    assert "against without watchers | ≥ 80 % | 50 % | **no** |" in text
    assert "100 MB, 200 MB, 210 MB; service: –, 200 MB, 210 MB" in text
    assert "Cores that were used: the browsers 0.40, the run 1.50." in text
    assert json.loads(json.dumps(soak_report.spread(found["reruns"])))["n"] == 100
