"""More runs than the machine bears wait in line. Places and slots are operating-system locks: a crash leaves none."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core import environment, record, run_list
from core.record import Run

LOOK_SECONDS = 0.3
BEAT_SECONDS = 1.0  # after which a run that waits says that it still does


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
    shown, told = 0, 0.0
    while (held := _free_slot(locks, run)) is None:
        place = len(_ahead(run)) + 1
        if place != shown or time.monotonic() - told >= BEAT_SECONDS:
            _tell(run, place)
            shown, told = place, time.monotonic()
        if run.request().get("action") == "stop":
            raise CancelledError
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        held.release()


def _tell(run: Run, place: int) -> None:
    message = f"Waiting: number {place} in line"
    with suppress(OSError):  # a full disk may have room again at the next beat
        run.write_status(state=record.QUEUED, message=message, place=place, pid=os.getpid())


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
    """Runs that have waited longer and whose worker is alive, or on its way for a moment.

    One that is frozen is passed over until it goes on.
    """
    mine = (run.created(), run.id)
    alive = (r for r in run_list.list_runs(run.path.parent) if r.is_held() or r.is_new())
    return [r for r in alive if (r.created(), r.id) < mine and _waits(r.status())]


def _waits(status: dict[str, Any]) -> bool:
    return status["state"] == record.QUEUED and not record.silence(status)
