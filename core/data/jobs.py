"""Scans and downloads in processes of their own, followed through a small file.

`python -m core.data.jobs scan|sample ARGUMENT STATE SETTINGS` is what `start_scan` and `start_sample` start. The
process inherits a lock and holds it while it lives, so a job that died is told from one that is slow.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from core import environment
from core.config import RunConfig
from core.data import roots, samples
from core.errors import ThawError
from core.files import read_json, write_json

RUNNING, DONE, FAILED = "running", "done", "failed"


class Job:
    """One scan or download, found by what it works on: any page can follow it, whoever started it."""

    def __init__(self, kind: str, argument: str, **settings: str) -> None:
        """`kind` is scan or sample; `argument` a folder or a sample's name; `settings` those that shape a scan."""
        self.kind = kind
        self.argument = argument
        self.settings = json.dumps({name: value for name, value in settings.items() if value}, sort_keys=True)
        name = hashlib.blake2b(os.fsencode(f"{kind} {argument} {self.settings}"), digest_size=12).hexdigest()
        self.state_file = environment.cache_dir() / "jobs" / f"{name}.json"
        self.pid: int | None = None  # of the process, where this object started it
        self._lock_file = self.state_file.with_suffix(".lock")

    def start(self) -> "Job":
        """Start the process unless one is at it already.

        Raises:
            ThawError: its state cannot be kept; says why and what to do.
        """
        with environment.kept_in_cache(f"The {self.kind} cannot be started"):
            self.state_file.parent.mkdir(parents=True, exist_ok=True)
            with open(self._lock_file, "ab") as lock:
                if _locked(lock):
                    write_json(self.state_file, _state(RUNNING, message="Starting"))
                    self._start(lock)
        return self

    def _start(self, lock: IO[bytes]) -> None:
        command = [sys.executable, "-m", "core.data.jobs", self.kind, self.argument]
        command += [str(self.state_file), self.settings]
        with open(self.state_file.with_suffix(".log"), "wb") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
                pass_fds=[lock.fileno()],
                start_new_session=True,
                env={**os.environ, **_places()},
            )
        self.pid = child.pid
        threading.Thread(target=child.wait, daemon=True).start()  # so that it does not stay a zombie

    def poll(self) -> dict[str, Any]:
        """Where the job is: `state` (running, done, failed), `done`, `total` (or None), `message`, `result`.

        The result of a scan is `{"path"}`, whose scan `core.data.scan.last` gives; that of a sample is `{"path"}`.
        """
        alive = self._is_alive()
        state = read_json(self.state_file)
        if not isinstance(state, dict) or "state" not in state:
            return _state(FAILED, message="Nothing is known of this job. Start it again.")
        if state["state"] == RUNNING and not alive:
            return {**state, "state": FAILED, "message": "The process ended unexpectedly. Start it again."}
        return state

    def _is_alive(self) -> bool:
        try:
            with open(self._lock_file, "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def _locked(lock: IO[bytes]) -> bool:
    """Whether the lock could be had. Tried a few times: `poll` holds it for an instant, a job for its life."""
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def start_scan(path: str | Path, **columns: str) -> Job:
    """Scan a folder, or a table, within the allowed roots.

    Args:
        path: the data set.
        columns: `text_column`, `label_column` and `split_column` of a table; those left out are found by themselves.

    Raises:
        DataError: the path does not exist or lies outside the allowed roots.
    """
    return Job("scan", str(roots.check(path)), **columns).start()


def start_sample(name: str) -> Job:
    """Make or fetch a sample data set.

    Raises:
        DataError: there is no sample of that name.
    """
    samples.ready(name)
    return Job("sample", name).start()


def _places() -> dict[str, str]:
    """The app's folders as absolute paths: the process works in another folder than the page may."""
    return {
        "THAW_RUNS": str(environment.runs_dir()),
        "THAW_CACHE_DIR": str(environment.cache_dir()),
        "THAW_DATA_ROOTS": ":".join(map(str, environment.data_roots())),
    }


def _state(
    state: str, *, done: int = 0, total: int | None = None, message: str = "", result: Any = None
) -> dict[str, Any]:
    return {"state": state, "done": done, "total": total, "message": message, "result": result}


def _reporter(state_file: Path, words: Callable[[int, int | None], str]) -> Callable[[int, int | None], None]:
    """A progress function that writes at most four times a second."""
    last = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= 0.25:
            last = time.monotonic()
            write_json(state_file, _state(RUNNING, done=done, total=total, message=words(done, total)))

    return report


def _scan(path: str, state_file: Path, settings: dict[str, str]) -> str:
    def words(done: int, total: int | None) -> str:
        return f"{done:,} files found" if total is None else f"{done:,} of {total:,} files checked"

    from core import tasks  # which import this package

    config = RunConfig(data=path).replace(**settings)
    tasks.task(tasks.detect(path)).scan(config, _reporter(state_file, words))
    return path


def _sample(name: str, state_file: Path, settings: dict[str, str]) -> str:
    title = samples.SAMPLES[name].title
    return str(samples.get(name, _reporter(state_file, lambda done, total: f"Getting {title}")))


def main(kind: str, argument: str, state_file: Path, settings: dict[str, str]) -> None:
    """Do the job and write its end."""
    try:
        path = {"scan": _scan, "sample": _sample}[kind](argument, state_file, settings)
    except ThawError as error:
        write_json(state_file, _state(FAILED, message=str(error)))
    except BaseException as error:
        write_json(state_file, _state(FAILED, message=f"Unexpected: {type(error).__name__}: {error}"))
        raise
    else:
        write_json(state_file, _state(DONE, result={"path": path}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4]))
