"""What a data set of texts holds: its classes, its usable texts, and everything that is wrong with it."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core import environment
from core.config import RunConfig
from core.data import findings, left_out, scan_cache, texts
from core.data.layout import SPLIT_FOLDERS
from core.data.manifest import TRAIN, VALIDATION, Example, Manifest
from core.data.scan import Problem, Progress, Scan, from_plain, to_plain
from core.data.split import assign_splits
from core.data.texts import Text, Texts
from core.data.walk import Entry, Walk, walk
from core.errors import DataError


def scan(config: RunConfig, *, progress: Progress | None = None, use_cache: bool = True, to_train: bool = True) -> Scan:
    """What the texts at `config.data` are. Nothing is read that an earlier scan saw with the same size and times.

    Raises:
        DataError: they cannot train a classifier, or not even score one, with the reason in one sentence.
    """
    path = texts.source(config.data)
    asked, seen = os.path.abspath(config.data), _signature(path, config)  # noqa: PTH100 -- as core.data.scan names it
    if use_cache and (known := scan_cache.load(asked, seen)):
        return from_plain(known)
    result = replace(_assemble(path, texts.read(path, config, progress, to_train), to_train), source=str(path))
    if use_cache and to_train:
        scan_cache.save(asked, seen, to_plain(result))
    return result


def cached(config: RunConfig) -> Scan | None:
    """An earlier scan if it still holds; None otherwise. Raises DataError where there is nothing to scan."""
    path = texts.source(config.data)
    asked = os.path.abspath(config.data)  # noqa: PTH100
    known = scan_cache.load(asked, _signature(path, config))
    return from_plain(known) if known else None


def manifest(config: RunConfig, *, progress: Progress | None = None) -> Manifest:
    """The manifest of a run on texts: every usable text with its class, split and content hash.

    Raises:
        DataError: the texts cannot train a classifier.
    """
    path = texts.source(config.data)
    read = texts.read(path, config, progress)
    found = _assemble(path, read)
    files = assign_splits(found, validation_share=config.validation_share, seed=config.seed)
    hashes = {t.path: content_hash(t.text) for t in read.texts}
    hashed = tuple(Example(f.path, f.label, f.split, hashes[f.path]) for f in files)
    return Manifest("text", found.root, found.classes, hashed)


def place(found: Scan | Manifest) -> Path:
    """The table or the folder that the examples lie in."""
    return Path(found.root) / (texts.table_of(found.files[0].path) if found.files else "")


def contents(found: Scan | Manifest, config: RunConfig) -> list[str]:
    """The text of every example, in order; one that is no longer there is empty."""
    by_path = {t.path: t.text for t in texts.read(place(found), config, to_train=False).texts}
    return [by_path.get(file.path, "") for file in found.files]


def content_hash(text: str) -> str:
    """BLAKE2b-128 of a text in UTF-8 without the white space around it, hexadecimal."""
    return hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _signature(path: Path, config: RunConfig) -> Walk:
    """What was there when a scan was made: sizes and times, and the columns that were asked for."""
    if path.is_dir():
        return walk(str(path), environment.data_roots())
    status = path.stat()
    times = status.st_mtime_ns, status.st_ctime_ns
    entry = Entry(path.name, status.st_size, *times, status.st_dev, status.st_ino)
    return Walk([entry], [f"reading 2, columns {config.text_column!r} {config.label_column!r} {config.split_column!r}"])


def _assemble(path: Path, read: Texts, to_train: bool = True) -> Scan:
    classes = tuple(sorted({t.label for t in read.texts}))
    if to_train or not classes:
        _refuse(path, read, classes)
    place = {name: i for i, name in enumerate(classes)}
    files = tuple(Example(t.path, place[t.label], t.split) for t in read.texts)
    copies = _copies(read.texts)
    problems = [
        *read.problems,
        *findings.empty_classes(read.class_folders, files, "text"),
        *findings.repeated(files, classes, copies, "text"),
        *findings.unbalanced(files, classes, "text"),
    ]
    told = tuple(Problem(*p) for p in problems)
    return Scan(read.root, "text", read.layout, classes, files, told, [], copies, tuple(read.notes))


def _copies(rows: Sequence[Text]) -> tuple[tuple[int, ...], ...]:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[content_hash(row.text)].append(i)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _refuse(path: Path, read: Texts, classes: tuple[str, ...]) -> None:
    """Raise where no classifier can be trained and judged."""
    if missing := _missing(path, read, classes):
        noun = "file" if path.is_dir() else "row"
        missed = left_out.told(read.root, [(where, kind) for where, kind, _ in read.problems], {}, noun)
        raise DataError(f"{missing} {missed}".strip())


def _missing(path: Path, read: Texts, classes: tuple[str, ...]) -> str:
    """What there is too little of to train a classifier and judge it; empty where nothing is."""
    if len(classes) < 2:
        received = f"one, {classes[0]!r}" if classes else "none with a usable text"
        return f"At least two classes of texts are needed. Received {received}, in {str(path)!r}."
    if len(classes) > _MOST:
        return (
            f"The labels have {len(classes):,} different values; at most {_MOST:,} are taken for classes. "
            "Is label_column the right column?"
        )
    counts = Counter((t.split, t.label) for t in read.texts)
    judged = any(t.split == VALIDATION for t in read.texts)
    for name in classes:
        train, held_out = counts[TRAIN, name] + counts["", name], counts[VALIDATION, name]
        if not train:
            return f"Every class needs texts to train on. {name!r} has none in train."
        if (read.layout == SPLIT_FOLDERS or judged) and not held_out:
            return f"Every class needs texts in train and in validation. {name!r} has them only in train."
        if not judged and train < 2:
            return (
                f"A class needs at least two texts, one to train on and one held out. {name!r} has one. "
                "Add texts, or take the class out."
            )
    return ""


_MOST = 1000  # classes
