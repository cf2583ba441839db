"""When memory runs out, batches are halved, gradients are accumulated, and the run goes on and says so."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core import record
from core.config import PhaseConfig, from_json
from core.failures import MEMORY, explain, is_out_of_memory
from core.run_list import create_run
from core.training import optimizer_state
from core.training.callbacks import Best, Watcher
from core.training.extract import BATCH
from core.training.fitting import optimizer
from core.training.reporter import Reporter
from core.training.room import with_room
from core.training.trainer import train


def exhausted() -> tf.errors.ResourceExhaustedError:
    return tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[32,112,112,96]")


@pytest.fixture
def run(pictures):
    settings = {
        "image_size": 32,
        "unfreeze": "blocks:1",
        "phase1": {"epochs": 3},
        "phase2": {"epochs": 3, "optimizer": "adamw", "schedule": "cosine"},
        "head": {"dropout": 0.0},
        "batch_size": 8,
    }
    return create_run(from_json({"data": str(pictures), "task": "image", **settings}), {})


def fail_when(monkeypatch, condition):
    """Raise as an accelerator does, once, at the first step where `condition(watcher, steps so far)` holds."""
    honest, failed = Watcher.on_train_batch_end, []

    def step(self, batch, logs=None):
        honest(self, batch, logs)
        if not failed and condition(self, self.steps_taken):
            failed.append(True)
            raise exhausted()

    monkeypatch.setattr(Watcher, "on_train_batch_end", step)
    return failed


@pytest.mark.parametrize(("phase", "epoch"), [pytest.param(1, 1, marks=pytest.mark.slow), (2, 5)])
def test_a_phase_goes_on_with_half_the_batch_and_a_note(run, monkeypatch, phase, epoch):
    failed = fail_when(monkeypatch, lambda watcher, _: watcher.phase == phase and watcher._epoch == epoch)
    monkeypatch.setattr("core.training.callbacks.BATCH_EVENT_SECONDS", 0.0)  # short epochs write theirs too
    train(run, Reporter(run))
    assert failed
    assert run.state() == record.DONE
    assert [e["epoch"] for e in run.events(("epoch",))] == [1, 2, 3, 4, 5, 6]
    notes = [e["message"] for e in run.events(("note",)) if "memory" in e["message"]]
    assert notes == [
        "The memory ran out. Going on with 4 examples at a time. The gradients of 2 steps make one update."
    ]
    batches = [(e["epoch"], e["steps"]) for e in run.events(("batch",))]
    assert (6, 8) in batches  # 32 training pictures


def test_memory_that_lacks_for_the_first_epochs_checkpoint_leaves_no_epoch_twice(run, monkeypatch):
    honest, failed = Best.save, []

    def save(self):
        if not failed:
            failed.append(self.progress.epoch)
            raise MemoryError
        honest(self)

    monkeypatch.setattr(Best, "save", save)
    train(run, Reporter(run))
    assert failed == [1]
    assert [e["epoch"] for e in run.events(("epoch",))] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_memory_that_never_suffices_ends_in_a_sentence(run, monkeypatch):
    def step(self, batch, logs=None):
        raise exhausted()

    monkeypatch.setattr(Watcher, "on_train_batch_end", step)
    with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        train(run, Reporter(run))
    assert [e["message"].split(".")[1] for e in run.events(("note",)) if "memory" in e["message"]] == [
        f" Going on with {n} examples at a time" for n in (4, 2, 1)
    ]
    assert explain(caught.value) == MEMORY


def test_the_pass_over_the_examples_and_the_judging_halve_too(run, monkeypatch):
    asked = []
    from core.training import batches

    honest = batches.loaded

    def loaded(source, rows, views, batch):
        asked.append(batch)
        if asked.count(batch) == 1 and batch > BATCH // 4:
            raise exhausted()
        return honest(source, rows, views, batch)

    monkeypatch.setattr(batches, "loaded", loaded)
    train(run, Reporter(run))
    assert run.state() == record.DONE
    assert asked[:3] == [BATCH, BATCH // 2, BATCH // 4]
    assert not list(run.path.parent.parent.glob("cache/features/.*"))


def test_only_a_lack_of_memory_is_answered_that_way(run):
    def work(batch):
        raise ValueError(batch)

    with pytest.raises(ValueError, match="8"):
        with_room(work, 8, Reporter(run))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(OSError())


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_accumulated_halves_move_the_weights_as_the_whole_batch_does(name):
    x, y = np.random.default_rng(0).normal(size=(32, 5)).astype("float32"), np.arange(32) % 2
    config = PhaseConfig(optimizer=name, epochs=2, learning_rate=0.05, weight_decay=0.01)

    def learn(parts, batch, state=None, before=1):
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile(optimizer=optimizer(config, 4, parts), loss=keras.losses.BinaryCrossentropy(from_logits=True))
        model.optimizer.build(model.trainable_variables)
        if state:
            model.set_weights(state[0])
            optimizer_state.restore(model.optimizer, *state[1], before, parts)
        model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)
        return model.get_weights(), optimizer_state.state(model.optimizer)

    whole, halves = learn(1, 8), learn(2, 4)
    for a, b in zip(whole[0], halves[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert [v.shape for v in halves[1][0]] == [v.shape for v in whole[1][0]]  # the same checkpoint, whatever the parts
    went_on = learn(2, 4, whole, 1)  # a run that runs out of memory in its second epoch
    for a, b in zip(learn(1, 8, whole, 1)[0], went_on[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
