"""The examples of one run: the manifest, which of them can be read, and what each phase sees of them."""

import dataclasses
import os
from collections.abc import Callable

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from core.config import RunConfig
from core.corrections import excluded, relabelled
from core.data import roots
from core.data.manifest import Manifest
from core.errors import DataError
from core.files import write_json
from core.record import Run
from core.tasks import Task
from core.training import batches, fitting, scoring
from core.training.devices import batch_for
from core.training.extract import Rows
from core.training.fitting import PhaseData
from core.training.plan import CACHED, Plan
from core.training.reporter import Reporter
from core.training.store import Entry

SAMPLES = 12  # held-out examples whose answers are shown after every epoch


class Examples:
    """A manifest, and the places in it that can be used."""

    def __init__(self, run: Run, config: RunConfig, task: Task, reporter: Reporter) -> None:
        """Read the data set anew, or take the manifest that an earlier part of the run has written.

        Raises:
            DataError: that manifest is damaged.
            StopAskedError: a stop was asked for meanwhile.
        """
        reporter.stage(f"Reading the {task.NOUN}")
        found = _read(run, config, task, reporter)
        known = run.dataset()
        if known is None and run.dataset_file.exists():
            raise DataError(f"The run is damaged: {run.dataset_file.name} cannot be read. Start a new run on its data.")
        found = relabelled(found, run.corrections())
        self.manifest = found if known is None else _unchanged(Manifest.from_json(known), found, task.NOUN)
        self.run, self.config, self.task, self.reporter = run, config, task, reporter
        self.excluded = excluded(self.manifest, run.corrections())
        self.usable = ~self.excluded
        self.source: batches.Source = task.Source(self.manifest, config)
        self.labels = self.manifest.labels()
        self._stamps = _stamps(self.manifest)
        for note in self.source.notes:
            reporter.event("note", message=note)

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.manifest.classes)

    def rows(self, *splits: str) -> np.ndarray:
        """Places of the usable examples of some splits, in the manifest's order."""
        rows = np.array(self.manifest.rows(*splits), dtype=np.int64)
        return rows[self.usable[rows]]

    def stored_rows(self) -> Rows:
        """What the store holds of this run: with views, copies of the training split, then the held-out originals."""
        training = np.array(self.manifest.rows("train"), np.int64)
        held_out = np.array(self.manifest.rows("validation"), np.int64)
        copies = self.config.views
        if copies:
            index = np.concatenate([np.tile(training, copies), held_out])
            views = np.concatenate([np.repeat(np.arange(copies), len(training)), np.full(len(held_out), -1)])
        else:
            index = np.sort(np.concatenate([training, held_out]))
            index = index[batches.reading_order(self.source.lengths, index, len(index))]
            views = np.full(len(index), -1)
        files = self.manifest.files
        return Rows(index, views, tuple(files[i].hash for i in index), self.task.recipe(self.config))

    def leave_out_unreadable(self, entries: list[Entry]) -> None:
        """Set aside what could not be decoded, say so, and write the manifest of what is left.

        Raises:
            DataError: a class has nothing left to learn from, or examples changed or vanished.
        """
        looked_at = self.stored_rows().index if entries else np.zeros(0, np.int64)
        for entry in entries:
            self.usable[looked_at[sorted(entry.unreadable)]] = False
        rest = np.setdiff1d(np.arange(len(self.usable)), looked_at)
        if len(rest):
            self.reporter.stage(f"Checking {len(rest):,} {self.task.NOUN}", len(rest))
            self.usable[self._unreadable(rest)] = False
        for i in np.flatnonzero(~self.usable):
            path = self.manifest.files[i].path
            why = "as the corrections say" if self.excluded[i] else "because it cannot be decoded"
            self.reporter.event("note", message=f"Left out, {why}: {path}", path=path)
        self._check_classes()
        if self.run.dataset() is None:
            files = tuple(self.manifest.files[i] for i in np.flatnonzero(self.usable))
            write_json(self.run.dataset_file, dataclasses.replace(self.manifest, files=files).to_json())

    def _unreadable(self, rows: np.ndarray) -> list[int]:
        """Which of the rows cannot be decoded though they are there; each of those is read once more."""
        found = scoring.unreadable(self.source, rows, self.reporter)
        if found:
            self.check_unchanged()
            found = scoring.unreadable(self.source, np.array(found, np.int64), self.reporter)
        return found

    def _check_classes(self) -> None:
        for split in ("train", "validation"):
            found = set(self.labels[self.rows(split)].tolist())
            for label, name in enumerate(self.manifest.classes):
                if label not in found and split == "train":
                    raise DataError(f"No readable example of the class {name!r} is left to train on. Add some to it.")
            if not found:
                raise DataError(f"No readable example is left in the {split} split.")

    def check_unchanged(self) -> None:
        """Make sure that the files are still those that the run began with; contents are read where times differ.

        Raises:
            DataError: some changed or vanished.
        """
        now = _stamps(self.manifest)
        if now != self._stamps or _some_missing(self.manifest.root, now):
            _unchanged(self.manifest, self.task.prepare(self.config), self.task.NOUN)
            self._stamps = now

    def place(self, rows: np.ndarray) -> list[int]:
        """Where rows of the full manifest stand in `dataset.json`, which lists the usable ones only."""
        return (np.cumsum(self.usable) - 1)[rows].tolist()

    def phase_data(self, p: Plan, entry: Entry | None, replicas: int = 1, parts: int = 1) -> PhaseData:
        """Batches and samples for one phase, for a model on `replicas` devices, each batch split into `parts`."""
        train, held_out, samples = self.rows("train"), self.rows("validation"), self.sample_rows()
        filled = self.source.lengths  # batches are made up by it whether or not they are cropped: alike in every mode
        order = batches.EpochOrder(self.config.seed, None if filled is None else filled[train])
        held_out = held_out[batches.reading_order(self.source.lengths, held_out, len(held_out))]
        labels = [fitting.targets(self.labels[rows], self.n_classes) for rows in (train, held_out, samples)]
        size = batch_for(len(train), -(-self.config.batch_size // parts), replicas)
        at_once = batch_for(len(held_out), max(1, _HELD_OUT_BATCH // parts) if p.mode == CACHED else size, replicas)
        if p.mode == CACHED and entry is not None:
            copies, originals = self.positions(train, copies=True), self.positions
            lengths = [self.lengths(p, rows) for rows in (train, held_out, samples)]
            training = batches.stored(entry, copies, labels[0], size, order, lengths[0])
            validation = batches.stored(entry, originals(held_out), labels[1], at_once, lengths=lengths[1])
            shown = batches.stored(entry, originals(samples), labels[2], len(samples), lengths=lengths[2])
        else:
            augmented = self.config.augmentation != "off"
            training = batches.fresh(self.source, train, labels[0], size, order, augmented, self.config.views)
            validation = batches.fresh(self.source, held_out, labels[1], at_once)
            shown = batches.fresh(self.source, samples, labels[2], len(samples))
        return PhaseData(
            training=training,
            validation=validation,
            samples=next(iter(shown))[0],
            sample_rows=self.place(samples),
            order=order,
            steps=-(-len(train) // size),
            batch_size=size,
            parts=parts,
            class_weights=self._class_weights(train) if self.config.class_weights else None,
            entry=entry if p.mode == CACHED else None,
        )

    def lengths(self, p: Plan, rows: np.ndarray) -> np.ndarray | None:
        """How much of the stored activations at the phase's cut each example fills; None where all fill theirs."""
        return None if p.cut is None or self.source.lengths is None else self.source.lengths[rows]

    def positions(self, rows: np.ndarray, copies: bool = False) -> np.ndarray:
        """Where in the store examples of train and validation lie, `(views, n)` for copies, else `(1, n)`."""
        stored = self.stored_rows()
        first = {int(row): i for i, row in enumerate(stored.index) if stored.views[i] <= 0}
        start = np.array([first[int(row)] for row in rows], np.int64)
        if not (copies and self.config.views):
            return start[None]
        return start[None] + np.arange(self.config.views)[:, None] * len(self.manifest.rows("train"))

    def sample_rows(self) -> np.ndarray:
        """The same dozen held-out examples every time, chosen by seed, the classes in turn."""
        random = np.random.default_rng(self.config.seed)
        rows = random.permutation(self.rows("validation"))
        seen: dict[int, int] = {}
        turn = []
        for row in rows:
            label = int(self.labels[row])
            turn.append(seen.setdefault(label, 0))
            seen[label] += 1
        return rows[np.argsort(turn, kind="stable")][:SAMPLES]

    def _class_weights(self, train: np.ndarray) -> dict[int, float]:
        """Weights in inverse proportion to how often a class occurs (scikit-learn's `balanced`)."""
        labels = self.labels[train]
        weights = compute_class_weight("balanced", classes=np.arange(self.n_classes), y=labels)
        return dict(enumerate(weights.tolist()))


_HELD_OUT_BATCH = 128  # of stored activations


def _progress(reporter: Reporter) -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        reporter.status(at_once=False, step=done, steps=total or 0)
        reporter.obey()

    return show


def _stamps(manifest: Manifest) -> list[tuple[int, int] | None]:
    """Size and time of every file; None for what is not there, and for a row of a table, which is no file."""
    found: list[tuple[int, int] | None] = []
    for path in manifest.paths():
        try:
            status = os.stat(path)  # noqa: PTH116 -- a Path for each of 100,000 would take longer than the look
        except (OSError, ValueError):
            found.append(None)
        else:
            found.append((status.st_size, status.st_mtime_ns))
    return found


def _some_missing(root: str, stamps: list[tuple[int, int] | None]) -> bool:
    """Whether files were not there. Of a table all rows are none: they were read with it."""
    return not os.path.isdir(root) or (None in stamps and any(stamps))  # noqa: PTH112


def _read(run: Run, config: RunConfig, task: Task, reporter: Reporter) -> Manifest:
    """The data set as it is now. Where a page started the run, links may have changed since: nothing is read through
    one that leads out of the allowed roots.
    """
    bound = run.bound_file.exists()
    if bound:
        roots.check_settings(config)
    found = task.prepare(config, progress=_progress(reporter))
    if bound:
        roots.check_examples(found.paths())
    return found


def _unchanged(known: Manifest, found: Manifest, noun: str) -> Manifest:
    """The manifest that the run began with, if its files are still what they were.

    Raises:
        DataError: some changed or vanished.
    """
    now = {example.path: example.hash for example in found.files}
    changed = [example.path for example in known.files if now.get(example.path) != example.hash]
    if changed:
        raise DataError(
            f"{len(changed):,} of the {noun} changed or vanished since the run began (the first: {changed[0]!r}). "
            "Put them back, or start a new run."
        )
    return known
