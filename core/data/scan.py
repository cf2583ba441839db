"""What a data folder holds: its classes, its usable pictures, and everything that is wrong with it."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import environment
from core.data import findings, layout, left_out, looks, patient_hints, scan_cache
from core.data.check import Verdict
from core.data.manifest import SPLITS, Example
from core.data.walk import Walk, many_objects, walk
from core.errors import DataError
from core.paths import expanded

Progress = Callable[[int, int | None], None]  # done, total (None while the total is unknown)

PROBLEM_KINDS = {
    "unreadable": "The file is empty, damaged or not a picture, or the row of a table is not whole; it is left out.",
    "unsupported": "The file is not in a format that can be read; it is left out.",
    "empty": "The text is empty; it is left out.",
    "unlabelled": "The row of the table has no label; it is left out.",
    "too_large": "The picture holds more than 100 megapixels; it is left out.",
    "permission": "The file or folder may not be read; it is left out.",
    "link": "The link leads nowhere, in a circle, or out of the allowed roots; it is left out.",
    "empty_class": "The folder holds no usable picture; it is not a class.",
    "ignored": "It lies outside the class folders; it is left out.",
    "doubtful": "A quotation mark without its pair, or a sign of another encoding, was read as well as could be.",
    "duplicate": "The same example is there more than once; worst under two labels.",
    "leak": "The same example is in the training split and in a held-out one, so figures will flatter.",
    "patient_leak": "The same patient has pictures in the training split and in a held-out one.",
    "patients": "Patients have several pictures, which a split at random would put on both sides.",
    "case": "Class names differ only in upper and lower case.",
    "few": "The class has fewer than ten examples.",
    "imbalance": "The largest class has many times the examples of the smallest.",
}
LEFT_OUT = (
    "unreadable",
    "unsupported",
    "empty",
    "unlabelled",
    "too_large",
    "permission",
    "link",
    "empty_class",
    "ignored",
)
_REMEDIES = {
    ".zip": " Unpack it first, or upload it in the app.",
    **dict.fromkeys((".xlsx", ".xls", ".ods"), " Save it as CSV."),
}  # for a file in the place of a folder


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a data set."""

    path: str  # relative to the root: a file, a folder or a class
    kind: str  # a key of PROBLEM_KINDS
    message: str  # a sentence for people, with what to do


@dataclass(frozen=True)
class Scan:
    """What a folder holds. Only usable pictures are among `files`."""

    root: str  # absolute
    task: str
    layout: str  # one of the names in core.data.layout
    classes: tuple[str, ...]  # sorted by code point
    files: tuple[Example, ...]  # sorted by path; split "" where it is still to be made
    problems: tuple[Problem, ...]
    sizes: list[tuple[int, int]]  # (width, height) in pixels of at most 2,000 pictures, spread evenly
    copies: tuple[tuple[int, ...], ...] = ()  # groups of rows of `files` with the same bytes
    notes: tuple[str, ...] = ()  # sentences on what is good to know and no problem
    source: str = ""  # the table that was scanned, where it is one

    def counts(self) -> dict[str, dict[str, int]]:
        """Usable pictures by class and split; the split "" is still to be made."""
        table: dict[str, dict[str, int]] = {name: {} for name in self.classes}
        for (label, split), n in sorted(Counter((f.label, f.split) for f in self.files).items()):
            table[self.classes[label]][split] = n
        return table

    def to_json(self) -> dict[str, Any]:
        """What `scan --json` prints. A split still to be made is shown with its default share."""
        from core.data import patients
        from core.data.split import assign_splits

        by_class = Counter(f.label for f in self.files)
        by_split = Counter(
            f.split for f in assign_splits(self, validation_share=0.2, seed=0, patients=patients.of_dicom(self))
        )
        return {
            "task": self.task,
            "layout": self.layout,
            "classes": [{"name": name, "count": by_class[i]} for i, name in enumerate(self.classes)],
            "splits": {split: by_split[split] for split in SPLITS},
            "total": len(self.files),
            "problems": [{"path": p.path, "kind": p.kind, "message": p.message} for p in self.problems],
        }


def scan(path: str | Path, *, progress: Progress | None = None, use_cache: bool = True, to_train: bool = True) -> Scan:
    """Read a folder of labelled pictures.

    Nothing is opened that an earlier scan saw with the same size and times.

    Args:
        path: the data set's folder, in one of the layouts of `core.data.layout`.
        progress: called with (done, total) now and then; total is None while files are still being found.
        use_cache: read and write what is known of the files under the cache folder.
        to_train: refuse what cannot train a classifier; to score a model, one class with one picture will do.

    Raises:
        DataError: the folder cannot be used at all, with the reason in one sentence.
    """
    root = _root(path)
    found = walk(root, environment.data_roots(), progress)
    if use_cache and (known := scan_cache.load(root, found)):
        return from_plain(known)
    shape = layout.find(root, found.folders, to_train)
    verdicts = scan_cache.verdicts(root, found, use_cache=use_cache, progress=progress)
    result = _assemble(root, found, shape, verdicts, to_train)
    if use_cache and to_train:
        scan_cache.save(root, found, to_plain(result))
    return result


def cached(path: str | Path) -> Scan | None:
    """An earlier scan of this folder if it still holds, at the cost of a walk; None otherwise."""
    root = _root(path)
    known = scan_cache.load(root, walk(root, environment.data_roots()))
    return from_plain(known) if known else None


def last(path: str | Path) -> Scan | None:
    """The newest scan of this folder, without a look at whether it still holds: what a page draws from."""
    kept = scan_cache.newest(os.path.abspath(path))  # noqa: PTH100
    return from_plain(kept) if kept else None


def _root(path: str | Path) -> str:
    if not str(path) or "\0" in str(path):
        raise DataError(f"The path of a folder of pictures is needed. Received: {str(path)!r}.")
    root = os.path.abspath(expanded(path))  # noqa: PTH100 -- keeps links and odd bytes as given
    if not os.path.lexists(root):
        raise DataError(f"There is no folder {root!r}. Check the path.")
    if not os.path.isdir(root):  # noqa: PTH112
        remedy = _REMEDIES.get(Path(root).suffix.lower(), "")
        raise DataError(f"A folder of pictures or a table of texts is needed. Received a file: {root!r}.{remedy}")
    try:
        os.scandir(root).close()
    except OSError as error:
        raise DataError(f"The folder {root!r} cannot be opened: {error.strerror}. Change its rights.") from None
    return root


@many_objects()
def _assemble(root: str, found: Walk, shape: layout.Layout, verdicts: list[Verdict], to_train: bool) -> Scan:
    """Put together what the walk and the checks found."""
    problems = [Problem(*p) for p in found.problems]
    entries, good, places = [], [], []  # of the usable pictures: what the walk saw, the verdict, (split, class)
    stray = []  # path and kind of what is no picture and lies in no class folder either
    place_of = {folder: shape.place(folder) for folder in ("", *found.folders)}
    outside: Counter[str] = Counter()  # folder -> pictures in it that belong to no class
    for entry, verdict in zip(found.files, verdicts, strict=True):
        folder = entry.path.rpartition("/")[0]
        place = place_of[folder]
        if place is None:
            if verdict.kind:
                stray.append((entry.path, verdict.kind))
            else:
                outside[folder or "."] += 1
        elif verdict.kind:
            problems.append(Problem(entry.path, verdict.kind, verdict.message))
        else:
            entries.append(entry)
            good.append(verdict)
            places.append(place)
    counts = Counter(places)
    classes = tuple(sorted({name for _, name in counts}))
    missed = [(p.path, p.kind) for p in problems] + ([] if classes else stray)
    layout.refuse(root, shape, classes, counts, to_train, left_out.told(root, missed, outside))
    label = {name: i for i, name in enumerate(classes)}
    files = tuple(
        Example(entry.path, label[name], split, "", verdict.patient or None)
        for entry, verdict, (split, name) in zip(entries, good, places, strict=True)
    )
    problems += [Problem(f, "ignored", f"{n} pictures here lie in no class folder.") for f, n in outside.items()]
    copies = findings.copies(root, entries, good)
    problems += [Problem(*p) for p in findings.empty_classes(shape.class_folders(found.folders), files)]
    problems += [Problem(*p) for p in findings.repeated(files, classes, copies)]
    problems += [Problem(*p) for p in findings.unbalanced(files, classes)]
    step = max(1, len(good) // 2000)
    sizes = [(verdict.width, verdict.height) for verdict in good[::step]]
    result = Scan(root, "image", shape.name, classes, files, tuple(problems), sizes, copies)
    hints, told = patient_hints.look(result)
    problems += [Problem(*p) for p in hints]
    notes = looks.notes(root, [file.path for file in files]) + told
    return replace(result, problems=tuple(problems), notes=tuple(notes))


def to_plain(scan: Scan) -> dict[str, Any]:
    """The scan as plain data, in columns."""
    return {
        "root": scan.root,
        "task": scan.task,
        "layout": scan.layout,
        "classes": list(scan.classes),
        "paths": [f.path for f in scan.files],
        "labels": [f.label for f in scan.files],
        "splits": [f.split for f in scan.files],
        "problems": [[p.path, p.kind, p.message] for p in scan.problems],
        "sizes": scan.sizes,
        "copies": scan.copies,
        "notes": scan.notes,
        "source": scan.source,
        "patients": [f.patient for f in scan.files] if any(f.patient for f in scan.files) else [],
    }


@many_objects()
def from_plain(data: dict[str, Any]) -> Scan:
    """The scan that `to_plain` wrote."""
    n = len(data["paths"])
    columns = (data["paths"], data["labels"], data["splits"], [""] * n, data.get("patients") or [None] * n)
    return Scan(
        root=data["root"],
        task=data["task"],
        layout=data["layout"],
        classes=tuple(data["classes"]),
        files=tuple(map(Example._make, zip(*columns, strict=True))),
        problems=tuple(Problem(*p) for p in data["problems"]),
        sizes=[(w, h) for w, h in data["sizes"]],
        copies=tuple(tuple(group) for group in data["copies"]),
        notes=tuple(data.get("notes", ())),
        source=data.get("source", ""),
    )
