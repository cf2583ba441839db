"""What ended a run, in words for people: from an exception, or from the signal that ended its worker."""

import errno
import os
from pathlib import Path

from core.errors import ThawError

MEMORY = "The memory is used up. Choose a smaller batch size, smaller pictures, or a smaller backbone, then resume."
_GONE = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO)
_IN_THE_WAY = (FileExistsError, IsADirectoryError, NotADirectoryError)
_NO_MEMORY = ("CUDA_ERROR_OUT_OF_MEMORY", "Dst tensor is not initialized")  # the latter: no room for a copy of it there
DISK = "The disk is full. Free some space (the feature store can be emptied on the Runs page), then resume."


def explain(error: BaseException) -> str:
    """What went wrong and what to do. Texts are looked at too: libraries in C++ wrap what the system said."""
    text = str(error)
    if isinstance(error, ThawError):
        return text
    if is_out_of_memory(error):
        return MEMORY
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "No space left on device" in text:
        return DISK
    if number in _GONE or any(os.strerror(gone) in text for gone in (errno.EIO, errno.ESTALE)):
        return (
            f"A drive or network folder no longer answers{_place(error)}. Connect it again or see whether it is "
            "damaged, then resume."
        )
    if isinstance(error, _IN_THE_WAY):
        return f"Something is in the way: a file and a folder are mixed up{_place(error)}. Move it away, then resume."
    if number == errno.EROFS or isinstance(error, PermissionError):
        return f"No permission to write{_place(error)}: it is read-only. Change its rights, then resume."
    if isinstance(error, FileNotFoundError):
        return f"A file or folder vanished while it was needed{_place(error)}. Put it back, then resume."
    if "can no longer be read" in text:
        return "An example that could be read when the run began has vanished or changed. Put it back, then resume."
    name = type(error).__name__
    return (
        f"Something unexpected went wrong ({name}: {text[:300]}). Resume goes on from the last checkpoint; if it "
        "happens again, worker.log in the run's folder has the whole story."
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the machine or the accelerator had no memory left."""
    kind, text = type(error).__name__, str(error)
    number = error.errno if isinstance(error, OSError) else None
    by_system = isinstance(error, MemoryError) or number == errno.ENOMEM
    return by_system or kind == "ResourceExhaustedError" or any(said in text for said in _NO_MEMORY)


def oom_kills() -> int:
    """How many processes the system has ended for want of memory since it was started; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _place(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    if not name:
        return ""
    path = Path(os.fsdecode(name))
    return f" {str(path.parent if path.suffix == '.tmp' else path)!r}"  # a file that is written beside another
