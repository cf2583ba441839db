"""Start the app's own modules in processes that outlive the page, the server and the terminal."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core import environment

ROOT = Path(__file__).resolve().parent.parent
# OpenMP's threads that wait shall sleep: spinning, they made a map five times slower beside a training that goes on.
_DEFAULTS = {"TF_CPP_MIN_LOG_LEVEL": "2", "OMP_WAIT_POLICY": "PASSIVE"}
_children: list[subprocess.Popen[bytes]] = []  # kept until they end, so that none stays a zombie


def detached(module: str, *arguments: str, log: Path, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start `python -m module arguments` in a session of its own.

    Args:
        module: one of ours, by its dotted name.
        arguments: what follows it.
        log: everything that the process prints is appended here; a file, never a pipe.
        pass_fds: open files, such as held locks, that the process inherits.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    places = {  # as they are here: the process works in another folder
        "THAW_RUNS": str(environment.runs_dir()),
        "THAW_CACHE_DIR": str(environment.cache_dir()),
        "THAW_DATA_ROOTS": ":".join(map(str, environment.data_roots())),
    }
    with open(log, "ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**_DEFAULTS, **os.environ, **places},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    _children.append(child)
    return child
