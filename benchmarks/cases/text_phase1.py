"""Phase 1 on texts from nothing, against the same frozen encoder trained with KerasHub's classifier."""

import shutil

from benchmarks.recipe_times import scaled
from benchmarks.registry import FASTER, Measured, Settings, benchmark
from benchmarks.side import fresh
from benchmarks.texts import reviews
from benchmarks.thaw_run import train

LENGTH = 64  # tokens
EPOCHS = 10
RECIPE_EPOCHS = 2  # measured; the first one compiles


@benchmark(
    "text_phase1",
    f"phase 1, {EPOCHS} epochs, MiniLM, {LENGTH} tokens, 10,662 sentences, cold store",
    "KerasHub's classifier on the frozen encoder",
    kind=FASTER,
    goal=8,
)
def text_phase1(settings: Settings) -> Measured:
    """A round takes some minutes on two cores, so there is one."""
    data, words = reviews(settings.home, settings.quick)
    found = Measured(
        [],
        [],
        f"{words}; recipe: {RECIPE_EPOCHS} epochs measured, scaled to {EPOCHS}; ours whole: reading, tokens, building, "
        "extraction, epochs, judging with the complete network, saving, looking in; both after their imports",
    )
    for _ in range(settings.pairs or 1):
        recipe = fresh("benchmarks.recipe:minilm", data=str(data), length=LENGTH, epochs=RECIPE_EPOCHS)
        home = settings.home / "ours"
        ours = train(
            home,
            data,
            task="text",
            preset="recommended",
            sequence_length=LENGTH,
            unfreeze="none",
            early_stopping=False,
            phase1={"epochs": EPOCHS},
        )
        found.ours.append(ours.seconds)
        found.theirs.append(recipe["setup"] + scaled(recipe["epochs"], EPOCHS))
        found.more = {"recipe": recipe, "val_accuracy": (ours.run.evaluation(1) or {})["accuracy"]}
        found.profile = ours.profile()
        shutil.rmtree(home)
    return found
