"""One look of the running view at a run that has written 10,000 events."""

import statistics
import threading

from benchmarks.app import FLAGS, app, chromium
from benchmarks.machine import cpu_seconds
from benchmarks.made_runs import running, tick
from benchmarks.pictures import made
from benchmarks.registry import ALONE, Measured, Settings, benchmark
from benchmarks.reruns import Reruns


@benchmark("live_tick", "a live tick of a run with 10,000 events, server time", "", kind=ALONE, goal=0.1)
def live_tick(settings: Settings) -> Measured:
    """The run goes on writing five events a second while it is watched."""
    from playwright.sync_api import sync_playwright

    seconds = 5 if settings.quick else 30
    data = made(settings.home / "pictures", {"train": 40, "validation": 40}, (64, 48))
    run = running(settings.home, data, 10_000)
    over = threading.Event()

    def go_on() -> None:
        step = 0
        while not over.wait(0.2):
            tick(run, step := step + 1)

    with run.lock(), app(settings.home, data) as server, sync_playwright() as playwright:
        threading.Thread(target=go_on, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(60_000)
        reruns = Reruns(page)
        page.goto(f"{server.url}/train?run={run.id}")
        page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached")
        page.wait_for_timeout(5000)
        reruns.fragments.clear()
        before = cpu_seconds(server.pid)
        page.wait_for_timeout(seconds * 1000)
        used, fragments = cpu_seconds(server.pid) - before, list(reruns.fragments.values())
        over.set()
        reruns.leaving = True
        browser.close()
    seen = max(fragments, key=statistics.median)  # the page looks at what goes on and at what was learned in turn
    return Measured(
        seen,
        how=f"a real server watched by a real Chromium for {seconds} s; from the browser's request to the server's "
        "last message; median of the ticks of the part that takes longest: curves and samples",
        more={
            "server_cpu_seconds_a_tick": used / sum(map(len, fragments)),
            "slowest": max(seen),
            "mean": statistics.mean(seen),
        },
    )
