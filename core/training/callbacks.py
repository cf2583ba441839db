"""What happens around `fit`: the epoch's order, progress and requests, the best weights, checkpoints."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.training import optimizer_state
from core.training.batches import EpochOrder
from core.training.checkpoint import Checkpoint, Progress, Weights
from core.training.reporter import STEPS, Reporter
from core.training.store import Entry

BATCH_EVENT_SECONDS = 0.2
STOP_SECONDS = 1.0  # after a stop was seen, in which held-out figures may still come to their end
EPOCH_STRIDE = 2**20  # draws of one epoch that dropout may make before it repeats another epoch's


class EpochClock(keras.callbacks.Callback):
    """Sets everything random to the epoch: the order of examples, augmentation and dropout."""

    def __init__(self, order: EpochOrder, epochs_before: int) -> None:
        super().__init__()
        self.order, self.epochs_before = order, epochs_before

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counted over the whole run, so that phase 2 does not repeat phase 1's order."""
        now = self.epochs_before + epoch
        self.order.epoch.assign(now)
        for layer in self.model._flatten_layers():
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                state = generator.state.numpy()
                state[-1] = now * EPOCH_STRIDE % 2**32
                generator.state.assign(state)


class LetGo(keras.callbacks.Callback):
    """Gives back, after every execution, the memory of what was read from the store: else all of it would add up."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After some steps."""
        self.entry.let_go()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After some held-out batches."""
        self.entry.let_go()


class Watcher(keras.callbacks.Callback):
    """Progress within an epoch, and the answer to Stop and Skip."""

    def __init__(self, reporter: Reporter, phase: int, epochs: int, epochs_before: int, batch_size: int) -> None:
        super().__init__()
        self.reporter, self.phase, self.epochs = reporter, phase, epochs
        self.epochs_before, self.batch_size = epochs_before, batch_size
        self.answered: str | None = None  # stop or skip
        self.steps_taken = 0
        self._epoch = self._began = self._last_event = self._seen = 0.0
        self._epoch_seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the new epoch."""
        self._epoch, self._began, self._step = self.epochs_before + epoch + 1, time.monotonic(), 0
        self.reporter.status(
            at_once=False,
            phase=self.phase,
            epoch=self._epoch,
            epochs=self.epochs_before + self.epochs,
            step=0,
            steps=self.params["steps"],
            unit=STEPS,
            message=f"Phase {self.phase}: training",
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called once an execution; `batch` is the last step that it made."""
        self.steps_taken += batch + 1 - self._step
        self._step = batch + 1
        if time.monotonic() - self._last_event >= BATCH_EVENT_SECONDS:
            self._last_event = time.monotonic()
            self._show(logs or {})
        self._answer()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After some held-out batches: a stop does not wait for many more, and the epoch then counts for nothing."""
        self._answer()
        if self.answered == "stop" and time.monotonic() - self._seen >= STOP_SECONDS:
            self.model.stop_evaluating = True

    def _answer(self) -> None:
        action = self.reporter.asked()
        if action == self.answered or not (action == "stop" or (action == "skip" and self.phase == 1)):
            return
        self.answered, self._seen = action, time.monotonic()
        self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember how long it took."""
        self._epoch_seconds.append(time.monotonic() - self._began)

    def _show(self, logs: dict[str, Any]) -> None:
        steps, spent = self.params["steps"] or 1, time.monotonic() - self._began
        rate = round(self._step * self.batch_size / max(spent, 1e-6), 1)
        an_epoch = float(np.mean(self._epoch_seconds)) if self._epoch_seconds else spent * steps / self._step
        left = self.epochs_before + self.epochs - self._epoch + 1 - self._step / steps
        running = {name: float(logs[name]) for name in ("loss", "accuracy") if name in logs}
        self.reporter.event(
            "batch",
            phase=self.phase,
            epoch=self._epoch,
            step=self._step,
            steps=steps,
            images_per_second=rate,
            **running,
        )
        self.reporter.status(step=self._step, images_per_second=rate, eta_s=round(an_epoch * left, 1))


class Best(keras.callbacks.Callback):
    """Keeps the weights with the lowest held-out loss, ends the phase when it no longer falls, saves checkpoints."""

    def __init__(
        self,
        reporter: Reporter,
        progress: Progress,
        best: Weights,
        patience: int | None,
        samples: Callable[[], list[list[float]]],
        sample_rows: list[int],
        began: float,
        save: Callable[[Checkpoint], None],
    ) -> None:
        """`patience` is None without early stopping; `began` is when the phase began; `save` keeps a checkpoint."""
        super().__init__()
        self.reporter, self.progress, self.best = reporter, progress, best
        self.patience, self.samples, self.sample_rows, self._save = patience, samples, sample_rows, save
        self.broken = False  # the loss is no longer a number
        self._began = began

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch_began, self._step = time.monotonic(), 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A loss that is not a number never comes back: end the phase."""
        self._step = batch + 1
        if logs and not math.isfinite(float(logs.get("loss", 0.0))):
            self.broken = self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's row, weigh it, and keep a checkpoint.

        An epoch that was cut short leaves the one before in place: a resumed run makes it whole, and ends as one that
        nobody stopped. Where even its held-out figures were, they say nothing.
        """
        if getattr(self.model, "stop_evaluating", False):
            return
        row = {name: float(value) for name, value in (logs or {}).items()}
        if self.broken or "val_loss" not in row or not math.isfinite(row["val_loss"]):
            self.broken = self.broken or "val_loss" in row
            self.model.stop_training = True
            return
        p = self.progress
        p.epoch = epoch + 1
        number = p.epochs_before + p.epoch
        rate = float(tf.convert_to_tensor(self.model.optimizer.learning_rate))
        self.reporter.event(
            "epoch",
            phase=p.phase,
            epoch=number,
            **{k: row[k] for k in ("loss", "accuracy", "val_loss", "val_accuracy")},
            learning_rate=rate,
            seconds=round(time.monotonic() - self._epoch_began, 4),
        )
        self.reporter.event("samples", phase=p.phase, epoch=number, rows=self.sample_rows, probabilities=self.samples())
        self._weigh(row["val_loss"])
        if self._step >= (self.params["steps"] or 0):
            self.save()

    def save(self) -> None:
        """Keep a checkpoint of this moment."""
        self.progress.seconds = time.monotonic() - self._began
        self.progress.events = self.reporter.offset()
        model = self.model
        weights = [v.numpy() for v in model.trainable_variables]
        optimizer, accumulated = optimizer_state.state(model.optimizer)
        self._save(Checkpoint(self.progress, weights, optimizer, self.best, accumulated))

    def _weigh(self, val_loss: float) -> None:
        p = self.progress
        if val_loss < p.best_loss:
            p.best_loss, p.best_epoch, p.wait = val_loss, p.epoch, 0
            self.best = [v.numpy() for v in self.model.trainable_variables]
        else:
            p.wait += 1
            if self.patience is not None and p.wait >= self.patience:
                self.model.stop_training = True
