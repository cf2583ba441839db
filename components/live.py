"""Following a run's events: each look reads only what is new."""

from typing import Any

import streamlit as st

from core.record import Run, read_events

Event = dict[str, Any]
_KEPT = ("epoch", "samples", "phase", "note")
_RECENT = 400  # batch events that can still be of the epoch that is going on


def events(run: Run) -> list[Event]:
    """What the curves and samples need of the run's events, in order."""
    store: dict[str, Any] = st.session_state.setdefault("live", {})
    number, size = _file(run)
    if (store.get("run"), store.get("number")) != (run.id, number) or size < store["offset"]:
        store.clear()  # another run, or a resume that has cut the events back behind what was read
        store.update(run=run.id, number=number, offset=0, kept=[], batches=[])
    fresh, store["offset"] = read_events(run.events_file, store["offset"])
    store["kept"] += [e for e in fresh if e["kind"] in _KEPT]
    store["batches"] = [*store["batches"], *(e for e in fresh if e["kind"] == "batch")][-_RECENT:]
    return [*store["kept"], *store["batches"]]


def _file(run: Run) -> tuple[int, int]:
    """The number of the events' file, which a resume replaces, and its bytes; (0, 0) where there is none."""
    try:
        status = run.events_file.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size
