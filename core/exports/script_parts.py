"""Pieces of a standalone `train.py` that do not depend on the modality, chosen by the run's settings."""

import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path
from string import Template
from typing import Any

from core.config import PhaseConfig, RunConfig
from core.cost import deepest_cut
from core.errors import RunError
from core.models import thaw
from core.models.thaw import Structure
from core.record import Run

FOLDER = Path(__file__).parent

_OPTIMIZER = {
    "adam": "keras.optimizers.Adam(rate)",
    "adamw": "keras.optimizers.AdamW(rate, weight_decay={weight_decay})",
    "sgd": "keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay={weight_decay})",
}
_LINEAR = '''
class Linear(keras.optimizers.schedules.LearningRateSchedule):
    """Climbs over `warmup` steps to `peak`, then falls to zero at step `total`."""

    def __init__(self, peak, warmup, total):
        self.peak, self.warmup, self.total = peak, max(1, warmup), total

    def __call__(self, step):
        done = tf.cast(step, tf.float32) + 1.0
        left = (self.total + 1.0 - done) / max(1, self.total - self.warmup)
        return self.peak * tf.clip_by_value(tf.minimum(done / self.warmup, left), 0.0, 1.0)

'''
_COSINE = '''
def cosine(peak, warmup, total):
    """Climbs over a share of the steps, then falls as a cosine does."""
    warm = int(total * warmup)
    start = {"warmup_target": peak, "warmup_steps": warm} if warm else {}
    return keras.optimizers.schedules.CosineDecay(peak / max(1, warm), max(1, total - warm), **start)

'''
_SCHEDULES = {"cosine": _COSINE, "linear": _LINEAR}
_REMEMBER = "    frozen = model.get_weights()"
_KEEP_BETTER = """
    if second < first:  # phase 2 made it worse
        model.set_weights(frozen)
    kept = max(first, second)
"""
_KEEPING: dict[Any, str] = {  # what people chose
    1: """
    model.set_weights(frozen)  # as people chose, the model of phase 1 is kept, whether or not it is better
    kept = first
""",
    2: """
    kept = second  # as people chose, the model of phase 2 is kept, whether or not it is better
""",
}


def filled(template: str, gaps: dict[str, object]) -> str:
    """A template of this folder with its gaps filled, and no more than two empty lines in a row."""
    text = Template((FOLDER / template).read_text(encoding="utf-8")).substitute(gaps)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for i, line in enumerate(lines) if line or lines[i - 2 : i] != ["", ""]) + "\n"


def common(
    run: Run, config: RunConfig, root: str, own_limits: Sequence[str], learning: Collection[str]
) -> dict[str, object]:
    """The gaps that every script has.

    Args:
        run: what the script reproduces.
        config: its settings.
        root: the folder of its data.
        own_limits: what differs from the run because of the modality.
        learning: the backbone's layers that learn in phase 2; there is none without any.
    """
    schedules = {config.phase1.schedule} | ({config.phase2.schedule} if learning else set())
    return {
        "run_id": run.id,
        "expected": _expected(run),
        "limits": _limits(run, config, own_limits),
        "run": repr(str(run.path.absolute())),
        "data": repr(root),
        "batch": config.batch_size,
        "seed": config.seed,
        "patience": f"{config.patience}  # epochs without a lower held-out loss before a phase ends"
        if config.early_stopping
        else "None  # every epoch is trained",
        "phase1": _phase(config.phase1),
        "phase2": f"PHASE_2 = {_phase(config.phase2)}" if learning else "",
        "schedules": "".join(_SCHEDULES.get(kind, "") for kind in sorted(schedules)),
        "fitting": filled("train_fitting.py.txt", {"head": _head(config)}).rstrip("\n"),
        "class_weights": _class_weights(config),
    }


def fine_tuned(config: RunConfig, structure: Structure | None) -> list[str]:
    """The backbone's layers that learn in phase 2, in its order; none where the run trains its head alone.

    Raises:
        RunError: there is a phase 2, and `structure` is None.
    """
    if not config.phase2.epochs or config.unfreeze == "none":
        return []
    if structure is None:
        raise RunError(f"The layers of {config.backbone} with the weights {config.weights!r} are not known here.")
    learning = thaw.learning(config, structure)
    return [row["name"] for row in structure["layers"] if row["name"] in learning]


def kept_layers(run: Run, config: RunConfig, structure: Structure | None, learning: Collection[str]) -> int:
    """How many of the backbone's layers phase 2 took from the store, where maps are rounded; 0 where it ran them all.

    It also is where augmentation is on: the script draws other copies, so rounding makes them no more alike.
    """
    phases = [e["mode"] for e in run.events(("phase",)) if e["phase"] == 2]
    stored = phases[-1] == "cached" if phases else config.cache
    cut = deepest_cut(structure, frozenset(learning)) if structure and stored and config.augmentation == "off" else None
    return 0 if structure is None or cut is None else structure["layers"].index(cut) + 1


def keeping(run: Run) -> tuple[str, str]:
    """The lines before and after the steps of phase 2 by which the script keeps the model that the run keeps."""
    chosen = run.notes().get("kept")
    return "" if chosen == 2 else _REMEMBER, _KEEPING.get(chosen, _KEEP_BETTER).strip("\n")


def _expected(run: Run) -> str:
    found = {phase: run.evaluation(phase) for phase in (1, 2)}
    said = [f"{100 * f['accuracy']:.2f} % after phase {phase}" for phase, f in found.items() if f]
    return ", ".join(said) or "not known yet"


def _limits(run: Run, config: RunConfig, own: Sequence[str]) -> str:
    """What differs from the run, as lines of the script's docstring; first what is the modality's own."""
    said = list(own)
    if config.augmentation != "off":
        said.append("Augmented copies are drawn by Keras, so they are not the very same: expect similar figures.")
    if config.mixed_precision:
        said.append("The run used mixed precision where there was a GPU; this script does not.")
    if any("stored_from" in e for e in run.events(("note",))):
        said.append("Stored maps were computed from an earlier layer's, rounded there too: expect similar figures.")
    if cut := _cut_short(run, config):
        said.append(cut)
    if run.status().get("state") != "done":
        said.append("The run did not end by itself; this script trains all of its epochs.")
    if run.corrections():
        said.append("Corrected labels and excluded examples are those of dataset.json.")
    said = said or ["Nothing that is known of."]
    return "\n".join(textwrap.fill(line, 112, initial_indent="- ", subsequent_indent="  ") for line in said)


def _cut_short(run: Run, config: RunConfig) -> str:
    """That phase 1 was left for phase 2 before its end, which neither its epochs nor their patience explain."""
    one = run.evaluation(1) or {}
    trained, best, asked = one.get("epochs"), one.get("best_epoch"), config.phase1.epochs
    if not isinstance(trained, int) or not isinstance(best, int) or trained >= asked:
        return ""
    if config.early_stopping and trained - best >= config.patience:
        return ""
    return f"Phase 1 was left for phase 2 after {trained} of its {asked} epochs; this script goes on with it."


def _phase(phase: PhaseConfig) -> str:
    rate = repr(phase.learning_rate)
    if phase.schedule == "cosine":
        rate = f"cosine({phase.learning_rate!r}, {phase.warmup!r}, total)"
    elif phase.schedule == "linear":
        rate = f"Linear({phase.learning_rate!r}, int(total * {phase.warmup!r}), total)"
    optimizer = _OPTIMIZER[phase.optimizer].format(weight_decay=phase.weight_decay)
    if phase.optimizer == "sgd":
        optimizer = optimizer.replace(", weight_decay=0.0", "")  # Keras refuses a decay of 0 there
    return f"EPOCHS, lambda total: {optimizer.replace('rate', rate, 1)}".replace("EPOCHS", str(phase.epochs))


def _head(config: RunConfig) -> str:
    lines, head = [], config.head
    if head.hidden_units:
        start = "kernel_initializer=keras.initializers.GlorotUniform(SEED)"
        lines.append(f'    x = keras.layers.Dense({head.hidden_units}, "relu", {start})(x)')
    if head.dropout:
        lines.append(f"    x = keras.layers.Dropout({head.dropout!r}, seed=SEED + 2)(x)")
    return "\n".join(lines)


def _class_weights(config: RunConfig) -> str:
    if not config.class_weights:
        return "    weights = None"
    return (
        "    count = np.bincount(labels[train].ravel().astype(int))  # a rare class counts as much as a frequent one\n"
        "    weights = dict(enumerate(len(train) / (len(count) * count)))"
    )
