"""Many browsers on one app while a run trains: `python -m benchmarks.soak [--sessions N] [--minutes M]`.

All watch; four of them test pictures, two change settings. Writes `benchmarks/soak.md` and `soak.json`.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks import machine, soak_report
from benchmarks.app import FLAGS, App, app, chromium
from benchmarks.pictures import files, made
from benchmarks.reruns import Reruns
from benchmarks.thaw_run import Background, places, train
from core.files import read_json
from core.record import Run

ALONE_SECONDS = 60  # the run's speed without anybody watching
FIRST_MINUTE = 60
PAUSE = 8.0  # seconds that people look before they do the next thing


class Session:
    """One browser page and what it measured."""

    def __init__(self, page: Any, role: str) -> None:
        """`role` is watch, test or set."""
        self.page, self.role = page, role
        self.reruns = Reruns(page)
        self.predictions: list[float] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)[:300]))

    async def open(self, url: str) -> None:
        """Go to a page of the app and wait until it has drawn something."""
        try:
            await self.page.goto(url)
            await self.page.get_by_role("heading", level=1).first.wait_for()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it counts as an error of the session
            self.errors.append(f"{type(error).__name__}: {str(error)[:200]}")

    async def act(self, until: float, pictures: list[str]) -> None:
        """Do what the role does, until it is time."""
        turn = 0
        while time.monotonic() < until:
            await asyncio.sleep(min(PAUSE, max(0.1, until - time.monotonic())))
            try:
                if self.role == "test":
                    await self._test(pictures[turn % len(pictures)])
                elif self.role == "set":
                    await self.page.get_by_text(("Quick look", "Recommended")[turn % 2], exact=True).first.click()
                if await self.page.get_by_test_id("stException").count():
                    self.errors.append("an exception stands on the page")
            except Exception as error:  # noqa: BLE001 -- as above
                self.errors.append(f"{type(error).__name__}: {str(error)[:200]}")
            turn += 1

    async def _test(self, picture: str) -> None:
        """Give a picture, and wait for the rerun that answers it."""
        seen, began = len(self.reruns.seconds), time.perf_counter()
        await self.page.locator("input[type=file]").set_input_files(picture)
        while len(self.reruns.seconds) == seen:
            if time.perf_counter() - began > 60:
                raise TimeoutError("no answer within a minute")
            await asyncio.sleep(0.01)
        self.predictions.append(time.perf_counter() - began)
        await self.page.locator(".thaw-answer").first.wait_for()


def main(arguments: list[str]) -> int:
    """Run the soak; the exit status is 0 whether its goals are met or not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--sessions", type=int, default=20, help="browser sessions (default 20)")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--testers", type=int, default=4, help="sessions that test pictures (default 4)")
    parser.add_argument("--setters", type=int, default=2, help="sessions that change settings (default 2)")
    parser.add_argument("--no-record", action="store_true", help="print the report without writing it")
    asked = parser.parse_args(arguments)
    roles = (["test"] * asked.testers + ["set"] * asked.setters + ["watch"] * asked.sessions)[: asked.sessions]
    with tempfile.TemporaryDirectory(prefix="thaw-soak-") as folder:
        found = _soak(Path(folder), roles, asked.minutes * 60)
    found |= {"sessions": asked.sessions, "minutes": asked.minutes, "machine": machine.machine()}
    print(soak_report.text(found))
    if not asked.no_record:
        soak_report.write(found)
    return 0


def _soak(home: Path, roles: list[str], seconds: float) -> dict[str, Any]:
    data = made(home / "pictures", {"train": 480, "validation": 120}, (160, 120))
    quick = {"image_size": 96, "unfreeze": "none", "early_stopping": False}
    tested = train(home, data, **quick, phase1={"epochs": 1}).run
    before = machine.load()
    with Background(home, data, **quick, cache=False, phase1={"epochs": 10_000}) as running:
        running.wait_for_epochs(2)
        began = time.time()
        time.sleep(min(ALONE_SECONDS, seconds))
        alone = running.epoch_seconds(since=began)
        with app(home, data) as server:
            found = asyncio.run(_sessions(server, home, data, running.run, tested, roles, seconds))
        watched = running.epoch_seconds(since=found.pop("begun"))
        state = running.run.state()
    found["load"] = [before, machine.load()]
    found["run"] = {
        "state_while_watched": state,
        "epoch_seconds_alone": statistics.median(alone) if alone else None,
        "epoch_seconds_watched": statistics.median(watched) if watched else None,
        "epochs_watched": len(watched),
    }
    return found


async def _sessions(
    server: App, home: Path, data: Path, run: Run, tested: Run, roles: list[str], seconds: float
) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    urls = {
        "watch": f"{server.url}/train?run={run.id}",
        "test": f"{server.url}/try?run={tested.id}",
        "set": f"{server.url}/train?new=1&data={quote(str(data))}",
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        sessions = []
        for role in roles:
            page = await (await browser.new_context(viewport={"width": 1280, "height": 800})).new_page()
            page.set_default_timeout(60_000)
            sessions.append(Session(page, role))
        for session in sessions:  # one after the other, as people come
            await session.open(urls[session.role])
        begun, memory = time.time(), asyncio.create_task(_memory(server.pid, home, seconds))
        opened = {id(s): (len(s.reruns.seconds), len(s.predictions)) for s in sessions}
        used, until = _used(server, home, run), time.monotonic() + seconds
        await asyncio.gather(*(s.act(until, files(data)) for s in sessions))
        for session in sessions:
            session.reruns.leaving = True
        measured = await memory
        cores = {who: (now - used[who]) / (time.time() - begun) for who, now in _used(server, home, run).items()}
        await browser.close()
    return {
        "begun": begun,
        "reruns": [x for s in sessions for x in s.reruns.seconds[opened[id(s)][0] :]],
        "predictions": [x for s in sessions for x in s.predictions[1:]],  # the first one waits for the model
        "first_predictions": [x for s in sessions for x in s.predictions[:1]],
        "dropped": sum(s.reruns.dropped for s in sessions),
        "errors": [error for s in sessions for error in s.errors],
        "server_errors": server.log.read_text(errors="replace").count("Traceback"),
        "memory": measured,
        "cores": cores,
    }


async def _memory(server: int, home: Path, seconds: float) -> dict[str, list[dict[str, int]]]:
    """Bytes of the server and of the prediction service at the start, after the first minute and at the end."""
    found: dict[str, list[dict[str, int]]] = {"server": [], "service": []}
    first = min(FIRST_MINUTE, seconds / 2)
    for wait in (0.0, first, max(0.0, seconds - first - 1)):
        await asyncio.sleep(wait)
        found["server"].append(machine.memory(server))
        found["service"].append(machine.memory(_service(home)))
    return found


def _used(server: App, home: Path, run: Run) -> dict[str, float]:
    """Seconds of processor time that each has used so far."""
    pids = {"the run": run.status().get("pid", 0), "the server": server.pid, "the service": _service(home)}
    return {"the browsers": machine.chromium_seconds(), **{who: machine.cpu_seconds(pid) for who, pid in pids.items()}}


def _service(home: Path) -> int:
    """The process of the prediction service, 0 where there is none."""
    states = [read_json(p, {}) for p in (Path(places(home)["THAW_CACHE_DIR"]) / "services").glob("*.json")]
    return next((state["pid"] for state in states if state.get("pid")), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
