"""Choosing which phase's model is the run's: noted by people, and then what `model.keras` holds."""

from typing import Any

from filelock import Timeout

from core.errors import RunError
from core.files import copy_atomically
from core.record import Run

LOCK_SECONDS = 2.0  # a reader may hold the lock for an instant


def keep(run: Run, phase: int, **notes: Any) -> None:
    """Make the model of a phase the run's: a copy of it replaces `model.keras`, then the notes say so.

    `status.json` says so too: nobody else writes it while the run's lock is held here.

    Args:
        run: one that no worker is on.
        phase: 1 or 2.
        notes: what else changes with it.

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
            run.write_notes(kept=phase, **notes)
            run.write_kept(phase)
