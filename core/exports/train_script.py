"""A standalone `train.py` that reproduces a run, without Thaw. Each task has its own."""

from core import tasks
from core.errors import RunError
from core.record import Run


def script(run: Run) -> str:
    """The script of a run.

    Raises:
        RunError: it has no split yet, or its task cannot reproduce it without Thaw.
        DataError: it reads a table that is no longer there.
    """
    dataset = run.dataset()
    if not dataset:
        raise RunError(f"The run {run.name()!r} has no split to reproduce: it is {run.state()}.")
    return tasks.task(str(dataset["task"])).script(run, run.config(), dataset)
