"""Choosing which phase's model is the run's: noted by people, and then what `model.keras` holds."""

from collections.abc import Mapping
from typing import Any

from filelock import Timeout

from core import decision
from core.errors import RunError
from core.files import copy_atomically
from core.record import Run

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
    if not run.phase_model_file(phase).is_file():
        raise RunError(f"The run {run.name()!r} has no model of phase {phase}, so it cannot be kept.")
    with run.changing():
        try:
            lock = run.lock().acquire(timeout=LOCK_SECONDS)
        except Timeout:
            said = f"The run {run.name()!r} is still being worked on. Choose its model once it has ended."
            raise RunError(said) from None
        with lock:
            copy_atomically(run.phase_model_file(phase), run.model_file)
            run.write_notes(kept=phase, **_decided(run, phase))
            run.write_kept(phase)


def set_aside(notes: Mapping[str, Any], phase: int) -> dict[str, Any]:
    """What was decided for the model of a phase while that was kept: `threshold`, `abstain`, `temperature`."""
    aside = notes.get("set_aside")
    found = aside.get(str(phase)) if isinstance(aside, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def _decided(run: Run, phase: int) -> dict[str, Any]:
    """The decisions to note with the model of a phase, those of the other one set aside."""
    notes, other = run.notes(), run.kept()
    if phase == other:
        return {}
    calibrate = run.config().calibrate
    leaving = {
        "threshold": notes.get("threshold"),
        "abstain": notes.get("abstain"),
        "temperature": decision.temperature(notes, calibrate, run.evaluation(other)),
    }
    fresh: dict[str, Any] = {"threshold": None, "abstain": None}
    if "temperature" in notes:
        fresh["temperature"] = decision.temperature(notes, calibrate, run.evaluation(phase), kept=False)
    return {**fresh, **set_aside(notes, phase), "set_aside": {str(other): leaving}}
