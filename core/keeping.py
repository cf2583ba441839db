"""Choosing which phase's model is the run's: noted by people, and then what `model.keras` holds."""

from collections.abc import Mapping
from typing import Any

from filelock import Timeout

from core import decision
from core.errors import RunError
from core.files import copy_atomically
from core.record import Run

_DECIDED = ("threshold", "abstain", "temperature")  # on the probabilities of one model
LOCK_SECONDS = 2.0  # a reader may hold the lock for an instant


def keep(run: Run, phase: int) -> None:
    """Make the model of a phase the run's: a copy of it replaces `model.keras`, then the notes say so.

    `status.json` says so too: nobody else writes it while the run's lock is held here. What was decided on the other
    model's probabilities (line, share without an answer, temperature) is set aside, and returns with that model.

    Args:
        run: one that no worker is on.
        phase: 1 or 2.

    Raises:
        RunError: a worker is on the run, the phase has no model, or the folder cannot be written.
    """
    if not run.has_model(phase):
        raise RunError(f"The run {run.name()!r} has no model of phase {phase}, so it cannot be kept.")
    with run.changing():
        try:
            lock = run.lock().acquire(timeout=LOCK_SECONDS)
        except Timeout:
            said = f"The run {run.name()!r} is still being worked on. Choose its model once it has ended."
            raise RunError(said) from None
        with lock:
            copy_atomically(run.phase_model_file(phase), run.model_file)
            before = run.kept()
            run.write_notes(kept=phase, **(_decided(run, before, phase) if phase != before else {}))
            run.write_kept(phase)


def follow(run: Run, judged: int, before: int, now: int) -> bool:
    """Let what was decided follow the models: the worker has judged a phase again, or the first time.

    What people decided on the earlier model of that phase is void, and what they decided on the other phase's model
    stays with that, as in `keep`.

    Args:
        run: one whose evaluation of the phase is written.
        judged: the phase that has a new model, 1 or 2.
        before: the phase whose model was the run's.
        now: the phase whose model is the run's from now on.

    Returns:
        Whether a line or a share without an answer is no longer in force.
    """
    notes = run.notes()
    if not any(key in notes for key in (*_DECIDED, "set_aside")):
        return False
    changes = _decided(run, before, now, judged)
    run.write_notes(**changes)
    return any(notes.get(key) and changes[key] != notes[key] for key in ("threshold", "abstain"))


def set_aside(notes: Mapping[str, Any], phase: int) -> dict[str, Any]:
    """What was decided for the model of a phase while that was kept: `threshold`, `abstain`, `temperature`."""
    aside = notes.get("set_aside")
    found = aside.get(str(phase)) if isinstance(aside, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _decided(run: Run, before: int, now: int, anew: int | None = None) -> dict[str, Any]:
    """The decisions to note with the model of the phase `now`, those for the phase `before` set aside.

    Those for an earlier model of the phase `anew` are dropped.
    """
    notes, calibrate = run.notes(), run.config().calibrate
    leaving = {
        "threshold": notes.get("threshold"),
        "abstain": notes.get("abstain"),
        "temperature": decision.temperature(notes, calibrate, run.evaluation(before)),
    }
    by_phase = {**{phase: set_aside(notes, phase) for phase in (1, 2)}, before: leaving}
    if anew:
        by_phase[anew] = {}
    fresh: dict[str, Any] = {"threshold": None, "abstain": None}
    if "temperature" in notes:
        fresh["temperature"] = decision.temperature(notes, calibrate, run.evaluation(now), kept=False)
    aside = {str(phase): decided for phase, decided in by_phase.items() if decided and phase != now}
    return {**fresh, **by_phase[now], "set_aside": aside}
