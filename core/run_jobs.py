"""What a run is given on demand, each in a process of its own: `python -m core.run_jobs KIND RUN`.

A job holds a lock while it lives, so one that died is told from one that is slow. A new kind is one function in `JOBS`.
"""

import fcntl
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from core.errors import ConfigError, ThawError, unknown
from core.files import is_file, read_json, replace_atomically, write_json
from core.processes import detached
from core.record import Run

NONE, RUNNING, DONE, FAILED = "none", "running", "done", "failed"
LEAVING_SECONDS = 5.0  # that a job which has said how it ended may take to leave


def _tsne(run: Run) -> None:
    from core.evaluation import tsne_map

    tsne_map.make(run)


def _evaluate(run: Run) -> None:
    from core import other_data

    other_data.score(run)


def _report(run: Run) -> None:
    """The report that the page asked for: the shell has its user's own rights, the app those of its roots."""
    from core.exports.report import report

    file = exported(run, "report")
    file.parent.mkdir(exist_ok=True)
    replace_atomically(file, report(run, bound=True).encode("utf-8", "replace"))


def _export(name: str) -> Callable[[Run], None]:
    def write(run: Run) -> None:
        from core.exporters import export

        export(run, name, exported(run, name))

    return write


EXPORTED = {"report": "report.html", "code": "train.py", "card": "model-card.md"}  # an export -> its file
JOBS: dict[str, Callable[[Run], None]] = {
    "tsne": _tsne,
    "evaluate": _evaluate,
    "report": _report,
    **{name: _export(name) for name in ("code", "card")},
}


def exported(run: Run, name: str) -> Path:
    """Where the job of an export leaves its file."""
    return run.exports / EXPORTED[name]


def is_older(run: Run, name: str) -> bool:
    """Whether the run, its figures, or what people decided about it, changed after an export was begun."""
    told = [run.status_file, run.notes_file, run.insight_file, *map(run.evaluation_file, (1, 2))]
    made = exported(run, name).stat().st_mtime_ns
    return any(file.stat().st_mtime_ns > made for file in told if is_file(file))


def start(run: Run, kind: str) -> None:
    """Start a job, unless it is at it already.

    Raises:
        ConfigError: there is no such kind.
        RunError: the run is gone, or its folder is full or read-only.
    """
    if kind not in JOBS:
        raise ConfigError(unknown("job", kind, JOBS))
    with run.changing():
        _start(run, kind, run.job_file(kind))


def _start(run: Run, kind: str, state: Path) -> None:
    state.parent.mkdir(exist_ok=True)
    with _lock(state) as lock:
        until = time.monotonic() + LEAVING_SECONDS
        while (taken := _taken(lock)) and _has_ended(state) and time.monotonic() < until:
            time.sleep(0.05)
        if not taken:
            write_json(state, {"state": RUNNING, "message": ""}, durable=False)
            folder = str(run.path.absolute())
            detached("core.run_jobs", kind, folder, log=state.with_suffix(".log"), pass_fds=[lock.fileno()])


def poll(run: Run, kind: str) -> dict[str, Any]:
    """`state` (none, running, done, failed) and `message` of a job."""
    path = run.job_file(kind)
    try:
        with _lock(path) as lock:
            alive = _taken(lock)
            found = read_json(path)
    except OSError:  # no job was ever started, or none can be here now: the folder is read-only
        alive, found = False, read_json(path)
    if not isinstance(found, dict):
        return {"state": NONE, "message": ""}
    if found.get("state") == RUNNING and not alive:
        return {"state": FAILED, "message": "The process ended unexpectedly. Start it again."}
    return found


def _has_ended(state: Path) -> bool:
    found = read_json(state)
    return isinstance(found, dict) and found.get("state") in (DONE, FAILED)


def _lock(state: Path) -> IO[bytes]:
    return open(state.with_suffix(".lock"), "ab")


def _taken(lock: IO[bytes]) -> bool:
    """Whether a job holds the lock; takes it where none does. Tried again: another look at it lasts an instant."""
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return False
    return True


def main(kind: str, folder: str) -> int:
    """Do a job; the exit status."""
    run, began = Run(folder), time.time_ns()
    try:
        JOBS[kind](run)
        if kind in EXPORTED:
            os.utime(exported(run, kind), ns=(began, began))  # what it tells is as old as the beginning: see `is_older`
        state = {"state": DONE, "message": ""}
    except ThawError as error:
        state = {"state": FAILED, "message": str(error)}
    except Exception as error:  # noqa: BLE001 -- whoever asked is told, and the log has the rest
        traceback.print_exc()
        log = str(run.job_file(kind).with_suffix(".log"))
        words = f"Something unexpected went wrong ({type(error).__name__}). Start it again; if that fails too, {log!r}"
        state = {"state": FAILED, "message": f"{words} has the whole story."}
    if run.path.is_dir():
        write_json(run.job_file(kind), state, durable=False)
    return 0 if state["state"] == DONE else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
