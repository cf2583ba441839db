"""How often pages look at a run that goes on: every second, less often where many people watch."""

import statistics
import threading
import time
from collections import deque

import streamlit as st

_FASTEST = 1.0  # seconds between two looks of one page
_SLOWEST = 5.0
LEARNED = 2  # a page looks at curves and samples every second time: a browser takes long to draw them
_USUAL = {1: 0.002, LEARNED: 0.006}  # seconds of processor time of a look at what goes on, and at what was learned
_SHARE = 0.015  # of one core, for the looks of all pages together; sending them comes on top
_GONE = 3 * _SLOWEST  # seconds without a look, after which a page no longer counts
_FAR = 1.5  # a page changes its pace where another one is this many times better


class Pace:
    """Who watches, and what a look costs. Shared by all sessions of the app."""

    def __init__(self) -> None:
        """Nobody watches yet."""
        self._seen: dict[str, float] = {}  # session -> when it looked last
        self._costs = {nth: deque([cost] * 25, maxlen=25) for nth, cost in _USUAL.items()}  # of the last looks
        self._lock = threading.Lock()

    def note(self, session: str, cost: float, nth: int = 1) -> None:
        """A page has looked, as it does every `nth` time, and took `cost` seconds of processor time for it."""
        now = time.monotonic()
        with self._lock:
            self._seen[session] = now
            self._seen = {name: at for name, at in self._seen.items() if now - at < _GONE}
            self._costs[nth].append(cost)

    def seconds(self) -> float:
        """How long a page should wait between two looks, so that all of them together stay within their share."""
        with self._lock:
            cost = sum(statistics.median(costs) / nth for nth, costs in self._costs.items())
            return min(_SLOWEST, max(_FASTEST, len(self._seen) * cost / _SHARE))

    def is_far(self, seconds: float) -> bool:
        """Whether a page that looks every so many seconds should change its pace."""
        wanted = self.seconds()
        return max(wanted, seconds) > _FAR * min(wanted, seconds)


@st.cache_resource(show_spinner=False)
def pace() -> Pace:
    """The one of this app."""
    return Pace()
