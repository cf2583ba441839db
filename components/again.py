"""Train on from a run that is there, within the folders that the app may read."""

from core import launcher
from core.data import roots
from core.record import Run


def resume(run: Run) -> None:
    """Take a run further.

    Raises:
        DataError: its data or weights lie outside the allowed roots; the shell has its user's own rights.
        RunError: it cannot be resumed.
    """
    roots.check_settings(run.config())
    launcher.resume(run, bound=True)


def train_corrected(run: Run) -> Run:
    """Train again with the corrections that are noted beside a run; the new run.

    Raises:
        DataError: as for `resume`.
        RunError: no corrections are noted.
    """
    roots.check_settings(run.config())
    return launcher.train_corrected(run, bound=True)
