"""Following a run's events: each look reads only what is new, once for all who follow the run."""

import threading
from collections import deque
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st

from core.record import Run, read_events

Event = dict[str, Any]
_KEPT = ("epoch", "phase", "note")
_RECENT = {"samples": 2, "batch": 400}  # this round and the one before; batches that can be of the epoch that goes on


class _Told:
    """What a run has told so far. Shared by the sessions that follow it, so nobody may change an event."""

    def __init__(self, run: Run) -> None:
        self._run, self._lock = run, threading.Lock()
        self._forget(0)

    def _forget(self, number: int) -> None:
        self._number, self._offset = number, 0
        self._kept: list[Event] = []
        self._recent: dict[str, deque[Event]] = {kind: deque(maxlen=most) for kind, most in _RECENT.items()}

    def events(self) -> list[Event]:
        with self._lock:
            number, size = _file(self._run)
            if number != self._number or size < self._offset:
                self._forget(number)  # a resume has cut the events back behind what was read
            fresh, self._offset = read_events(self._run.events_file, self._offset)
            self._kept += [event for event in fresh if event["kind"] in _KEPT]
            for kind, last in self._recent.items():
                last.extend(event for event in fresh if event["kind"] == kind)
            return [*self._kept, *(event for last in self._recent.values() for event in last)]


_followed: WeakValueDictionary[Path, _Told] = WeakValueDictionary()  # forgotten with the last session that follows
_lock = threading.Lock()


def events(run: Run) -> list[Event]:
    """What the curves and samples need of the run's events, those of one kind in order."""
    with _lock:
        told = _followed.get(run.path)
        if told is None:
            told = _followed[run.path] = _Told(run)
    st.session_state["live"] = told
    return told.events()


def _file(run: Run) -> tuple[int, int]:
    """The number of the events' file, which a resume replaces, and its bytes; (0, 0) where there is none."""
    try:
        status = run.events_file.stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size
