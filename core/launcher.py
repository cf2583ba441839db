"""Start, stop and resume runs. The page and the shell come this way; TensorFlow is not needed here."""

import itertools
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from core import corrections, record, run_list, tasks
from core.config import RunConfig, check
from core.errors import RunError
from core.files import write_json
from core.paths import expanded
from core.processes import detached
from core.record import Run
from core.run_list import create_run, find_run


class Executor(Protocol):
    """Where workers live: this machine today, a cluster's jobs later."""

    def submit(self, run: Run) -> None:
        """Start a worker on the run."""

    def status(self, run: Run) -> str:
        """The run's state."""

    def stop(self, run: Run) -> None:
        """Ask the worker to end and to keep its best model."""

    def logs(self, run: Run) -> str:
        """What the worker printed."""


class LocalProcess:
    """A worker in a process of its own, in a session of its own: it outlives the page, the server and the terminal."""

    def submit(self, run: Run) -> None:
        """Start `python -m core.worker` on the run; what it prints goes to a file, never to a pipe."""
        detached("core.worker", str(run.path.absolute()), log=run.log_file)

    def status(self, run: Run) -> str:
        """The run's state, from its folder."""
        return run.state()

    def stop(self, run: Run) -> None:
        """Leave a request in the run's folder; the worker looks there."""
        run.ask("stop")

    def logs(self, run: Run) -> str:
        """The last 20,000 characters of the worker's log."""
        try:
            return run.log_file.read_text(encoding="utf-8", errors="replace")[-20_000:]
        except OSError:
            return ""


EXECUTOR: Executor = LocalProcess()


def start(config: RunConfig, runs: Path | None = None, bound: bool = False) -> Run:
    """Create a run and start a worker on it; a relative data path is made absolute.

    With `bound`, as from a page, the worker reads only within the allowed roots; the shell has its user's own rights.

    Raises:
        RunError: it is to be trained with corrections, and there are none.
    """
    data = str(expanded(config.data).absolute())
    config = check(config).replace(data=data, task=config.task or tasks.detect(data))
    name = config.name or _free_name(Path(data).stem, runs)
    found = corrections.to_apply(find_run(config.corrections_of, runs)) if config.corrections_of else {}
    run = create_run(config, versions(), runs)
    run.write_notes(name=name)
    with run.changing():
        if found:
            write_json(run.corrections_file, found)
        _submit(run, bound)
    return run


def _submit(run: Run, bound: bool) -> None:
    """Start a worker; who started it counts, not who made the run."""
    run.bound_file.unlink(missing_ok=True)
    if bound:
        run.bound_file.touch()
    EXECUTOR.submit(run)


def train_corrected(run: Run, bound: bool = False) -> Run:
    """Train again, as `run` was, with the corrections that are noted beside it. Stored features serve again.

    Raises:
        RunError: no corrections are noted.
    """
    config = run.config().replace(corrections_of=run.id, name=f"{run.name()}, corrected")
    return start(config, run.path.parent, bound)


def _free_name(stem: str, runs: Path | None) -> str:
    """The data set's name and the next number, such as `cats_vs_dogs 3`: easier to tell apart than times."""
    taken = {run.name() for run in run_list.list_runs(runs)}
    return next(name for n in itertools.count(1) if (name := f"{stem} {n}") not in taken)


def stop(run: Run) -> None:
    """Ask for a stop. The best model so far is kept.

    Raises:
        RunError: the run is not running.
    """
    _live(run)
    EXECUTOR.stop(run)


def skip(run: Run) -> None:
    """Ask to go on to phase 2 now.

    Raises:
        RunError: the run is not running, is stopping, or is in phase 2 already.
    """
    _live(run)
    if why := unskippable(run):
        raise RunError(f"The run {run.name()!r} cannot skip to phase 2. {why}")
    run.ask("skip")


def unskippable(run: Run) -> str:
    """Why a live run is not asked to skip to phase 2; empty where it may be."""
    if run.request().get("action") == "stop":
        return "It is stopping."
    return "It is in phase 2 already." if run.status().get("phase") == 2 else ""


def resume(run: Run, bound: bool = False) -> None:
    """Start a worker on an interrupted, stopped or failed run; it goes on from the checkpoint.

    Raises:
        RunError: the run is live, done or damaged.
    """
    state = run.state()
    if state not in (record.INTERRUPTED, record.STOPPED, record.FAILED):
        why = {record.DONE: "It is done.", record.DAMAGED: "Its files cannot be read."}.get(state, "It is still on.")
        raise RunError(f"The run {run.name()!r} cannot be resumed. {why}")
    with run.changing():
        run.request_file.unlink(missing_ok=True)
        run.write_status(state=record.QUEUED, message="Waiting to start")
        _submit(run, bound)
    for _ in range(100):  # until the worker holds the lock, so that nobody takes the run for interrupted
        if run.is_held():
            return
        time.sleep(0.1)


def versions() -> dict[str, str]:
    """The versions that a run was made with."""
    found = {name: version(name) for name in ("tensorflow", "keras")}
    return {"python": ".".join(map(str, sys.version_info[:3])), **found}


def _live(run: Run) -> None:
    state = run.state()
    if state not in record.LIVE:
        raise RunError(f"The run {run.name()!r} is not running: it is {state}.")
