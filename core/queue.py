"""More runs than the machine bears wait in line. Places and slots are operating-system locks: a crash leaves none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core import environment, record, run_list
from core.files import read_json
from core.record import Run

LOOK_SECONDS = 0.3


class CancelledError(Exception):
    """The run was stopped while it waited."""


@contextmanager
def slot(run: Run) -> Iterator[None]:
    """Wait until it is this run's turn, then hold one of the slots. The caller holds the run's own lock.

    Raises:
        CancelledError: a stop was asked for meanwhile.
    """
    locks = run.path.parent / ".slots"
    locks.mkdir(exist_ok=True)
    held = _free_slot(locks, run)
    shown = -1
    while held is None:
        place = len(_ahead(run)) + 1
        if place != shown:
            run.write_status(state=record.QUEUED, message=f"Waiting: number {place} in line", place=place)
            shown = place
        if run.request().get("action") == "stop":
            raise CancelledError
        time.sleep(LOOK_SECONDS)
        held = _free_slot(locks, run)
    try:
        yield
    finally:
        held.release()


def _free_slot(locks: Path, run: Run) -> FileLock | None:
    """A slot, if one is free and nobody has waited longer."""
    if _ahead(run):
        return None
    for i in range(environment.max_running()):
        lock = FileLock(locks / f"{i}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return lock
    return None


def _ahead(run: Run) -> list[Run]:
    """Runs that have waited longer and whose worker is alive."""
    mine = (run.created(), run.id)
    waiting = (r for r in run_list.list_runs(run.path.parent) if (r.created(), r.id) < mine)
    return [r for r in waiting if read_json(r.status_file, {}).get("state") == record.QUEUED and r.is_held()]
