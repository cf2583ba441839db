"""Archives from the internet, with progress, and a clear end where there is none."""

import shutil
import socket
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from core.errors import DataError

Progress = Callable[[int, int | None], None]  # done, total
FIRST_ANSWER_S = 8  # how long a server may take to answer before it is taken for out of reach
STALLED_S = 60  # how long a download may stand still


def fetch(url: str, folder: Path, progress: Progress) -> None:
    """Download an archive with `keras.utils.get_file` and move the one folder that it holds into `folder`.

    Raises:
        DataError: the server gives no answer within FIRST_ANSWER_S, or the download stalls or breaks.
    """
    total = _in_time(lambda: _content_length(url), FIRST_ANSWER_S, url)
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder.parent, ignore_cleanup_errors=True) as beside:
        arrived: list[Path] = []
        failed: list[Exception] = []
        worker = threading.Thread(target=_get_file, args=(url, beside, arrived, failed), daemon=True)
        worker.start()
        size, moved = 0, time.monotonic()
        while worker.is_alive():
            worker.join(0.2)
            now = sum(f.stat().st_size for f in Path(beside).glob("*") if f.is_file())
            if now != size:
                size, moved = now, time.monotonic()
                progress(size, total)
            elif size < (total or 0) and time.monotonic() - moved > STALLED_S:
                raise DataError(f"The download of {url} stood still for {STALLED_S} s at {size:,} bytes. Try again.")
        if failed or not arrived:
            raise DataError(f"{url} could not be fetched: {failed[0] if failed else 'nothing arrived'}.")
        _move_contents(arrived[0], folder)


def _content_length(url: str) -> int | None:
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=FIRST_ANSWER_S) as answer:
        length = answer.headers.get("Content-Length")
    return int(length) if length else None


def _in_time(call: Callable[[], int | None], seconds: float, url: str) -> int | None:
    """The answer of a network call that may hang longer than its own time-out, in name resolution for one."""
    answers: list[int | None] = []
    reasons: list[str] = ["no answer"]

    def run() -> None:
        try:
            answers.append(call())
        except (OSError, ValueError) as error:
            reasons.append(str(getattr(error, "reason", error)))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        host = urllib.parse.urlsplit(url).netloc
        raise DataError(
            f"{host or url} cannot be reached ({reasons[-1]}). This sample needs the internet; "
            "the handwritten digits and your own pictures do not."
        )
    return answers[0]


def _get_file(url: str, place: str, arrived: list[Path], failed: list[Exception]) -> None:
    """Download and unpack. Keras checks that no member of the archive lands elsewhere."""
    import keras

    socket.setdefaulttimeout(30)
    name = url.rpartition("/")[2]
    try:
        arrived.append(Path(keras.utils.get_file(name, url, extract=True, cache_dir=place, cache_subdir="")))
    except Exception as error:  # noqa: BLE001 -- reported to the thread that waits
        failed.append(error)


def _move_contents(unpacked: Path, folder: Path) -> None:
    """Move what an archive held, or what its one folder holds, into `folder`."""
    inside = [p for p in unpacked.iterdir() if not p.name.startswith(".") and p.name != "__MACOSX"]
    while len(inside) == 1 and inside[0].is_dir():
        inside = list(inside[0].iterdir())
    for path in inside:
        shutil.move(path, folder / path.name)
