"""What there is to say of a phase 2 without figures: there was none, it goes on, or it was cut off, and by what."""

from core import record
from core.record import Run

NONE = "There was no phase 2: the network stayed frozen."


def no_verdict(run: Run) -> str:
    """A sentence on the phase 2 of a run that has no `evaluation/phase2.json`.

    Raises:
        RunError: the run's settings cannot be read.
    """
    config, status = run.config(), run.status()
    state = status["state"]
    begun = any(event.get("phase") == 2 for event in run.events(("phase",)))
    asked = config.phase2.epochs and config.unfreeze not in ("none", "blocks:0", "layers:0")
    if not asked or (state == record.DONE and not begun):  # what was to learn may have had nothing that can
        return NONE
    if state in record.LIVE:
        return "Phase 2 is still running." if begun else "Phase 2 has not begun yet."
    why = status.get("error") or ("The run was stopped." if state == record.STOPPED else "It left no figures.")
    return f"Phase 2 did not {'finish' if begun else 'begin'}: {why}"
