"""Fit one phase: compile what learns, restore where it was, train, and end with the best weights."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.config import PhaseConfig
from core.training.batches import EpochOrder
from core.training.callbacks import Best, EpochClock, LetGo, Watcher
from core.training.checkpoint import Checkpoint, Progress, Weights
from core.training.optimizer_state import restore
from core.training.reporter import Reporter
from core.training.store import Entry

EXECUTION_SECONDS = 0.2  # how long one call of the training function should take, so that Stop answers
MOST_STEPS = 64  # of one execution


@dataclass(frozen=True)
class PhaseData:
    """What one phase trains on."""

    training: tf.data.Dataset  # batches of (x, label), shuffled by `order`
    validation: tf.data.Dataset  # batches of (x, label)
    samples: Any  # x of the dozen sample examples
    sample_rows: list[int]  # their places in the manifest
    order: EpochOrder
    steps: int  # of an epoch
    batch_size: int  # of a step, a part of the batch where `parts` is above 1
    parts: int  # steps whose gradients make one update
    class_weights: dict[int, float] | None
    entry: Entry | None  # of the store, where the batches are read from it


@dataclass(frozen=True)
class Outcome:
    """How a phase's training ended."""

    asked: str | None  # stop or skip, when people asked
    broken: bool  # the loss was no longer a number
    steps_taken: int


def fit(
    learner: keras.Model,
    config: PhaseConfig,
    data: PhaseData,
    n_classes: int,
    patience: int | None,
    progress: Progress,
    resumed: Checkpoint | None,
    began: float,
    reporter: Reporter,
    save: Callable[[Checkpoint], None],
    start: Weights,
) -> Outcome:
    """Train `learner` from where `progress` is to the end of the phase, and leave the best weights in it.

    Args:
        learner: the model that learns; its `trainable_variables` are what the optimizer gets.
        config: epochs, rate and optimizer of the phase.
        data: batches and samples.
        n_classes: decides loss and metric.
        patience: epochs without a better held-out loss before the phase ends, None for all epochs.
        progress: changed in place.
        resumed: the checkpoint to go on from, None at the phase's start.
        began: when the phase began, by `time.monotonic`.
        reporter: gets the events.
        save: keeps a checkpoint.
        start: the weights at the phase's start, which it goes back to when there are no better ones and training
            broke them.
    """
    answer = tf.function(lambda x: probabilities(learner(x, training=False), n_classes), autograph=False)
    steps = _steps_per_execution(answer, data)
    with (learner.distribute_strategy or tf.distribute.get_strategy()).scope():
        learner.compile(
            optimizer=optimizer(config, data.steps, data.parts),
            loss=loss(n_classes),
            metrics=[accuracy(n_classes)],
            steps_per_execution=steps,
        )
        learner.optimizer.build(learner.trainable_variables)
    if resumed is not None:
        assign(learner.trainable_variables, resumed.weights)
        restore(learner.optimizer, resumed.optimizer, resumed.accumulated, resumed.progress.parts, data.parts)
    watcher = Watcher(reporter, progress.phase, config.epochs, progress.epochs_before, data.batch_size)
    best = Best(
        reporter,
        progress,
        resumed.best if resumed is not None else [],
        patience,
        lambda: _rounded(answer(data.samples).numpy()),
        data.sample_rows,
        began,
        save,
    )
    best.set_model(learner)
    if not (patience is not None and progress.wait >= patience):
        learner.fit(
            data.training,
            validation_data=data.validation,
            initial_epoch=progress.epoch,
            epochs=config.epochs,
            class_weight=data.class_weights,
            shuffle=False,
            callbacks=[EpochClock(data.order, progress.epochs_before), watcher, best, *_let_go(data)],
            verbose=0,
        )
    if best.best or best.broken:
        assign(learner.trainable_variables, best.best or start)
    progress.ended = watcher.answered != "stop" and not (best.broken and not best.best)
    if progress.ended:
        best.save()
    return Outcome(watcher.answered, best.broken, watcher.steps_taken)


def _let_go(data: PhaseData) -> list[LetGo]:
    return [LetGo(data.entry)] if data.entry is not None else []


def optimizer(config: PhaseConfig, steps: int, parts: int = 1) -> keras.optimizers.Optimizer:
    """The optimizer of a phase, with its schedule over `steps` an epoch, of which `parts` make one update."""
    rate: Any = config.learning_rate
    total = max(1, config.epochs * steps)
    warmup = int(total * config.warmup)
    if config.schedule == "linear":
        rate = WarmupThenLinear(config.learning_rate, warmup, total)
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            config.learning_rate / max(1, warmup) if warmup else config.learning_rate,
            decay_steps=max(1, total - warmup),
            warmup_target=config.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    each = {"gradient_accumulation_steps": parts if parts > 1 else None}
    if config.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, **each)
    if config.optimizer == "sgd":
        decay = config.weight_decay or None
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay, **each)
    return keras.optimizers.Adam(rate, **each)


class WarmupThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """Climbs over `warmup` steps to `peak`, then falls to zero at step `total` (Devlin et al. 2018, appendix A.3)."""

    def __init__(self, peak: float, warmup: int, total: int) -> None:
        """Steps are counted from 0."""
        self.peak, self.warmup, self.total = peak, warmup, total

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, float32."""
        step = keras.ops.cast(step, "float32") + 1.0
        climbed = step / max(1, self.warmup)
        left = (self.total + 1.0 - step) / max(1, self.total - self.warmup)
        return self.peak * keras.ops.clip(keras.ops.minimum(climbed, left), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"peak": self.peak, "warmup": self.warmup, "total": self.total}


def loss(n_classes: int) -> keras.losses.Loss:
    """Binary cross-entropy for two classes, softmax cross-entropy for more; both on logits."""
    if n_classes == 2:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy(n_classes: int) -> keras.metrics.Metric:
    """The share of examples whose most probable class is the right one."""
    if n_classes == 2:
        return keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")
    return keras.metrics.SparseCategoricalAccuracy(name="accuracy")


def targets(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Labels as the loss wants them: float32 `(n, 1)` for two classes, int32 `(n,)` for more."""
    return labels.astype("float32")[:, None] if n_classes == 2 else labels.astype("int32")


def probabilities(logits: tf.Tensor, n_classes: int) -> tf.Tensor:
    """`(N, 1)` or `(N, n_classes)` logits -> `(N, n_classes)` probabilities."""
    logits = tf.cast(logits, tf.float32)
    return tf.sigmoid(tf.concat([-logits, logits], axis=-1)) if n_classes == 2 else tf.nn.softmax(logits)


def assign(variables: list[Any], values: list[np.ndarray]) -> None:
    """Set each variable to its value."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _steps_per_execution(answer: Callable[[Any], tf.Tensor], data: PhaseData) -> int:
    """As many steps as fit into `EXECUTION_SECONDS`, from the time that the sample examples take.

    Around a tiny model Keras's own 7 ms a step dominate; a large one must give Stop a chance.
    """
    answer(data.samples)
    began = time.perf_counter()
    answer(data.samples)
    step = 3 * (time.perf_counter() - began) * data.batch_size / max(1, len(data.sample_rows))
    return int(np.clip(EXECUTION_SECONDS / max(step, 1e-6), 1, min(MOST_STEPS, data.steps)))


def _rounded(values: np.ndarray) -> list[list[float]]:
    return [[round(float(p), 5) for p in row] for row in values]
