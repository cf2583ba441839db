"""A second run with another head: what people wait for when they try something."""

from benchmarks.pictures import cats_and_dogs
from benchmarks.registry import ALONE, Measured, Settings, benchmark
from benchmarks.thaw_run import train


@benchmark(
    "second_run",
    "second run with another head, from the worker's imports to the first epoch row",
    "",
    kind=ALONE,
    goal=1.5,
)
def second_run(settings: Settings) -> Measured:
    """The store is warm; each run has a head that none had before."""
    data, words = cats_and_dogs(settings.home, settings.quick)
    size = 64 if settings.quick else 160
    common = {"image_size": size, "unfreeze": "none", "early_stopping": False}
    train(settings.home, data, **common, phase1={"epochs": 1})
    found = Measured([], how=f"EfficientNet-Lite0, {size} px, {words}; hidden layers of growing width")
    for i in range(settings.pairs or (1 if settings.quick else 5)):
        head = {"hidden_units": 32 * (i + 1)}
        ours = train(settings.home, data, **common, head=head, phase1={"epochs": 2})
        found.ours.append(ours.first_row)
        found.more.setdefault("whole_process", []).append(ours.whole)
        found.profile = ours.profile()
    return found
