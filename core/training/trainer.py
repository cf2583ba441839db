"""The story of a run: read the examples, compute the frozen part once, train a head, thaw, fine-tune, judge."""

import time
from dataclasses import replace

import keras

from core import catalog, record, tasks
from core.errors import RunError
from core.failures import is_out_of_memory
from core.models import lora, thaw
from core.models.describe import describe
from core.record import Run
from core.training import checkpoint, devices, divergence, fitting
from core.training.checkpoint import Checkpoint, Progress
from core.training.examples import Examples
from core.training.extract import Target, activations
from core.training.judging import Judge
from core.training.plan import CACHED, Plan, plan, without_room
from core.training.reporter import STEPS, Reporter, StopAskedError
from core.training.room import note_halved
from core.training.store import FeatureStore


def train(run: Run, reporter: Reporter) -> None:
    """Take `run` from wherever its checkpoint is to its end, and say so through `reporter`."""
    saved = _resumed(run, reporter)
    try:
        state = _Training(run, reporter, saved).go()
    except StopAskedError:
        state = record.STOPPED
    reporter.close(state, message="")


def _resumed(run: Run, reporter: Reporter) -> Checkpoint | None:
    """The checkpoint to go on from, with the events cut back to it; None, and no events, where that begins anew."""
    saved = checkpoint.load(run)
    reporter.cut_back(saved.progress.events if saved else 0)
    if saved is None or _is_whole(run, saved.progress):
        return saved
    checkpoint.drop(run)
    for file in (run.evaluation_file(2), run.phase_model_file(2)):  # else phase 1 of now would stand beside them
        file.unlink(missing_ok=True)
    run.write_kept(1)
    reporter.cut_back(0)
    reporter.event("note", message=_HOLES)
    return None


def _is_whole(run: Run, progress: Progress) -> bool:
    """Whether the events tell of every epoch that the checkpoint knows, once; after a power cut some may be lost."""
    told = [event.get("epoch") for event in run.events(("epoch",))]
    return told == list(range(1, progress.epochs_before + progress.epoch + 1))


_HOLES = "The history of this run was damaged, as by a power cut, so its training began anew."


class _Training:
    """One run in one process: what its steps share."""

    def __init__(self, run: Run, reporter: Reporter, saved: Checkpoint | None) -> None:
        self.run, self.reporter, self.saved = run, reporter, saved
        self.config = run.config()
        self.progress = saved.progress if saved else Progress()
        self.began = time.monotonic() - (0.0 if saved is None else saved.progress.seconds)  # of the present phase

    def go(self) -> str:
        """Both phases; returns the final state.

        Raises:
            StopAskedError: a stop was asked for before there was anything to judge.
        """
        self.reporter.obey(at_once=True)
        keras.utils.set_random_seed(self.config.seed)
        task = tasks.task(self.config.task)
        self.examples = Examples(self.run, self.config, task, self.reporter)
        self.reporter.obey(at_once=True)
        self.reporter.stage(f"Building {self.config.backbone}")
        self.strategy = devices.strategy()
        with self.strategy.scope():
            self.network = task.build(self.config, self.examples.n_classes)
        self.reporter.obey(at_once=True)
        plans = self._plans(FeatureStore())
        todo = [p for p in plans if p.phase >= self.progress.phase]
        todo = self._compute_frozen_part(todo, FeatureStore())
        self.reporter.obey(at_once=True)
        judge = Judge(self.run, self.config, task, self.network, self.examples, self.entries, self.reporter)
        stopped = False
        for p in todo:
            # Whatever the phase was asked for, a stop may have come while it was judged.
            stopped = self._phase(p, judge) == "stop" or self.reporter.asked(at_once=True) == "stop"
            if stopped:
                break
        judge.end()
        return record.STOPPED if stopped else record.DONE

    def _plans(self, store: FeatureStore) -> list[Plan]:
        structure = describe(self.network.base, catalog.backbone(self.config.backbone), self.network.side)
        thawed = thaw.learning(self.config, structure)
        phases = [(1, frozenset[str]())]
        if thawed and self.config.phase2.epochs:
            phases.append((2, thawed))
        n = len(self.examples.stored_rows().index)
        plans: list[Plan] = []
        for phase, names in phases:
            plans.append(plan(phase, self.network, self.config, names, n, store, plans))
        return plans

    def _compute_frozen_part(self, todo: list[Plan], store: FeatureStore) -> list[Plan]:
        """What the cached phases need, in one pass; after it, it is known which files cannot be read.

        Returns `todo`, with phases that the store had no room for turned to plain training.
        """
        cached = [p for p in todo if p.mode == CACHED]
        rows = self.examples.stored_rows()
        targets = [Target(self.network, p.cut, rows) for p in cached]
        unchanged, exact = self.examples.check_unchanged, any(p.phase == 2 for p in todo)
        found = activations(self.network, self.examples.source, rows, targets, store, self.reporter, unchanged, exact)
        pairs = zip(cached, found.entries, strict=True)
        self.entries = {p.phase: entry for p, entry in pairs if entry is not None}
        self.features = found.features
        self.examples.leave_out_unreadable(list(self.entries.values()))
        return [without_room(p) if p.mode == CACHED and p.phase not in self.entries else p for p in todo]

    def _phase(self, p: Plan, judge: Judge) -> str | None:
        """Train one phase and judge it; returns what people asked for."""
        if p.phase > self.progress.phase:
            earlier = self.progress
            self.began = time.monotonic()
            self.progress = Progress(
                phase=p.phase,
                epochs_before=earlier.epochs_before + earlier.epoch,
                parts=earlier.parts,
            )
        outcome = fitting.Outcome(None, False, 0)
        mixed = self.config.mixed_precision and bool(devices.gpus())
        if p.phase == 2 and self.config.lora_rank:  # not before: the store's keys are those of the weights as they come
            with self.strategy.scope():
                lora.enable(self.network.base, p.thawed, self.config.lora_rank, self.config.seed)
        self.network.set_learning(p.thawed, mixed)
        with self.network.frozen_dropout_off(p.thawed):
            with self.strategy.scope():
                learner = self._learner(p)
            if self.progress.ended and self.saved is not None:
                fitting.assign(learner.trainable_variables, self.saved.weights)
            else:
                outcome = self._fit(p, learner)
        self.network.set_learning(p.thawed)
        if self.progress.epoch or (p.phase == 1 and outcome.steps_taken):
            self.progress.seconds = judge.phase(p, self.progress, self.began, self.features)
        self.features = None  # of the backbone as it came; phase 2 changes it
        rates = self.config.phase1.learning_rate, self.config.phase2.learning_rate
        seen = p.phase, self.run.events(("epoch",)), rates, self.examples.n_classes
        if diverged := divergence.note(*seen):
            self.reporter.event("note", message=diverged)
        if outcome.broken:
            judge.end()
            raise RunError(f"The loss of phase {p.phase} turned into not-a-number. {divergence.remedy(*seen)}")
        return outcome.asked

    def _fit(self, p: Plan, learner: keras.Model) -> fitting.Outcome:
        trainable = sum(int(v.shape.num_elements()) for v in (w.value for w in learner.trainable_variables))
        self.reporter.event("phase", phase=p.phase, trainable=trainable, mode=p.mode, message=p.why)
        start = replace(self.progress, events=self.reporter.offset())
        weights = [v.numpy() for v in learner.trainable_variables]
        while True:
            self.reporter.status(phase=p.phase, step=0, steps=0, unit=STEPS, message=f"Phase {p.phase}: first step")
            data = self._data(p)
            try:
                return self._fit_with(p, learner, data, weights)
            except Exception as error:
                if data.batch_size <= self.strategy.num_replicas_in_sync or not is_out_of_memory(error):
                    raise
            fitting.assign(learner.trainable_variables, weights)
            self._halve(p, start, self.progress.parts * 2)

    def _halve(self, p: Plan, start: Progress, parts: int) -> None:
        """Go back to the phase's last checkpoint, or its `start`, with batches split into `parts`."""
        saved = checkpoint.load(self.run)
        if saved is not None and saved.progress.phase == p.phase:
            self.saved, start = saved, saved.progress
        self.progress = replace(start, parts=parts)
        self.reporter.cut_back(start.events)
        note_halved(self.reporter, self._data(p).batch_size, f" The gradients of {parts} steps make one update.")

    def _data(self, p: Plan) -> fitting.PhaseData:
        replicas = self.strategy.num_replicas_in_sync
        return self.examples.phase_data(p, self.entries.get(p.phase), replicas, self.progress.parts)

    def _fit_with(
        self, p: Plan, learner: keras.Model, data: fitting.PhaseData, start: checkpoint.Weights
    ) -> fitting.Outcome:
        resumed = self.saved if self.saved and self.saved.progress.phase == p.phase else None
        return fitting.fit(
            learner,
            self._phase_config(p),
            data,
            self.examples.n_classes,
            self.config.patience if self.config.early_stopping else None,
            self.progress,
            resumed if self.progress.epoch else None,
            self.began,
            self.reporter,
            lambda state: checkpoint.save(self.run, state),
            start,
        )

    def _learner(self, p: Plan) -> keras.Model:
        if p.mode == CACHED:
            return self.network.classifier if p.phase == 1 else self.network.learner(p.cut)
        return self.network.complete()

    def _phase_config(self, p: Plan) -> fitting.PhaseConfig:
        return self.config.phase1 if p.phase == 1 else self.config.phase2
