"""Phase 1 from nothing, and a head's epoch from a warm store, against the tutorial's recipe."""

import shutil
import statistics
from pathlib import Path
from typing import Any

from benchmarks.pictures import cats_and_dogs
from benchmarks.recipe_times import scaled
from benchmarks.registry import FASTER, Measured, Settings, benchmark
from benchmarks.side import fresh
from benchmarks.thaw_run import Trained, train

SIZE = 160
RECIPE_EPOCHS = 3  # measured; the first one compiles
_WHAT = f"phase 1, {{}} epochs, EfficientNet-Lite0, {SIZE} px, 1,441 + 361 JPEGs, cold store"


@benchmark(
    "warm_head_epoch",
    "one head epoch, warm store",
    "one frozen epoch of the recipe",
    kind=FASTER,
    goal=100,
    group="phase1",
)
@benchmark("phase1_20_epochs", _WHAT.format(20), "the tutorial's recipe", kind=FASTER, goal=22, group="phase1")
@benchmark("phase1_10_epochs", _WHAT.format(10), "the tutorial's recipe", kind=FASTER, goal=12, group="phase1")
def phase1(settings: Settings) -> dict[str, Measured]:
    """Each round: the recipe, ours with 10 and with 20 epochs from an empty store, and ours again from a warm one."""
    data, words = cats_and_dogs(settings.home, settings.quick)
    how = (
        f"{words}; recipe: {RECIPE_EPOCHS} epochs measured, scaled to {{}}; ours whole: reading and hashing the files, "
        "building, extraction, epochs, judging with the complete network, saving; both after their imports"
    )
    ten, twenty = Measured([], [], how.format(10)), Measured([], [], how.format(20))
    warm = Measured(
        [],
        [],
        f"{words}; medians of a run's epochs without the first, each from end to end; held-out examples judged in "
        "both, samples and a checkpoint in ours",
    )
    for i in range(settings.pairs or (1 if settings.quick else 5)):
        if i % 2 == 0:  # each side begins in turn
            recipe = _recipe(data)
        cold = {epochs: _cold(settings.home / "cold", data, epochs) for epochs in (10, 20)}
        home = settings.home / "warm"
        if not home.exists():
            _train(home, data, 1)
        again = _train(home, data, 10)
        if i % 2:
            recipe = _recipe(data)
        for found, epochs in ((ten, 10), (twenty, 20)):
            ours, accuracy, profile = cold[epochs]
            found.ours.append(ours.seconds)
            found.theirs.append(recipe["setup"] + scaled(recipe["epochs"], epochs))
            found.more.setdefault("whole_process", []).append(ours.whole)
            found.more.setdefault("val_accuracy", []).append(accuracy)
            found.more.setdefault(f"recipe_val_accuracy_after_{RECIPE_EPOCHS}", []).append(recipe["val_accuracy"])
            found.profile = profile
        warm.ours.append(statistics.median(again.apart[1]))
        warm.theirs.append(statistics.median(recipe["epochs"][1:]))
        warm.profile = again.profile()
    return {"phase1_10_epochs": ten, "phase1_20_epochs": twenty, "warm_head_epoch": warm}


def _recipe(data: Path) -> dict[str, Any]:
    return fresh("benchmarks.recipe:lite0", data=str(data), size=SIZE, epochs=RECIPE_EPOCHS)


def _cold(home: Path, data: Path, epochs: int) -> tuple[Trained, float, dict[str, float]]:
    """A run from nothing, its held-out accuracy, and what took its time; its folder is removed."""
    ours = _train(home, data, epochs)
    found = ours, (ours.run.evaluation(1) or {})["accuracy"], ours.profile()
    shutil.rmtree(home)
    return found


def _train(home: Path, data: Path, epochs: int) -> Trained:
    return train(home, data, image_size=SIZE, unfreeze="none", early_stopping=False, phase1={"epochs": epochs})
