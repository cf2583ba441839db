"""The held-out and test examples of a run with their probabilities, read from `predictions.csv`. No TensorFlow."""

import csv
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import RunError
from core.files import is_file
from core.record import Run


@dataclass(frozen=True)
class Cases:
    """N examples and what the model of each phase says about them."""

    root: str  # the data set's folder
    classes: tuple[str, ...]
    paths: tuple[str, ...]  # relative to the root
    splits: tuple[str, ...]  # validation or test
    labels: np.ndarray  # int (N,), indices into classes
    probabilities: dict[int, np.ndarray]  # by phase, float64 (N, C)

    def rows(self, split: str) -> np.ndarray:
        """The rows of one split, int (n,)."""
        return np.flatnonzero([s == split for s in self.splits])

    def predicted(self, phase: int) -> np.ndarray:
        """The most probable class of each example, int (N,)."""
        return self.probabilities[phase].argmax(axis=1)

    def confidence(self, phase: int) -> np.ndarray:
        """The probability of the most probable class, float64 (N,)."""
        return self.probabilities[phase].max(axis=1)

    def file(self, row: int) -> str:
        """The absolute path of an example."""
        return str(Path(self.root) / self.paths[row])

    def shares(self, phase: int, row: int) -> dict[str, float]:
        """The probability of every class for one example."""
        return dict(zip(self.classes, map(float, self.probabilities[phase][row]), strict=True))

    def in_cell(self, phase: int, true: int, predicted: int, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` with this class and this answer, the most confident first."""
        hit = rows[(self.labels[rows] == true) & (self.predicted(phase)[rows] == predicted)]
        return hit[np.argsort(-self.confidence(phase)[hit], kind="stable")]

    def mistakes(self, phase: int, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` with a wrong answer, the most confident first."""
        wrong = rows[self.predicted(phase)[rows] != self.labels[rows]]
        return wrong[np.argsort(-self.confidence(phase)[wrong], kind="stable")]

    def unsure(self, phase: int, rows: np.ndarray) -> np.ndarray:
        """`rows`, the least confident first."""
        return rows[np.argsort(self.confidence(phase)[rows], kind="stable")]

    def right(self, phase: int, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` with a right answer, the most confident first."""
        good = rows[self.predicted(phase)[rows] == self.labels[rows]]
        return good[np.argsort(-self.confidence(phase)[good], kind="stable")]

    def wrong_first(self, phase: int, rows: np.ndarray) -> np.ndarray:
        """`rows` with the wrong answers before the right ones, each the most confident first."""
        right = self.predicted(phase)[rows] == self.labels[rows]
        return rows[np.lexsort((-self.confidence(phase)[rows], right))]

    def changed(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of `rows` that phase 2 mended (wrong, then right) and those that it broke."""
        before = self.predicted(1)[rows] == self.labels[rows]
        after = self.predicted(2)[rows] == self.labels[rows]
        return rows[~before & after], rows[before & ~after]


def read(run: Run) -> Cases:
    """The cases of a run.

    Raises:
        RunError: the run has none yet, or its files cannot be read.
    """
    dataset = run.dataset()
    if dataset is None and is_file(run.dataset_file):
        raise RunError(f"The run {run.name()!r} is damaged: {run.dataset_file.name} cannot be read.")
    if dataset is None or not is_file(run.predictions_file):
        raise RunError(f"The run {run.name()!r} has no predictions yet: it is {run.state()}.")
    try:
        return _read(run, str(dataset["root"]), tuple(map(str, dataset["classes"])))
    except (ValueError, KeyError, IndexError, StopIteration, csv.Error):
        raise RunError(f"The run {run.name()!r} is damaged: {run.predictions_file.name} cannot be read.") from None


def _read(run: Run, root: str, classes: tuple[str, ...]) -> Cases:
    """Row by row, for a table of thousands of classes is far larger as text than as numbers."""
    label = {name: i for i, name in enumerate(classes)}
    told: list[tuple[str, int, str]] = []
    with run.predictions_file.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        at = {name: i for i, name in enumerate(next(rows))}
        columns = {phase: [at[f"p{phase}:{name}"] for name in classes] for phase in _phases(at, classes)}
        numbers: dict[int, list[np.ndarray]] = {phase: [] for phase in columns}
        for row in rows:
            told.append((row[at["path"]], label[row[at["label"]]], row[at["split"]]))
            for phase, places in columns.items():
                numbers[phase].append(np.fromiter((float(row[c]) for c in places), float, len(places)))
    return Cases(
        root=root,
        classes=classes,
        paths=tuple(path for path, _, _ in told),
        splits=tuple(split for _, _, split in told),
        labels=np.array([k for _, k, _ in told], np.int64),
        probabilities={p: np.array(found).reshape(len(told), len(classes)) for p, found in numbers.items()},
    )


def _phases(header: Container[str], classes: Sequence[str]) -> list[int]:
    """The phases whose columns are all there."""
    return [phase for phase in (1, 2) if all(f"p{phase}:{name}" in header for name in classes)]
