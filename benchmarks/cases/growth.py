"""Memory and time of a run as the number of pictures grows."""

import shutil
from typing import Any

from benchmarks.pictures import made
from benchmarks.registry import TIMES, Measured, Settings, benchmark
from benchmarks.thaw_run import Trained, train

COUNTS = (2_000, 10_000, 50_000)
SIZE = 32  # pixels a side that the network sees
EPOCHS = 4


@benchmark(
    "memory_flat_over_epochs",
    "memory of that run without mapped files, last epoch",
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
    """One run of each size, from scan to saved model; a fifth of the pictures is held out."""
    counts = (40, 80, 160) if settings.quick else COUNTS
    how = (
        f"64 × 48 px JPEGs, EfficientNet-Lite0 at {SIZE} px, phase 1, {EPOCHS} epochs, cold store; from imports to end"
    )
    small, middle, large = (_train(settings, n) for n in counts)
    a_picture = [run.seconds / n * 1000 for run, n in zip((small, middle, large), counts, strict=True)]
    own = large.own_at_epochs()
    more: dict[str, Any] = {
        "seconds": [run.seconds for run in (small, middle, large)],
        "peak_mb": [run.peak / 1e6 for run in (small, middle, large)],
        "peak_without_mapped_files_mb": [max(s["own"] for s in run.samples) / 1e6 for run in (small, middle, large)],
        "own_at_epochs_mb": [round(b / 1e6, 1) for b in own],
    }
    own_small, _, own_large = more["peak_without_mapped_files_mb"]
    memory = (
        f"{how}; the highest resident size, mapped files included, which the system takes back when it needs the room; "
        f"without them {own_large:,.0f} against {own_small:,.0f} MB"
    )
    return {
        "time_10000": Measured([a_picture[1]], [a_picture[0]], how, more),
        "time_50000": Measured([a_picture[2]], [a_picture[1]], how, more),
        "memory_50000": Measured([large.peak / 1e6], [small.peak / 1e6], memory, more, large.memory_profile()),
        "memory_flat_over_epochs": Measured([own[-1] / 1e6], [own[0] / 1e6], how, more),
    }


def _train(settings: Settings, n: int) -> Trained:
    data = made(settings.home / f"made{n}", {"train": n * 4 // 5, "validation": n // 5}, (64, 48))
    home = settings.home / f"home{n}"
    trained = train(home, data, image_size=SIZE, unfreeze="none", early_stopping=False, phase1={"epochs": EPOCHS})
    shutil.rmtree(data)
    shutil.rmtree(home / "cache")
    return trained
