"""The process that trains one run: `python -m core.worker RUN_DIR`. Everything it says is in the run's folder.

It is two processes: the one that trains, and a small one that waits for it and notes which signal ended it, if one did.
"""

import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from core import record
from core.failures import explain, oom_kills
from core.files import write_json
from core.queue import CancelledError, slot
from core.record import Run
from core.training.reporter import Reporter

LOCK_SECONDS = 10  # a reader may hold the lock for an instant
NICENESS = 10  # pages and predictions need little, and somebody waits for them


def main(folder: str) -> int:
    """Train the run in `folder` to its end; returns the exit status."""
    run = Run(folder)
    if not run.exists():
        return _refused(f"The run {run.id} was deleted before its worker began.")
    try:
        lock = run.lock().acquire(timeout=LOCK_SECONDS)
    except Timeout:
        return _refused(f"Another worker is on {run.id}.")
    except OSError as error:
        return _refused(f"Another worker is on {run.id}.") if run.is_held() else _failed(run, error)
    with lock:
        if not run.exists():  # deleted since that look: its lock has made the folder anew
            _remove_ghost(run)
            return _refused(f"The run {run.id} was deleted before its worker began.")
        try:
            with slot(run), _scratch(run):
                return _work(run)
        except CancelledError:
            run.write_status(state=record.STOPPED, message="Cancelled while it waited")
            return 0
        except Exception as error:  # noqa: BLE001 - the run says how it ended before a reporter could
            return _failed(run, error)


def _failed(run: Run, error: Exception) -> int:
    """Write down what went wrong outside of the training itself."""
    with suppress(OSError):  # full or read-only: then readers derive how it ended
        run.write_status(state=record.FAILED, error=explain(error))
    _log_traceback()
    return 1


def _log_traceback() -> None:
    """Print what was raised into the run's log, after all else: on a full disk that is an error of its own."""
    with suppress(OSError):
        traceback.print_exc()


def _refused(why: str) -> int:
    print(why, file=sys.stderr)  # noqa: T201 - goes to the run's log
    return 2


def _remove_ghost(run: Run) -> None:
    """Remove a folder that holds nothing but a lock."""
    with suppress(OSError):
        run.lock_file.unlink()
        run.path.rmdir()


def watched(folder: str) -> int:
    """`main` in a child process; if a signal ends it, what is known of that is written into the run's folder."""
    os.nice(NICENESS)
    kills = oom_kills()
    child = os.fork()
    if not child:
        return main(folder)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended >= 0:
        return ended
    name, out_of_memory = signal.Signals(-ended).name, ended == -signal.SIGKILL and oom_kills() > kills
    with suppress(OSError):  # the folder may be gone, or the disk full
        write_json(Run(folder).exit_file, {"pid": child, "signal": name, "out_of_memory": out_of_memory})
    return 128 - ended


@contextmanager
def _scratch(run: Run) -> Iterator[None]:
    """Temporary files go into the run's folder: TensorFlow writes some, and a worker that is killed leaves them."""
    shutil.rmtree(run.scratch, ignore_errors=True)
    _remove_half_written(run)
    with suppress(OSError):  # full or read-only: then the system's place will do
        run.scratch.mkdir()
        tempfile.tempdir = str(run.scratch)
    try:
        yield
    finally:
        tempfile.tempdir = None
        shutil.rmtree(run.scratch, ignore_errors=True)


def _remove_half_written(run: Run) -> None:
    """Remove what a worker that was killed left beside its files. The page may be writing beside its own just now."""
    own = [run.status_file, run.events_file, run.dataset_file, run.predictions_file, run.model_file]
    own += [run.insight_file, run.words_file, run.embedding_file, run.components_file]
    own += [file for phase in (1, 2) for file in (run.evaluation_file(phase), run.phase_model_file(phase))]
    with suppress(OSError):  # read-only: the run will say so
        for left in [*run.checkpoints.glob(".*"), *(f for o in own for f in o.parent.glob(f".*{o.name}*"))]:
            left.unlink(missing_ok=True)


def _work(run: Run) -> int:
    reporter = Reporter(run)
    try:
        reporter.stage("Loading TensorFlow")
        from core.training.trainer import train  # 3 seconds: the status says what is happening

        train(run, reporter)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the run says how it ended
        reporter.close(record.FAILED, error=explain(error), message="")
        _log_traceback()
        return 1
    return 0


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(watched(sys.argv[1]))
