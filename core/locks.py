"""Looking at a lock without taking it, so that those who look never see each other."""

import errno
import fcntl
import os
from pathlib import Path

from filelock import FileLock, Timeout


def is_held(path: Path) -> bool:
    """Whether somebody holds the `FileLock` at `path` now.

    The look is a shared lock, given up at once: it is refused only while the exclusive one is held.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES) or (error.errno == errno.ENOSYS and _is_taken(path))
    finally:
        os.close(file)
    return False


def _is_taken(path: Path) -> bool:
    """`is_held` on a file system without such locks, where `FileLock` makes do with a file that exists or not."""
    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
