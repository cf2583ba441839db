"""A scan of 50,000 files, cold and again unchanged, against a bare walk."""

import cProfile
import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.pictures import made
from benchmarks.registry import TIMES, Measured, Settings, benchmark
from benchmarks.side import fresh


@benchmark(
    "scan_again", "scan of 50,000 files again, unchanged", "`os.walk` with `stat`", kind=TIMES, goal=1.5, group="scan"
)
@benchmark("scan_cold", "scan of 50,000 files, cold", "`os.walk` with `stat`", kind=TIMES, goal=4, group="scan")
def scan_50000(settings: Settings) -> dict[str, Measured]:
    """Both sides in one process in alternation; the files are in the system's cache for both."""
    n = 500 if settings.quick else 50_000
    root = made(settings.home / "pictures", {"train": n * 4 // 5, "validation": n // 5}, (64, 48))
    os.environ["THAW_DATA_ROOTS"] = str(settings.home)
    rounds = settings.pairs or (1 if settings.quick else 5)
    found = fresh(
        "benchmarks.cases.scan_50000:sides", root=str(root), cache=str(settings.home / "cache"), rounds=rounds
    )
    how = f"{n:,} small JPEGs in four folders, in memory for both sides; "
    return {
        "scan_cold": Measured(
            found["cold"],
            found["walk"],
            how + "nothing known before, results kept for next time",
            profile=found["profiles"]["cold"],
        ),
        "scan_again": Measured(
            found["again"],
            found["walk"],
            how + "the same answer from the kept scan",
            profile=found["profiles"]["again"],
        ),
    }


def sides(root: str, cache: str, rounds: int) -> dict[str, Any]:
    """Seconds of a walk, of a scan that knows nothing, and of one that finds nothing new."""
    os.environ["THAW_CACHE_DIR"] = cache
    from core.data.scan import scan

    found: dict[str, Any] = {"walk": [], "cold": [], "again": []}
    for i in range(rounds + 1):  # the first one warms up
        shutil.rmtree(cache, ignore_errors=True)
        for name, side in (("walk", _walk), ("cold", scan), ("again", scan)):
            began = time.perf_counter()
            side(root)
            if i:
                found[name].append(time.perf_counter() - began)
    shutil.rmtree(cache, ignore_errors=True)
    found["profiles"] = {name: _profile(scan, root, statistics.median(found[name])) for name in ("cold", "again")}
    return found


def _profile(side: Callable[[str], Any], root: str, seconds: float) -> dict[str, float]:
    """Own seconds of the six functions that take most, scaled from what the profiler adds to `seconds` in all."""
    profiler = cProfile.Profile()
    profiler.runcall(side, root)
    entries = sorted(profiler.getstats(), key=lambda e: -e.inlinetime)
    scale = seconds / sum(e.inlinetime for e in entries)
    found = {_name(e.code): round(e.inlinetime * scale, 3) for e in entries[:6]}
    return {**found, "elsewhere": round(seconds - sum(found.values()), 3)}


def _name(code: Any) -> str:
    """A function as people find it."""
    return f"`{code}`" if isinstance(code, str) else f"`{code.co_name}` of {Path(code.co_filename).name}"


def _walk(root: str) -> int:
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            total += os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118
    return total
