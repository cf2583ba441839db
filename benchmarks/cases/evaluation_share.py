"""What judging a run and looking into its network add to its time."""

import shutil

from benchmarks.pictures import cats_and_dogs
from benchmarks.registry import ALONE, Measured, Settings, benchmark
from benchmarks.thaw_run import train

_EVALUATION = ("judging", "looking")  # in what the run says that it is doing


@benchmark(
    "evaluation_share",
    "evaluation of a Recommended run, beside all else that it does, cold store",
    "",
    kind=ALONE,
    goal=20,
    unit="%",
)
def evaluation_share(settings: Settings) -> Measured:
    """By the run's own account of its stages; what the epochs' held-out figures take belongs to the training."""
    data, words = cats_and_dogs(settings.home, settings.quick)
    few = {"phase1": {"epochs": 2}, "phase2": {"epochs": 1}} if settings.quick else {}
    size = 64 if settings.quick else 160
    found = Measured(
        [],
        how=f"EfficientNet-Lite0, {size} px, {words}; judging both phases with the complete network and looking into "
        "it, in percent of reading, building, extraction, epochs and saving",
    )
    for _ in range(settings.pairs or (1 if settings.quick else 3)):
        home = settings.home / "cold"
        ours = train(home, data, preset="recommended", image_size=size, **few)
        found.profile = ours.profile()
        took = sum(value for stage, value in found.profile.items() if any(word in stage for word in _EVALUATION))
        found.ours.append(100 * took / (ours.seconds - took))
        found.more.setdefault("evaluation_seconds", []).append(round(took, 2))
        found.more.setdefault("seconds", []).append(round(ours.seconds, 2))
        shutil.rmtree(home)
    return found
