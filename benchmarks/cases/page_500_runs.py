"""The page of all runs, with 500 of them."""

import time

from benchmarks.app import FLAGS, app, chromium
from benchmarks.made_runs import finished
from benchmarks.pictures import made
from benchmarks.registry import ALONE, Measured, Settings, benchmark
from benchmarks.reruns import Reruns


@benchmark(
    "page_500_runs",
    "the page of all runs, with 500 of them, from the click to the table in the browser",
    "",
    kind=ALONE,
    goal=1.0,
)
def page_500_runs(settings: Settings) -> Measured:
    """A warm app: the first visit is not counted."""
    from playwright.sync_api import sync_playwright

    data = made(settings.home / "pictures", {"train": 40, "validation": 40}, (64, 48))
    finished(settings.home, data, 20 if settings.quick else 500)
    found = Measured([], how="a real server and a real Chromium; `more` has the server's part of it")
    with app(settings.home, data) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        reruns = Reruns(page)
        page.goto(running.url)
        for i in range((settings.pairs or (1 if settings.quick else 7)) + 1):  # the first one warms up
            page.get_by_role("link", name="Data").first.click()
            page.get_by_role("heading", level=1).first.wait_for()
            page.wait_for_timeout(1500)
            before = len(reruns.seconds)
            began = time.perf_counter()
            page.get_by_role("link", name="Runs").first.click()
            page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
            seconds = time.perf_counter() - began
            page.wait_for_timeout(1000)
            if i:
                found.ours.append(seconds)
                found.more.setdefault("server_seconds", []).extend(reruns.seconds[before : before + 1])
        reruns.leaving = True
        browser.close()
    return found
