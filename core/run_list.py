"""The runs of a folder: make one, find one, list all."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from core import environment
from core.config import RunConfig
from core.errors import RunError
from core.files import exists, write_json
from core.record import DAMAGED, QUEUED, Run
from core.shapes import is_count


def create_run(config: RunConfig, versions: dict[str, str], runs: Path | None = None) -> Run:
    """Make a new run's folder with its settings, in state `queued`.

    Raises:
        RunError: the runs' folder is full or may not be written. Nothing stays behind.
    """
    runs = runs or environment.runs_dir()
    now = time.time()
    run = Run(runs / f"{datetime.fromtimestamp(now):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    try:
        run.path.mkdir(parents=True)
        for folder in ("evaluation", "models", "checkpoints"):
            (run.path / folder).mkdir()
        write_json(run.config_file, {**config.to_json(), "versions": versions, "created": now})
        run.write_status(state=QUEUED, message="Waiting to start")
    except OSError as error:
        shutil.rmtree(run.path, ignore_errors=True)
        raise RunError(
            f"No run can be made in {str(runs)!r}: {error.strerror}. Free some space or change its rights, "
            "or name another folder (THAW_RUNS)."
        ) from None
    return run


def find_run(name: str | Path, runs: Path | None = None) -> Run:
    """The run in the folder `name`, or with that id among the runs.

    Raises:
        RunError: there is none, then it lists the newest ids; or its folder may not be read.
    """
    text = str(name)
    if found := run_at(text):
        return found
    if why := Run(text).closed():
        raise RunError(why)
    if found := run_of_id(text, runs):
        if why := found.closed():
            raise RunError(why)
        return Run(found.path.absolute())
    newest = [run.id for run in list_runs(runs)[:5]]
    known = f"The newest are: {', '.join(newest)}." if newest else "There are no runs yet."
    raise RunError(f"There is no run {text!r}. {known}")


def run_at(folder: str) -> Run | None:
    """The run in a folder, None where that holds none."""
    with suppress(OSError, ValueError):  # a name too long, or with a NUL in it
        if Run(folder).exists():
            return Run(Path(folder).absolute())
    return None


def run_of_id(run_id: str, runs: Path | None = None) -> Run | None:
    """The run with that id among the runs, None where there is none. What is no folder's name never becomes a path."""
    runs = runs or environment.runs_dir()
    run = Run(runs / run_id) if run_id in _names(runs) else None
    return run if run is not None and (run.exists() or run.closed()) else None


def list_runs(runs: Path | None = None) -> list[Run]:
    """All runs, newest first; a damaged one is among them."""
    return sorted(_run_folders(runs or environment.runs_dir()), key=lambda run: (run.created(), run.id), reverse=True)


def _run_folders(runs: Path) -> Iterator[Run]:
    for name in _names(runs):
        run = Run(runs / name)
        if exists(run.status_file) or exists(run.config_file) or run.closed():
            yield run


def _names(runs: Path) -> list[str]:
    """What is in the runs' folder, as its entries are called, the hidden ones left out."""
    try:
        return [name for name in os.listdir(runs) if not name.startswith(".") and name != "lost+found"]
    except OSError:
        return []


def summary(run: Run) -> dict[str, Any]:
    """One row of the list of runs, as `python -m core runs --json` prints it and the page shows it. Never raises."""
    status = run.status()
    row: dict[str, Any] = {
        "run_id": run.id,
        "run_dir": str(run.path),
        "name": run.name(),
        "state": status["state"],
        "created": run.created(),
        "task": None,
        "data": None,
        "backbone": None,
        "val_accuracy": None,
        "seconds_total": None,
    }
    try:
        config = run.config()
        row |= {"task": config.task, "data": config.data, "backbone": config.backbone}
        row |= {"unfreeze": config.unfreeze, "lora_rank": config.lora_rank}
    except RunError as error:
        row |= {"state": DAMAGED, "error": str(error)}
    except Exception as error:  # noqa: BLE001 -- one run that nobody foresaw hides no other
        reason = f"its settings cannot be read ({type(error).__name__})"
        row |= {"state": DAMAGED, "error": f"The run {run.id!r} is damaged: {reason}."}
    shares = {phase: (run.evaluation(phase) or {}).get("accuracy") for phase in (1, 2)}
    row |= {f"val_accuracy{phase}": share if is_count(share) else None for phase, share in shares.items()}
    row["val_accuracy"] = row[f"val_accuracy{run.kept()}"]
    row["seconds_total"] = status.get("seconds_total")
    return row
