"""The app as a server of its own, and a browser to look at it with."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.thaw_run import ROOT, places

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")


class App(NamedTuple):
    """A running server."""

    url: str
    pid: int
    log: Path


@contextmanager
def app(home: Path, data: Path) -> Iterator[App]:
    """Serve the runs in `home`, and let pages read below `data` too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, **places(home), "THAW_DATA_ROOTS": f"{home}:{data}"}
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    log = home / "app.log"
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [*command, "--server.headless", "true", "--server.address", "127.0.0.1"],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield App(f"http://127.0.0.1:{port}", server.pid, log)
    finally:
        server.terminate()
        server.wait(20)


def chromium() -> str:
    """Where the browser is.

    Raises:
        RuntimeError: there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("A Chromium is needed. On Debian and Ubuntu: sudo apt-get install chromium")


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("The app did not start within a minute.")
