"""A running app, and a browser that looks at it on a desk and a phone."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


class App(NamedTuple):
    """A running app."""

    address: str
    runs: Path


@pytest.fixture(scope="module")
def app(tmp_path_factory, chromium):
    """A running app with folders of its own."""
    home = tmp_path_factory.mktemp("app")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache")}
    env["THAW_DATA_ROOTS"] = str(home)
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    with open(home / "app.log", "wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health")
        yield App(f"http://127.0.0.1:{port}", home / "runs")
    finally:
        server.terminate()
        server.wait(20)


def wait_until_healthy(url):
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"{url} did not answer within a minute")


@pytest.fixture(params=SIZES)
def page(request, chromium):
    """A browser page at one of the sizes; fails at its end if a script of the page broke."""
    sync = pytest.importorskip("playwright.sync_api")
    width, height = SIZES[request.param]
    broken = []
    with sync.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        opened = browser.new_page(viewport={"width": width, "height": height})
        opened.set_default_timeout(60_000)
        opened.on("pageerror", lambda error: broken.append(str(error)))
        opened.size = request.param
        yield opened
        browser.close()
    assert not broken
