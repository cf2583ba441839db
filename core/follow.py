"""Follow a run in the foreground of a shell: a progress bar on standard error until it has ended."""

import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from core import record
from core.any_text import on_one_line
from core.errors import RunError
from core.record import Run, read_events, silence

POLL_SECONDS = 0.2
EXIT_SECONDS = 2.0  # in which whoever watches a worker notes which signal ended it


def follow(run: Run, stop: Callable[[Run], None], out: TextIO | None = None) -> dict[str, Any]:
    """The run's status once it has ended. The first Ctrl-C calls `stop`, a second one is raised.

    Args:
        run: a run that was submitted.
        stop: asks the run to stop.
        out: where progress goes, by default standard error. A bar is drawn on a terminal only.

    Raises:
        KeyboardInterrupt: at the second Ctrl-C; the run stops by itself.
    """
    screen = _Screen(out or sys.stderr)
    offset, asked = 0, False
    while True:
        try:
            status = run.status()
            events, offset = read_events(run.events_file, offset, ("epoch", "phase", "note", "stage"))
            for line in filter(None, map(event_line, events)):
                screen.line(line)
            if status["state"] in record.ENDED:
                screen.bar("")
                return _explained(run, status)
            screen.bar(bar_text(status))
            time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            screen.bar("")
            if asked:
                screen.line(f"Left. The run {run.id} stops by itself.")
                raise
            asked = True
            with suppress(RunError):  # it may have ended a moment ago
                stop(run)
            screen.line("Asked to stop; the best model is kept. Ctrl-C again leaves at once.")


def _explained(run: Run, status: dict[str, Any]) -> dict[str, Any]:
    """The status of a run that ended; of an interrupted one, once it is known what ended its worker, or never will be.

    The run's lock is free an instant before that is written.
    """
    until = time.monotonic() + EXIT_SECONDS
    while status["state"] == record.INTERRUPTED and time.monotonic() < until:
        if run.known_end(status):
            return run.status()
        time.sleep(POLL_SECONDS)
    return status


def event_line(event: dict[str, Any]) -> str:
    """What one event says to a reader of the shell; empty for nothing."""
    if event["kind"] != "epoch":
        return on_one_line(str(event.get("message") or ""))
    return (
        f"Phase {event.get('phase')}, epoch {event.get('epoch')}: "
        f"loss {_number(event.get('loss'))}, accuracy {_share(event.get('accuracy'))}; "
        f"held out: loss {_number(event.get('val_loss'))}, accuracy {_share(event.get('val_accuracy'))} "
        f"({_number(event.get('seconds'), 1)} s)"
    )


def bar_text(status: dict[str, Any], width: int = 24) -> str:
    """One line of progress from a run's status."""
    if status["state"] == record.QUEUED:
        place = status.get("place")
        waits = f"Waiting in line, place {place}" if place else str(status.get("message") or "Waiting to start")
        return silence(status) or waits
    step, steps = status.get("step") or 0, status.get("steps") or 0
    parts = [silence(status) or str(status.get("message") or status["state"])]
    if steps:
        full = round(width * min(1.0, step / steps))
        parts = ["█" * full + "░" * (width - full), f"{step}/{steps}", *parts]
    if status.get("images_per_second"):
        parts.append(f"{status['images_per_second']:.0f} a second")
    if status.get("eta_s") is not None:
        parts.append(f"{clock(status['eta_s'])} left")
    return "  ".join(parts)


def clock(seconds: float) -> str:
    """A duration as `4 min 12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def closing_words(run: Run, status: dict[str, Any]) -> str:
    """How a run ended, for people: what went wrong, or its accuracy after each phase and the verdict."""
    if status["state"] == record.INTERRUPTED:
        return f"The run was interrupted. {status['error']} (`python -m core resume {run.id}`)"
    if status.get("error"):
        return str(status["error"])
    found = {phase: run.evaluation(phase) or {} for phase in (1, 2)}
    shares = [f"{100 * f['accuracy']:.1f} % after phase {p}" for p, f in found.items() if "accuracy" in f]
    words = f"Held out: {', '.join(shares)}." if shares else "It ended before a phase was judged."
    return " ".join(filter(None, (words, found[2].get("verdict"))))


def outcome(run: Run, status: dict[str, Any]) -> dict[str, Any]:
    """How a run ended, as `train --json` prints it; None for what it did not come to."""
    return {
        "run_dir": str(run.path),
        "state": status["state"],
        "phase1": _phase(run.evaluation(1) or {}),
        "phase2": _phase(second) if (second := run.evaluation(2)) is not None else None,
        "seconds_total": status.get("seconds_total"),
    }


def _phase(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "val_loss": figures.get("loss"),
        "val_accuracy": figures.get("accuracy"),
        "seconds": figures.get("seconds"),
    }


class _Screen:
    """Lines that stay, and under them one bar that is redrawn in place."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._draws = out.isatty()

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self._write(f"\r\x1b[K{text}\n" if self._draws else f"{text}\n")

    def bar(self, text: str) -> None:
        """Redraw the bar, cut to the terminal's width."""
        if self._draws:
            self._write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _number(value: Any, digits: int = 4) -> str:
    return f"{value:.{digits}f}" if isinstance(value, (int, float)) else "–"


def _share(value: Any) -> str:
    return f"{100 * value:.1f} %" if isinstance(value, (int, float)) else "–"
