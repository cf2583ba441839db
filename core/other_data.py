"""Figures of a run's kept model on other data: asked for by the page, made by a job, kept beside the run."""

from typing import Any

from core.data import roots
from core.errors import DataError
from core.evaluation.shift import sound
from core.files import read_json, write_json
from core.record import Run


def ask(run: Run, data: str) -> None:
    """Note which data the job `evaluate` is to score.

    Raises:
        DataError: it does not exist, or lies outside the allowed roots.
        RunError: the run is gone, or its folder is full or read-only.
    """
    if not data.strip():
        raise DataError("Type the path of the other data first.")
    checked = roots.check_typed(data)
    with run.changing():
        run.other_data_request.parent.mkdir(exist_ok=True)
        write_json(run.other_data_request, {"data": str(checked)})


def asked(run: Run) -> str:
    """The path that was asked for last, empty where none was."""
    found = read_json(run.other_data_request)
    return str(found.get("data") or "") if isinstance(found, dict) else ""


def score(run: Run) -> None:
    """Score what was asked for, and keep the figures; earlier ones stay until there are new ones."""
    from core.evaluate import evaluate  # with scikit-learn, which the page does without

    data = asked(run)
    if not data:
        raise DataError("No other data have been asked for.")
    found = evaluate(run, roots.check(data))
    write_json(run.other_data_file, {**found, "model": _stamp(run, found["phase"])})


def read(run: Run) -> dict[str, Any] | None:
    """The figures that were kept last, with `current`: whether the run keeps the model that they are of."""
    found = read_json(run.other_data_file)
    if not sound(found) or found.get("phase") not in (1, 2):
        return None
    current = found["phase"] == run.kept() and found.get("model") == _stamp(run, found["phase"])
    return {**found, "current": current}


def _stamp(run: Run, phase: int) -> int:
    """What changes when the phase's model is written anew."""
    try:
        return run.phase_model_file(phase).stat().st_mtime_ns
    except OSError:
        return 0
