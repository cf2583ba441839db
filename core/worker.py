"""The process that trains one run: `python -m core.worker RUN_DIR`. Everything it says is in the run's folder."""

import errno
import os
import sys
import time
import traceback
from pathlib import Path

from filelock import Timeout

from core import record
from core.errors import ThawError
from core.queue import CancelledError, slot
from core.record import Run
from core.training.reporter import Reporter

LOCK_SECONDS = 10  # a reader may hold the lock for an instant


def main(folder: str) -> int:
    """Train the run in `folder` to its end; returns the exit status."""
    run = Run(folder)
    try:
        lock = run.lock().acquire(timeout=LOCK_SECONDS)
    except Timeout:
        print(f"Another worker is on {run.id}.", file=sys.stderr)  # noqa: T201 - goes to the run's log
        return 2
    with lock:
        try:
            with slot(run):
                return _work(run)
        except CancelledError:
            run.write_status(
                state=record.STOPPED, phase=0, epoch=0, message="Cancelled while it waited", heartbeat=time.time()
            )
            return 0


def _work(run: Run) -> int:
    reporter = Reporter(run)
    try:
        reporter.stage("Loading TensorFlow")
        from core.training.trainer import train  # 3 seconds: the status says what is happening

        train(run, reporter)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the run says how it ended
        traceback.print_exc()
        reporter.close(record.FAILED, error=explain(error), message="")
        return 1
    return 0


def explain(error: BaseException) -> str:
    """What went wrong and what to do, in words for people."""
    text = str(error)
    if isinstance(error, ThawError):
        return text
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "The memory is used up. Choose a smaller batch size, smaller pictures, or a smaller backbone."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space (the feature store can be emptied on the Runs page), then resume."
    if isinstance(error, PermissionError):
        return f"No permission to read or write {error.filename!r}. Change its rights, then resume."
    if "can no longer be read" in text:
        return "An example that could be read when the run began has vanished or changed. Put it back, then resume."
    name = type(error).__name__
    return f"Something unexpected went wrong ({name}: {text[:300]}). The whole story is in worker.log of the run."


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(main(sys.argv[1]))
