"""Numbers, durations and recipes in words, for the files that leave the app."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import catalog, tasks
from core.config import PhaseConfig, RunConfig

FEW = 5  # examples of a class below which its figures say little
_HOW = {"all": "the whole backbone", "none": "nothing"}


def percent(share: float | None, digits: int = 1) -> str:
    """A share such as 0.978 as `97.8 %`; a dash where it is not known."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def interval(bounds: list[float] | None) -> str:
    """`95.7 % to 98.9 %`."""
    return "–" if not bounds else f"{percent(bounds[0])} to {percent(bounds[1])}"


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits; a dash where it is not known. What is not quite 1 is not rounded up to it."""
    if value is None:
        return "–"
    shown = f"{value:.{digits}f}"
    return f"above {1 - 10.0**-digits:.{digits}f}" if value < 1 <= float(shown) else shown


def measured(row: dict[str, Any]) -> dict[str, Any]:
    """A class's figures; where no example of it was there to be found, they are not known."""
    return row if row["support"] else {**row, **dict.fromkeys(("precision", "recall", "recall_interval", "f1"))}


def with_interval(value: float | None, bounds: list[float] | None) -> str:
    """`0.991 (0.985 to 0.995)`; the number alone where its interval is not known."""
    return f"{number(value)} ({span(bounds)})" if bounds else number(value)


def span(bounds: list[float]) -> str:
    """`0.985 to 0.995`."""
    return " to ".join(map(number, bounds))


def points(difference: float) -> str:
    """A difference of shares in percentage points: `+1.9`, `−0.6`."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def average_precision(classes: Sequence[str]) -> str:
    """What the figure is called: of two classes it is the second one's, of more the mean."""
    return f"Average precision of {classes[1]}" if len(classes) == 2 else "Average precision"


def area_method(key: str, classes: int) -> str:
    """How the 95 % interval of an area is found: of one class, or of the mean over more than two."""
    own = "DeLong and Newcombe" if key == "auc" else "Wilson, after Boyd"
    return own if classes == 2 else f"{own} for each class, combined after Zou and Donner"


def interval_methods(recall: str) -> str:
    """How the intervals in a row of each class are found.

    Args:
        recall: what the recall is called there.
    """
    auc, precision = (area_method(key, 2) for key in ("auc", "average_precision"))
    return f"95 % intervals: of {recall} by Wilson, of AUC by {auc}, of average precision by {precision}."


def too_few(rows: Sequence[Mapping[str, Any]], examples: str) -> str:
    """A sentence where classes have too few examples to tell how good their figures are; else nothing.

    Args:
        rows: of `per_class`, each with `class` and `support`.
        examples: what they are called, in the plural.
    """
    names = [str(row["class"]) for row in rows if row["support"] < FEW]
    if not names:
        return ""
    listed = ", ".join(f"“{name}”" for name in names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    has = "has" if len(names) == 1 else "have"
    return f"{listed} {has} fewer than {FEW} {examples} here: too few to tell how well the network knows them."


def duration(seconds: float | None) -> str:
    """`48 s`, `4 min 12 s`, `1 h 20 min`."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def thawed(config: RunConfig) -> str:
    """What learns in phase 2, in words."""
    kind, _, rest = config.unfreeze.partition(":")
    if kind == "names":
        chosen = f"the layers {rest.replace(',', ', ')}"
    else:
        chosen = _HOW.get(kind) or (f"the last {kind[:-1]}" if rest == "1" else f"the last {rest} {kind}")
    return f"LoRA of rank {config.lora_rank} beside the attention of {chosen}" if config.lora_rank else chosen


def phase_row(phase: PhaseConfig) -> str:
    """How a phase learns, in a line."""
    schedule = "" if phase.schedule == "constant" else f", {phase.schedule} schedule"
    return f"up to {phase.epochs} epochs, {phase.optimizer} at {phase.learning_rate:g}{schedule}"


def recipe(config: RunConfig, versions: dict[str, str], seconds: float | None) -> list[tuple[str, str]]:
    """The settings that matter, as pairs of name and value."""
    row = catalog.backbone(config.backbone)
    head = config.head
    hidden = f"{head.hidden_units} hidden units, " if head.hidden_units else ""
    stop = f"after {config.patience} epochs without a lower held-out loss" if config.early_stopping else "off"
    rows = [
        ("Backbone", f"{row.title}, {row.parameters / 1e6:.1f} M parameters, {config.weights} weights ({row.licence})"),
        ("Input", tasks.task(row.task).size(config)),
        ("Head", f"{head.pooling} pooling, {hidden}dropout {head.dropout:g}"),
        ("Phase 1, frozen", phase_row(config.phase1)),
        (f"Phase 2, {config.way}", f"{thawed(config)}; {phase_row(config.phase2)}" if config.phase2.epochs else "none"),
        ("Early stopping", stop),
        ("Augmentation", config.augmentation),
        ("Class weights", "on" if config.class_weights else "off"),
        ("Batch, seed", f"{config.batch_size}, {config.seed}"),
        ("Software", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    return [*rows, ("Time", duration(seconds))]


def counts(dataset: dict[str, Any]) -> dict[str, dict[str, int]]:
    """How many examples each class has in each split, classes in order."""
    classes = [str(name) for name in dataset["classes"]]
    found = {name: dict.fromkeys(("train", "validation", "test"), 0) for name in classes}
    for file in dataset["files"]:
        found[classes[file["label"]]][file["split"]] += 1
    return found
