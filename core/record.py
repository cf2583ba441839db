"""The run directory: the only owner of its file names, its states, and how they are read and written.

```
runs/<run_id>/
├── config.json  dataset.json  status.json  events.jsonl  predictions.csv
├── evaluation/phase1.json  phase2.json  insight.json  embedding.json  components.npz  tsne.json
├── explanations/  exports/  jobs/  corrections.json
├── models/phase1.keras  models/phase2.keras  model.keras
├── checkpoints/  worker.log  worker.lock
└── request.json  notes.json
```
"""

import csv
import io
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core import config as configs
from core import environment
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.files import read_json, replace_atomically, write_json

# What `status.json` may say, and what is derived from it.
QUEUED = "queued"  # waits for its turn
RUNNING = "running"  # a worker is on it
STOPPING = "stopping"  # a stop was asked for, the worker has not ended yet
DONE = "done"  # ended by itself; its model and figures are there
STOPPED = "stopped"  # ended by a stop; keeps its best model
FAILED = "failed"  # ended by an error, which `status.json` words
INTERRUPTED = "interrupted"  # begun, not finished, and nobody holds its lock: derived, never written
DAMAGED = "damaged"  # its files cannot be read: derived, never written

ENDED = (DONE, STOPPED, FAILED, INTERRUPTED, DAMAGED)
LIVE = (QUEUED, RUNNING, STOPPING)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Run:
    """One run directory. Cheap to make; every answer is read from disk."""

    def __init__(self, path: str | Path) -> None:
        """`path` is the run's folder; it need not exist yet."""
        self.path = Path(path)
        self.id = self.path.name

    # Places. Nothing else in the code spells these names.
    @property
    def config_file(self) -> Path:
        """Settings and versions, written once by the launcher."""
        return self.path / "config.json"

    @property
    def dataset_file(self) -> Path:
        """The manifest."""
        return self.path / "dataset.json"

    @property
    def status_file(self) -> Path:
        """Where the run is."""
        return self.path / "status.json"

    @property
    def events_file(self) -> Path:
        """What happened, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def predictions_file(self) -> Path:
        """Probabilities for every held-out and test example after each phase."""
        return self.path / "predictions.csv"

    @property
    def model_file(self) -> Path:
        """A copy of the kept phase's model."""
        return self.path / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """What resume needs."""
        return self.path / "checkpoints"

    @property
    def log_file(self) -> Path:
        """Everything that the worker printed."""
        return self.path / "worker.log"

    @property
    def request_file(self) -> Path:
        """What page or shell ask of the worker."""
        return self.path / "request.json"

    @property
    def notes_file(self) -> Path:
        """What people decided about the run."""
        return self.path / "notes.json"

    def evaluation_file(self, phase: int) -> Path:
        """Figures on the held-out set after a phase."""
        return self.path / "evaluation" / f"phase{phase}.json"

    @property
    def insight_file(self) -> Path:
        """Probable label errors, nearest training examples, and what corrections changed; written by the worker."""
        return self.path / "evaluation" / "insight.json"

    @property
    def embedding_file(self) -> Path:
        """The map of features by principal components after each phase; written by the worker."""
        return self.path / "evaluation" / "embedding.json"

    @property
    def components_file(self) -> Path:
        """The principal components that other maps are made from; written by the worker."""
        return self.path / "evaluation" / "components.npz"

    @property
    def tsne_file(self) -> Path:
        """The map by t-SNE, made on demand."""
        return self.path / "evaluation" / "tsne.json"

    @property
    def explanations(self) -> Path:
        """Heat maps, made on demand and kept."""
        return self.path / "explanations"

    @property
    def corrections_file(self) -> Path:
        """The corrections that this run was trained with, written once by the launcher; absent without any."""
        return self.path / "corrections.json"

    @property
    def exports(self) -> Path:
        """What the page took along: report, code and model card, made on demand."""
        return self.path / "exports"

    def job_file(self, kind: str) -> Path:
        """Where a job on demand says how far it is."""
        return self.path / "jobs" / f"{kind}.json"

    def phase_model_file(self, phase: int) -> Path:
        """The best model of a phase."""
        return self.path / "models" / f"phase{phase}.keras"

    # Reading.
    def exists(self) -> bool:
        """Whether the folder is there and holds settings."""
        return self.config_file.is_file()

    def settings(self) -> dict[str, Any]:
        """`config.json` as it stands, `versions` and `created` included.

        Raises:
            RunError: it is missing or not an object.
        """
        data = read_json(self.config_file)
        if not isinstance(data, dict):
            raise RunError(f"The run {self.id!r} is damaged: {self.config_file.name} cannot be read.")
        return data

    def config(self) -> RunConfig:
        """The settings of the run.

        Raises:
            RunError: they cannot be read.
        """
        data = {k: v for k, v in self.settings().items() if k not in ("versions", "created")}
        try:
            return configs.from_json(data)
        except ConfigError as error:
            raise RunError(f"The run {self.id!r} is damaged: {error}") from None

    def created(self) -> float:
        """When the run was created, seconds since 1970."""
        try:
            return float(self.settings()["created"])
        except (RunError, KeyError, TypeError, ValueError):
            return self.path.stat().st_mtime if self.path.exists() else 0.0

    def status(self) -> dict[str, Any]:
        """`status.json` with `state` corrected by what is true now: see `INTERRUPTED` and `DAMAGED`."""
        status = read_json(self.status_file, {})
        if not isinstance(status, dict) or not isinstance(status.get("state"), str):
            status = {"state": QUEUED, "message": ""}
        if not isinstance(read_json(self.config_file), dict):
            return {**status, "state": DAMAGED, "error": f"{self.config_file.name} cannot be read."}
        if status["state"] in LIVE and not self.is_held():
            fresh = read_json(self.status_file, {})  # it may have ended between the two looks
            if isinstance(fresh, dict) and fresh.get("state") in (DONE, STOPPED, FAILED):
                return fresh
            if status["state"] != QUEUED or self.events_file.exists() or self._waited_long():
                return {**status, "state": INTERRUPTED}
        if status["state"] == RUNNING and self.request().get("action") == "stop":
            return {**status, "state": STOPPING}
        return status

    def _waited_long(self) -> bool:
        """Whether a worker should have taken the lock by now."""
        return time.time() - self.created() > 30

    def state(self) -> str:
        """One of the states above."""
        return str(self.status()["state"])

    def dataset(self) -> dict[str, Any] | None:
        """The manifest as plain data: `task`, `root`, `classes`, `files`; None before it is written."""
        return read_json(self.dataset_file)

    def events(self, kinds: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """All events, or those of some kinds. A half-written last line is ignored."""
        return read_events(self.events_file, 0, kinds)[0]

    def evaluation(self, phase: int) -> dict[str, Any] | None:
        """Figures after a phase, None before they are written."""
        return read_json(self.evaluation_file(phase))

    def predictions(self) -> list[dict[str, str]]:
        """The rows of `predictions.csv`."""
        try:
            text = self.predictions_file.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return []
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def notes(self) -> dict[str, Any]:
        """What people decided: `name`, `threshold`, `kept`, `corrections`."""
        notes = read_json(self.notes_file, {})
        return notes if isinstance(notes, dict) else {}

    def corrections(self) -> dict[str, Any]:
        """The corrections that this run was trained with: see `core.corrections`."""
        found = read_json(self.corrections_file, {})
        return found if isinstance(found, dict) else {}

    def request(self) -> dict[str, Any]:
        """What is asked of the worker: `action` is stop or skip."""
        request = read_json(self.request_file, {})
        return request if isinstance(request, dict) else {}

    def name(self) -> str:
        """What people call the run; its id where they have not named it."""
        try:
            return str(self.notes().get("name") or self.settings().get("name") or self.id)
        except RunError:
            return self.id

    def kept(self) -> int:
        """Which phase's model is the run's: 1 or 2."""
        chosen = self.notes().get("kept") or self.status().get("kept")
        return 2 if chosen == 2 or (chosen is None and self.phase_model_file(2).exists()) else 1

    # Writing.
    def write_status(self, **status: Any) -> None:
        """Replace `status.json`."""
        write_json(self.status_file, status, durable=status.get("state") not in LIVE)

    def write_notes(self, **changes: Any) -> None:
        """Change some notes, keep the others."""
        write_json(self.notes_file, {**self.notes(), **changes})

    def ask(self, action: str) -> None:
        """Ask the worker to `stop`, or to `skip` to phase 2."""
        write_json(self.request_file, {"action": action, "t": time.time()})

    def write_predictions(self, header: list[str], rows: list[list[str]]) -> None:
        """Replace `predictions.csv`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows(rows)
        replace_atomically(self.predictions_file, text.getvalue().encode("utf-8", "surrogateescape"))

    def delete(self) -> None:
        """Remove the run's folder.

        Raises:
            RunError: a worker is still on it.
        """
        if self.is_held():
            raise RunError(f"The run {self.name()!r} is still training. Stop it first, then delete it.")
        doomed = self.path.with_name(f".deleted-{self.id}-{secrets.token_hex(3)}")
        try:
            os.replace(self.path, doomed)
        except FileNotFoundError:
            return
        shutil.rmtree(doomed, ignore_errors=True)

    # The lock that a worker holds while it lives.
    def lock(self) -> FileLock:
        """The operating-system lock of the run; it goes when its holder dies."""
        return FileLock(self.path / "worker.lock")

    def is_held(self) -> bool:
        """Whether a worker is on the run now."""
        if not (self.path / "worker.lock").exists():
            return False
        try:
            with self.lock().acquire(timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False


def read_events(path: Path, offset: int = 0, kinds: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], int]:
    """Events from a byte offset on, and the offset after the last whole line.

    Lines that are not a JSON object with a `kind` are passed over.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except OSError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("kind"), str) and (not kinds or event["kind"] in kinds):
            events.append(event)
    return events, offset + len(whole)


def create_run(config: RunConfig, versions: dict[str, str], runs: Path | None = None) -> Run:
    """Make a new run's folder with its settings, in state `queued`."""
    runs = runs or environment.runs_dir()
    now = time.time()
    run = Run(runs / f"{datetime.fromtimestamp(now):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    run.path.mkdir(parents=True)
    for folder in ("evaluation", "models", "checkpoints"):
        (run.path / folder).mkdir()
    write_json(run.config_file, {**config.to_json(), "versions": versions, "created": now})
    run.write_status(state=QUEUED, phase=0, epoch=0, message="Waiting to start", heartbeat=now)
    return run


def find_run(name: str | Path, runs: Path | None = None) -> Run:
    """The run in the folder `name`, or with that id among the runs.

    Raises:
        RunError: there is none; lists the newest ids.
    """
    text = str(name)
    as_id = (runs or environment.runs_dir()) / text
    for path in (Path(text), *([as_id] if _RUN_ID.fullmatch(text) else [])):
        if (path / "config.json").is_file():
            return Run(path.absolute())
    newest = [run.id for run in list_runs(runs)[:5]]
    known = f"The newest are: {', '.join(newest)}." if newest else "There are no runs yet."
    raise RunError(f"There is no run {text!r}. {known}")


def list_runs(runs: Path | None = None) -> list[Run]:
    """All runs, newest first; a damaged one is among them."""
    return sorted(_run_folders(runs or environment.runs_dir()), key=lambda run: (run.created(), run.id), reverse=True)


def _run_folders(runs: Path) -> Iterator[Run]:
    try:
        with os.scandir(runs) as entries:
            names = [e.name for e in entries if not e.name.startswith(".") and e.is_dir()]
    except OSError:
        return
    for name in names:
        if (runs / name / "status.json").exists() or (runs / name / "config.json").exists():
            yield Run(runs / name)


def summary(run: Run) -> dict[str, Any]:
    """One row of the list of runs, as `python -m core runs --json` prints it and the page shows it."""
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
        row |= {"task": config.task, "data": config.data, "backbone": config.backbone, "unfreeze": config.unfreeze}
    except RunError as error:
        row |= {"state": DAMAGED, "error": str(error)}
    figures = {phase: run.evaluation(phase) or {} for phase in (1, 2)}
    row |= {f"val_accuracy{phase}": figures[phase].get("accuracy") for phase in (1, 2)}
    row["val_accuracy"] = figures[run.kept()].get("accuracy")
    row["seconds_total"] = status.get("seconds_total")
    return row
