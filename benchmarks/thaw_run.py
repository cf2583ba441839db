"""Our side: a run of Thaw as the app starts it, in its own process, watched from outside."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.machine import memory
from core import config, launcher, record, run_list
from core.presets import preset
from core.record import Run

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Trained:
    """A run that has ended."""

    run: Run
    seconds: float  # from the worker's imports to the end: reading, hashing, training, judging, saving
    whole: float  # from the start of the process to its end
    epochs: dict[int, list[float]]  # phase -> seconds of each epoch
    apart: dict[int, list[float]]  # phase -> seconds from one epoch's end to the next one's, samples and checkpoint too
    first_row: float  # from the worker's imports to the first epoch's row
    peak: int = 0  # bytes, mapped files included
    samples: list[dict[str, float]] = field(default_factory=list)  # memory over time

    def profile(self) -> dict[str, float]:
        """Seconds of each stage, by what the run said that it was doing; epochs apart from what comes before them."""
        events, found = self.run.events(), {}
        for name, begin, end in self._stages():
            epochs = [e for e in events if e["kind"] == "epoch" and begin < e["t"] <= end]
            learning = sum(e["seconds"] for e in epochs)
            found[name] = round(end - begin - learning, 2)
            if epochs:
                found[f"Phase {epochs[0]['phase']}: {len(epochs)} epochs"] = round(learning, 2)
        return found

    def memory_profile(self) -> dict[str, float]:
        """The most memory of each stage, mapped files apart, in megabytes."""
        found: dict[str, float] = {}
        for name, begin, end in self._stages():
            seen = [s for s in self.samples if begin < s["t"] <= end]
            if seen:
                found[name] = round(max(s["own"] for s in seen) / 1e6)
                found[f"{name}, mapped files"] = round(max(s["now"] - s["own"] for s in seen) / 1e6)
        return found

    def _stages(self) -> list[tuple[str, float, float]]:
        """What the run said that it was doing, from when to when, in seconds since 1970."""
        events = self.run.events()
        begun = [e for e in events if e["kind"] in ("stage", "phase")]
        ends = [*(e["t"] for e in begun[1:]), events[-1]["t"]]
        return [
            (e["message"] if e["kind"] == "stage" else f"Phase {e['phase']}: around the epochs", e["t"], end)
            for e, end in zip(begun, ends, strict=True)
        ]

    def resident_at_epochs(self) -> list[float]:
        """Bytes at the end of each epoch, mapped files included."""
        ends = [e["t"] for e in self.run.events(("epoch",))]
        return [min(self.samples, key=lambda s: abs(s["t"] - end))["now"] for end in ends if self.samples]


def train(home: Path, data: Path, **settings: Any) -> Trained:
    """Train in `home`, which holds runs and caches.

    Raises:
        RuntimeError: the run did not end as `done`.
    """
    run = _created(home, data, settings)
    began = time.perf_counter()
    worker = _started(run, home)
    samples: list[dict[str, float]] = []
    watcher = threading.Thread(target=_watch, args=(worker, samples), daemon=True)
    watcher.start()
    worker.wait()
    whole = time.perf_counter() - began
    watcher.join()
    if run.state() != record.DONE:
        raise RuntimeError(f"The run ended as {run.state()}: {run.status().get('error')}")
    return _trained(run, whole, samples)


class Background:
    """A run that trains while the caller does something else; stopped at the end of a `with` block."""

    def __init__(self, home: Path, data: Path, **settings: Any) -> None:
        """As `train`."""
        self.run = _created(home, data, settings)
        self._home = home

    def __enter__(self) -> "Background":
        self._worker = _started(self.run, self._home)
        return self

    def __exit__(self, *_: object) -> None:
        self.run.ask("stop")
        try:
            self._worker.wait(60)
        except subprocess.TimeoutExpired:
            self._worker.kill()

    def wait_for_epochs(self, n: int) -> None:
        """Until that many epochs have ended.

        Raises:
            RuntimeError: the run ended before.
        """
        while len(self.run.events(("epoch",))) < n:
            if self._worker.poll() is not None:
                raise RuntimeError(f"The run ended as {self.run.state()}: {self.run.status().get('error')}")
            time.sleep(0.2)

    def epoch_seconds(self, since: float) -> list[float]:
        """Seconds of the epochs that ended after a moment (seconds since 1970)."""
        return [e["seconds"] for e in self.run.events(("epoch",)) if e["t"] >= since]


def _created(home: Path, data: Path, settings: dict[str, Any]) -> Run:
    settings = {"data": str(data), "task": "image", **settings}
    base = preset(settings["preset"], settings["task"]) if "preset" in settings else config.RunConfig()
    chosen = config.from_json(settings, base)
    return run_list.create_run(chosen, launcher.versions(), home / "runs")


def _started(run: Run, home: Path) -> subprocess.Popen[bytes]:
    with open(run.log_file, "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "core.worker", str(run.path)],
            cwd=ROOT,
            env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, **places(home)},
            stdout=log,
            stderr=log,
        )


def places(home: Path) -> dict[str, str]:
    """The environment that keeps a run within `home`."""
    return {"THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache")}


def _trained(run: Run, whole: float, samples: list[dict[str, float]]) -> Trained:
    events = run.events()
    begun = next(e["t"] for e in events if e["kind"] == "stage" and e["message"].startswith("Reading"))
    rows = [e for e in events if e["kind"] == "epoch"]
    epochs = {phase: [e["seconds"] for e in rows if e["phase"] == phase] for phase in (1, 2)}
    ends = {phase: [e["t"] for e in rows if e["phase"] == phase] for phase in (1, 2)}
    apart = {phase: [b - a for a, b in pairwise(moments)] for phase, moments in ends.items()}
    peak = max((int(s["peak"]) for s in samples), default=0)
    return Trained(run, events[-1]["t"] - begun, whole, epochs, apart, rows[0]["t"] - begun, peak, samples)


def _watch(worker: subprocess.Popen[bytes], samples: list[dict[str, float]]) -> None:
    while worker.poll() is None:
        found = memory(_trainer(worker.pid))
        if found["now"]:
            samples.append({"t": time.time(), **found})
        time.sleep(0.5)  # looking walks through all of its memory, and the worker waits meanwhile


def _trainer(pid: int) -> int:
    """The process that trains: the child of the one that was started, which only waits for it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return int(children[0]) if children else pid
