"""Memory and time of a run as the number of pictures grows."""

import shutil
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.pictures import made
from benchmarks.registry import TIMES, Measured, Settings, benchmark
from benchmarks.thaw_run import train

COUNTS = (2_000, 10_000, 50_000)
SIZE = 32  # pixels a side that the network sees
EPOCHS = 4


@benchmark(
    "memory_flat_over_epochs",
    "memory of that run, last epoch",
    "its first epoch",
    kind=TIMES,
    goal=1.05,
    unit="MB",
    group="growth",
)
@benchmark(
    "memory_50000",
    "peak memory of a run on 50,000 made pictures",
    "on 2,000",
    kind=TIMES,
    goal=1.2,
    unit="MB",
    group="growth",
)
@benchmark(
    "time_50000",
    "time a picture of a run on 50,000 made pictures",
    "on 10,000",
    kind=TIMES,
    goal=1.0,
    unit="ms",
    group="growth",
)
@benchmark(
    "time_10000",
    "time a picture of a run on 10,000 made pictures",
    "on 2,000",
    kind=TIMES,
    goal=1.0,
    unit="ms",
    group="growth",
)
def growth(settings: Settings) -> dict[str, Measured]:
    """In each round one run of each size, from scan to saved model; a fifth of the pictures is held out."""
    counts = (40, 80, 160) if settings.quick else COUNTS
    data = {n: made(settings.home / f"made{n}", {"train": n * 4 // 5, "validation": n // 5}, (64, 48)) for n in counts}
    runs: dict[int, list[Grown]] = {n: [] for n in counts}
    for i in range(settings.pairs or (1 if settings.quick else 3)):
        for n in counts if i % 2 == 0 else counts[::-1]:
            runs[n].append(_train(settings.home / "run", data[n]))
    small, middle, large = runs.values()
    seconds = [[run.seconds / n * 1000 for run in found] for n, found in runs.items()]
    own = [statistics.median(run.own for run in found) for found in (small, large)]
    more = {str(n): [asdict(run) for run in found] for n, found in runs.items()}
    how = (
        f"64 × 48 px JPEGs, EfficientNet-Lite0 at {SIZE} px, phase 1, {EPOCHS} epochs, cold store; from imports to end"
    )
    memory = (
        f"{how}; the highest resident size, mapped files included, which the system takes back when it needs the room; "
        f"without them {own[1]:,.0f} against {own[0]:,.0f} MB"
    )
    first, last = ([run.at_epochs[k] for run in large] for k in (0, -1))
    return {
        "time_10000": Measured(seconds[1], seconds[0], how, profile=middle[-1].profile),
        "time_50000": Measured(seconds[2], seconds[1], how, profile=large[-1].profile),
        "memory_50000": Measured([r.peak for r in large], [r.peak for r in small], memory, more, large[-1].memory),
        "memory_flat_over_epochs": Measured(last, first, f"{how}; mapped files included", profile=large[-1].memory),
    }


@dataclass(frozen=True)
class Grown:
    """What is kept of a run when its folder is gone: seconds, and megabytes."""

    seconds: float
    peak: float  # mapped files included
    own: float  # the most without them
    at_epochs: list[float]  # mapped files included, at the end of each epoch
    profile: dict[str, float]  # seconds by stage
    memory: dict[str, float]  # megabytes by stage


def _train(home: Path, data: Path) -> Grown:
    run = train(home, data, image_size=SIZE, unfreeze="none", early_stopping=False, phase1={"epochs": EPOCHS})
    own = max(sample["own"] for sample in run.samples) / 1e6
    at_epochs = [round(size / 1e6, 1) for size in run.resident_at_epochs()]
    found = Grown(run.seconds, run.peak / 1e6, own, at_epochs, run.profile(), run.memory_profile())
    shutil.rmtree(home)
    return found
