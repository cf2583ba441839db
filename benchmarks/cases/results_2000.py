"""The parts of the Results page, of a run with 2,000 held-out pictures."""

import time
from typing import Any

from benchmarks.app import FLAGS, app, chromium
from benchmarks.made_runs import finished, looked_into
from benchmarks.pictures import made
from benchmarks.registry import ALONE, Measured, Settings, benchmark
from core import run_list

PARTS = ("In numbers", "Where is it wrong?", "Why?", "Was phase 2 worth it?", "Take it along")
_QUIET = 700  # milliseconds without any change after which a page counts as complete
# When the page changed last, in milliseconds: elements, texts, decoded pictures and drawn charts are all changes.
_WATCH = """() => {
  window.lastChange = performance.now();
  const told = () => { window.lastChange = performance.now(); };
  new MutationObserver(told).observe(document.body, {subtree: true, childList: true, characterData: true});
  document.addEventListener("load", told, true);
}"""
_COMPLETE = """quiet => performance.now() - window.lastChange > quiet
  && document.querySelector("[data-testid=stApp]").dataset.testScriptState !== "running"
  && [...document.querySelectorAll(".thaw-plot")].every(node => node._fullLayout)
  && [...document.images].every(image => image.complete)"""


@benchmark(
    "results_2000",
    "the slowest part of the results, with 2,000 held-out pictures, from the click to the last thing in the browser",
    "",
    kind=ALONE,
    goal=1.5,
)
def results_2000(settings: Settings) -> Measured:
    """A warm app: the first round is not counted."""
    from playwright.sync_api import sync_playwright

    counts = {"train": 60, "validation": 40} if settings.quick else {"train": 3000, "validation": 2000}
    data = made(settings.home / "pictures", counts, (320, 240))
    finished(settings.home, data, 1)
    [run] = run_list.list_runs(settings.home / "runs")
    looked_into(run)
    found = Measured([], how="a real server and a real Chromium; `more` has every part and the first visit of all")
    with app(settings.home, data) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        page.add_init_script(f"addEventListener('DOMContentLoaded', {_WATCH})")
        began = time.perf_counter()
        page.goto(f"{running.url}/results?run={run.id}&part=take")
        page.locator(".thaw-figure.big b").wait_for()
        found.more["first_visit"] = time.perf_counter() - began
        for i in range((settings.pairs or (1 if settings.quick else 5)) + 1):  # the first one warms up
            seconds = {part: _opened(page, part) for part in PARTS}
            page.get_by_role("radio", name="Where is it wrong?").click()
            page.locator("[data-open] img").first.wait_for()  # without its table, a run has no galleries
            if i:
                found.ours.append(max(seconds.values()))
                for part, value in seconds.items():
                    found.more.setdefault(part, []).append(round(value, 3))
        browser.close()
    return found


def _opened(page: Any, part: str) -> float:
    """Seconds from the click on a part to the last change that it makes to the page."""
    page.wait_for_function(_COMPLETE, arg=_QUIET)
    button = page.get_by_role("radio", name=part)
    began = page.evaluate("() => performance.now()")
    button.click()
    page.wait_for_timeout(300)  # the script begins
    page.wait_for_function(_COMPLETE, arg=_QUIET)
    return (page.evaluate("() => window.lastChange") - began) / 1000
