"""Downloading a preset of KerasHub with Kaggle's client, which waits for ever where a server does not answer.

So it runs in a process of its own, `python -m core.models.fetch_preset HANDLE`, and is ended once nothing arrives any
more. Until a download is whole, a file beside its folder says so; the next one goes on from what has arrived.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

STALL_SECONDS = 12.0  # without a byte; a message is due within 15
_LOOK_SECONDS = 0.2
_CHUNK = 1 << 15  # bytes that are written at once: of the client's own megabyte a slow line brings less in time
_ROOT = Path(__file__).parents[2]  # where `core` can be imported


def unfinished(folder: Path) -> bool:
    """Whether a download to this folder was begun and did not come to its end."""
    return _mark(folder).is_file()


def fetch(handle: str, folder: Path) -> Path:
    """Download a preset, however long that takes, as long as something arrives.

    Args:
        handle: its name and version on Kaggle.
        folder: where Kaggle's client keeps it.

    Raises:
        OSError: it cannot be had, with the reason.
    """
    _mark(folder).parent.mkdir(parents=True, exist_ok=True)
    _mark(folder).touch()
    command = [sys.executable, "-m", "core.models.fetch_preset", handle]
    environ = {"KAGGLEHUB_VERBOSITY": "error", **os.environ}
    with subprocess.Popen(command, cwd=_ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            stalled = _stalled(process, folder.parent)
        finally:
            process.kill()
        lines = process.communicate()[0].decode("utf-8", "replace").split("\n")
    if stalled:
        raise OSError(f"nothing arrived for {STALL_SECONDS:.0f} seconds")
    try:
        answer = json.loads(lines[-1])
    except ValueError:
        raise OSError(f"Kaggle's client ended with {process.returncode}") from None
    if "path" not in answer:
        raise OSError(answer["problem"])
    _mark(folder).unlink(missing_ok=True)
    return Path(answer["path"])


def _stalled(process: "subprocess.Popen[bytes]", folder: Path) -> bool:
    """Wait for the end of a download; True where nothing arrives in `folder` any more."""
    seen, last = -1, time.monotonic()
    while process.poll() is None:
        if (now := _size(folder)) != seen:
            seen, last = now, time.monotonic()
        if time.monotonic() - last > STALL_SECONDS:
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size
        except OSError:  # moved or unpacked meanwhile
            continue
    return total


def _mark(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.unfinished")


def main(handle: str) -> int:
    """Download, and print the folder or what went wrong as JSON in the last line."""
    try:
        import kagglehub
        from kagglehub import clients

        clients.CHUNK_SIZE = _CHUNK
        answer = {"path": kagglehub.model_download(handle)}
    except Exception as error:  # noqa: BLE001 -- Kaggle's client raises many kinds
        answer = {"problem": next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]}
    sys.stdout.write("\n" + json.dumps(answer))
    return 0 if "path" in answer else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
