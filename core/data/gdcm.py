"""Lossless JPEG of DICOM files, decoded by GDCM in a process of its own: a damaged file can make it abort.

The process lives as long as the one that asks, and is started anew after an abort. Both ways, a message is a length
and so many bytes: frame and file there, an array or a reason back.
"""

import atexit
import io
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

_ROOT = Path(__file__).resolve().parent.parent.parent
_LENGTH, _FRAME = struct.Struct("<q"), struct.Struct("<q")
_ARRAY, _REASON = b"A", b"R"

_lock = threading.Lock()
_process: "subprocess.Popen[bytes] | None" = None


def decoded(data: bytes, frame: int) -> np.ndarray:
    """The stored values of one frame of a file, `(H, W)`, or `(H, W, 3)` in RGB.

    Raises:
        ValueError: GDCM cannot decode it, with its reason, or did not survive the attempt.
    """
    global _process
    with _lock:
        if _process is None:
            _process = _started()
        assert _process.stdin is not None
        assert _process.stdout is not None
        try:
            _send(_process.stdin, _FRAME.pack(frame) + data)
            answer = _receive(_process.stdout)
        except OSError:
            answer = None
        if answer is None:
            _end()
            raise ValueError("the decoder did not survive it")
    if answer[:1] == _REASON:
        raise ValueError(answer[1:].decode(errors="replace"))
    return np.load(io.BytesIO(answer[1:]), allow_pickle=False)


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what GDCM prints is no answer
    from core.data.dicom_frames import stored

    while (asked := _receive(sys.stdin.buffer)) is not None:
        (frame,) = _FRAME.unpack_from(asked)
        try:
            out = io.BytesIO()
            np.save(out, stored(asked[_FRAME.size :], frame, "gdcm"), allow_pickle=False)
            answer = _ARRAY + out.getvalue()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the file cannot be decoded
            answer = _REASON + str(error).encode()
        _send(answers, answer)


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "core.data.gdcm"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it would quote values, and so people
    )


@atexit.register
def _end() -> None:
    global _process
    if _process is not None:
        _process.kill()
        with _process, suppress(OSError):
            _process.wait()
    _process = None


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next message, None where there will be no whole one."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (n,) = _LENGTH.unpack(head)
    message = pipe.read(n)
    return message if len(message) == n else None


if __name__ == "__main__":
    main()
