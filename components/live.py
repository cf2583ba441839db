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
    if store.get("run") != run.id or _was_cut(run, store["offset"]):
        store.clear()
        store.update(run=run.id, offset=0, kept=[], batches=[])
    fresh, store["offset"] = read_events(run.events_file, store["offset"])
    store["kept"] += [e for e in fresh if e["kind"] in _KEPT]
    store["batches"] = [*store["batches"], *(e for e in fresh if e["kind"] == "batch")][-_RECENT:]
    return [*store["kept"], *store["batches"]]


def _was_cut(run: Run, offset: int) -> bool:
    """Whether a resume has cut the file back behind what was read."""
    try:
        return run.events_file.stat().st_size < offset
    except OSError:
        return offset > 0
