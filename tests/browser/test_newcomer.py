"""The newcomer's way: from the first page to a picture that is answered, on a desk and on a phone."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOTS = Path(__file__).with_name("screenshots")
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
TRAINING_MS = 420_000  # the longest that both phases may take on a busy machine

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory, chromium):
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
        _wait(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def _wait(url):
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


def _shot(page, step):
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{page.size}-{step}.png")


def _expect_no_error(page):
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_test_id("stAlertContentError").count() == 0


def _traces(page):
    """The points of every curve of the first chart, and what its horizontal axis shows."""
    return page.evaluate(
        "() => { const node = document.querySelector('.thaw-plot');"
        " return [node.data.map(t => t.x.length), node.layout.xaxis.range]; }"
    )


def test_from_the_first_page_to_a_tested_picture(address, page):
    page.goto(address)
    begin = page.get_by_role("button", name=re.compile("handwritten digits"))
    begin.first.wait_for()
    _shot(page, "1-first")
    begin.first.click()

    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for()
    page.locator(".thaw-map .warm").nth(1).wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => /Start$/.test(b.innerText.trim()) && !b.disabled)"
    )
    _expect_no_error(page)
    _shot(page, "2-train")
    start.click()

    page.get_by_role("button", name="Stop").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.thaw-plot')?.data?.some(t => t.x.length > 1)", timeout=TRAINING_MS
    )
    page.locator(".thaw-card .mark").first.wait_for()
    _shot(page, "3-running")
    run = page.url
    page.reload()  # the page finds its run again
    page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached", timeout=TRAINING_MS)

    results = page.get_by_role("button", name="See the results")
    results.wait_for(timeout=TRAINING_MS)
    assert page.url == run
    points, _ = _traces(page)
    assert points[0] > 0
    assert points[2] > 0  # held out and learned from, in both phases
    assert page.locator(".thaw-card .mark").count() == 12
    _expect_no_error(page)
    _shot(page, "4-ended")
    results.click()

    page.locator(".thaw-figure.big b").wait_for()
    page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached")
    assert float(page.locator(".thaw-figure.big b").inner_text().split()[0]) > 60
    _expect_no_error(page)
    _shot(page, "5-results")
    page.get_by_role("button", name="Try a picture").click()

    page.get_by_test_id("stFileUploader").wait_for()
    picture = next(Path(_data_of(page)).rglob("*.png"))
    page.locator("input[type=file]").set_input_files(picture)
    page.locator(".thaw-answer").wait_for(timeout=TRAINING_MS)
    assert page.locator(".thaw-answer").inner_text().strip() in "0123456789"
    assert page.locator(".thaw-phase").count() == 2
    _expect_no_error(page)
    _shot(page, "6-try")


def _data_of(page):
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(page.url).query)["data"][0]
