"""Both phases of the Tutorial preset with VGG16, against the recipe that it comes from."""

import shutil
import statistics

from benchmarks.pictures import cats_and_dogs
from benchmarks.recipe_times import scaled
from benchmarks.registry import FASTER, Measured, Settings, benchmark
from benchmarks.side import fresh
from benchmarks.thaw_run import train

SIZE = 150
EPOCHS = 10
RECIPE_EPOCHS = 2  # of each phase; the first one compiles


@benchmark(
    "vgg16_phase2_epoch",
    f"one epoch of phase 2, VGG16, {SIZE} px, `layers:4`",
    "the tutorial's recipe",
    kind=FASTER,
    goal=3.5,
    group="tutorial_vgg16",
)
@benchmark(
    "vgg16_both_phases",
    "both phases, Tutorial preset, VGG16, 10 + 10 epochs, cold store",
    "the tutorial's recipe",
    kind=FASTER,
    goal=5,
    group="tutorial_vgg16",
)
def tutorial_vgg16(settings: Settings) -> dict[str, Measured]:
    """A round takes about ten minutes on two cores, so there is one."""
    data, words = cats_and_dogs(settings.home, settings.quick)
    size, epochs = (32, 2) if settings.quick else (SIZE, EPOCHS)
    how = (
        f"{words}, random weights; recipe: {RECIPE_EPOCHS} epochs of each phase measured, scaled to {epochs} each; "
        "ours whole, judging and saving both models included"
    )
    epoch = Measured(
        [], [], f"{words}, random weights; median epoch without a phase's first one, samples and checkpoint in ours"
    )
    both = Measured([], [], how)
    for _ in range(settings.pairs or 1):
        recipe = fresh(
            "benchmarks.recipe:vgg16", data=str(data), size=size, epochs1=RECIPE_EPOCHS, epochs2=RECIPE_EPOCHS
        )
        home = settings.home / "ours"
        length = {"epochs": epochs}
        ours = train(home, data, preset="tutorial", image_size=size, weights="random", phase1=length, phase2=length)
        both.profile = epoch.profile = ours.profile()
        shutil.rmtree(home)
        epoch.ours.append(statistics.median(ours.apart[2]))
        epoch.theirs.append(statistics.median(recipe["epochs2"][1:]))
        both.ours.append(ours.seconds)
        both.theirs.append(recipe["setup"] + sum(scaled(recipe[f"epochs{n}"], epochs) for n in (1, 2)))
        both.more = {"recipe": recipe, "ours_epochs": ours.epochs}
    return {"vgg16_phase2_epoch": epoch, "vgg16_both_phases": both}
