"""What a run learns from: the classes in their order, and every file with its label and split."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")


class Example(NamedTuple):  # a frozen dataclass takes five times as long to make, and there are many
    """One labelled picture."""

    path: str  # relative to the root, parts joined by "/"; bytes that are not UTF-8 as surrogate escapes
    label: int  # index into the manifest's classes
    split: str  # one of SPLITS, or "" before the split
    hash: str = ""  # BLAKE2b-128 of the file's bytes, hexadecimal
    patient: str | None = None  # whose picture it is, where that is known

    @property
    def number(self) -> int:
        """A number of 31 bits made of the content: it stays when other examples come or go."""
        return int(self.hash[:8] or "0", 16) & 0x7FFFFFFF


@dataclass(frozen=True)
class Manifest:
    """The classes in order and the examples of one run: what `dataset.json` holds."""

    task: str  # image or text
    root: str  # absolute folder that the paths are relative to
    classes: tuple[str, ...]
    files: tuple[Example, ...]

    def rows(self, *splits: str) -> list[int]:
        """Indices into `files` of the examples in these splits, in order; of all of them without a split."""
        return [i for i, f in enumerate(self.files) if not splits or f.split in splits]

    def paths(self, rows: Iterable[int] | None = None) -> list[str]:
        """Absolute paths of these rows, of all of them by default."""
        root = self.root
        chosen = self.files if rows is None else (self.files[i] for i in rows)
        return [os.path.join(root, f.path) for f in chosen]  # noqa: PTH118 -- Path would cost 100,000 objects

    def labels(self, rows: Iterable[int] | None = None) -> np.ndarray:
        """Labels of these rows, of all of them by default: `int32 (N,)`."""
        chosen = self.files if rows is None else (self.files[i] for i in rows)
        return np.array([f.label for f in chosen], dtype=np.int32)

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain data; `label` is the index into `classes`."""
        files = []
        for f in self.files:
            row: dict[str, Any] = {"path": f.path, "label": f.label, "split": f.split, "hash": f.hash}
            if f.patient is not None:
                row["patient"] = f.patient
            files.append(row)
        return {"task": self.task, "root": self.root, "classes": list(self.classes), "files": files}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Manifest":
        """The manifest that `to_json` wrote."""
        return Manifest(
            task=data["task"],
            root=data["root"],
            classes=tuple(data["classes"]),
            files=tuple(
                Example(f["path"], f["label"], f["split"], f.get("hash", ""), f.get("patient")) for f in data["files"]
            ),
        )
