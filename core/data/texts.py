"""Labelled texts from where people keep them: a table, or folders of `.txt` files by class."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core import environment
from core.config import RunConfig
from core.data import columns, encodings, layout, table
from core.data.walk import Walk, is_file, is_folder, may_follow, walk
from core.errors import DataError
from core.paths import expanded

LARGEST_FILE = 10_000_000  # bytes of one .txt file
SHOWN_BYTES = 100_000_000  # of a data set that a page reads; a table of 67 MB takes it 2 s and 0.4 GB
LOOKED_AT = 5000  # files that tell what a folder holds
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".dcm", ".avif"}

_REPLACEMENT = "\ufffd"  # what stands for signs that a file's encoding does not have

Progress = Callable[[int, int | None], None]


class Text(NamedTuple):
    """One labelled text."""

    path: str  # relative to the root: a file, or `table.csv#12`, the row as a spreadsheet numbers it
    text: str
    label: str
    split: str  # "" where it is still to be made


@dataclass
class Texts:
    """What a data set of texts holds."""

    root: str  # absolute
    layout: str  # table, table_with_splits, or one of core.data.layout
    texts: list[Text] = field(default_factory=list)
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # path, kind, message
    class_folders: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences on what is good to know

    def add(self, text: Text) -> None:
        """Take a text in, and say so where signs of it could not be read."""
        self.texts.append(text)
        if count := text.text.count(_REPLACEMENT):
            message = f"Signs of it that could not be read were replaced: {count}. Save the file in UTF-8."
            self.problems.append((text.path, "doubtful", message))


def is_text(data: Path) -> bool:
    """Whether a data set is of texts: a table, a folder with one table and nothing else, or folders of `.txt`."""
    if data.is_dir():
        return _lone_table(data) is not None or _holds_texts_only(data)
    return data.suffix.lower() in table.SUFFIXES


def source(data: str) -> Path:
    """The table, or the folder of `.txt` files, that a path stands for.

    Raises:
        DataError: there is no such thing.
    """
    if not data or "\0" in data:
        raise DataError(f"The path of a table or a folder of texts is needed. Received: {data!r}.")
    path = Path(os.path.abspath(expanded(data)))  # noqa: PTH100 -- keeps links as given
    if not path.exists():
        raise DataError(f"There is no table and no folder {str(path)!r}. Check the path.")
    if not path.is_dir() and not path.is_file():
        raise DataError(f"The table {str(path)!r} cannot be read: it is no file but a pipe or device.")
    if path.is_file() and path.suffix.lower() not in table.SUFFIXES:
        raise DataError(f"Texts come as one of {', '.join(table.SUFFIXES)} or as folders of .txt. Received: {data!r}.")
    return (_lone_table(path) or path) if path.is_dir() else path


def read(path: Path, config: RunConfig, progress: Progress | None = None, to_train: bool = True) -> Texts:
    """All labelled texts of `path`, as `source` gives it. To train, folders of splits need both train and validation.

    Raises:
        DataError: the table or the folders cannot be used.
    """
    if path.is_dir():
        return _from_folders(str(path), walk(str(path), environment.data_roots(), progress), progress, to_train)
    return _from_table(path, config)


def to_show(path: Path, config: RunConfig) -> dict[str, str]:
    """Each text of `path` by its own path, for a page; nothing where they are more than SHOWN_BYTES.

    Raises:
        DataError: as for `read`.
    """
    if path.is_dir():
        size = sum(entry.size for entry in walk(str(path), environment.data_roots()).files)
    else:
        size = path.stat().st_size
    return {} if size > SHOWN_BYTES else {text.path: text.text for text in read(path, config).texts}


def table_of(path: str) -> str:
    """The table that an example is a row of, by the example's path; empty for a file, which lies in a class folder.

    Names of files and folders may hold a `#` too: `C#/review #1.txt`.
    """
    return "" if "/" in path else path.rpartition("#")[0]


def text_file(path: str | Path) -> str:
    """The text of a file.

    Raises:
        DataError: it cannot be read, is too large, or is no text.
    """
    path = Path(path)
    if path.suffix.lower() in _PICTURES:
        raise DataError(f"This run was trained on texts, it cannot read pictures. Received: {str(path)!r}.")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"A text may have {LARGEST_FILE // 1_000_000} MB. Received: {str(path)!r}.")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"The text {str(path)!r} cannot be read: {error.strerror}.") from None
    text = encodings.decode(data)
    if "\0" in text:
        raise DataError(f"{str(path)!r} is not a text file.")
    return text


def _from_table(path: Path, config: RunConfig) -> Texts:
    wanted = (config.text_column, config.label_column, config.split_column)
    found = table.read(path, tuple(filter(None, wanted)))
    at = columns.find(found, *wanted)
    result = Texts(str(path.parent), "table" if at.split is None else "table_with_splits")
    result.problems += [(f"{path.name}#{n}", "unreadable", message) for n, message in found.broken]
    result.problems += [(f"{path.name}#{n}", "doubtful", message) for n, message in found.doubtful]
    result.notes += columns.notes(found, at, config.split_column) + _too_much(path.stat().st_size)
    for n, row in found.rows:
        name, text, label = f"{path.name}#{n}", row[at.text], row[at.label].strip()
        split = "" if at.split is None else layout.split_of(row[at.split])
        if not text.strip():
            result.problems.append((name, "empty", "The text of this row is empty."))
        elif not label:
            result.problems.append((name, "unlabelled", "This row has no label."))
        elif split is None:
            message = f"Its split {row[at.split] if at.split is not None else ''!r} is not train, validation or test."
            result.problems.append((name, "ignored", message))
        else:
            result.add(Text(name, text, label, split))
    return result


def _from_folders(root: str, found: Walk, progress: Progress | None, to_train: bool) -> Texts:
    shape = layout.find(root, found.folders, to_train)
    result = Texts(root, shape.name, problems=list(found.problems), class_folders=shape.class_folders(found.folders))
    result.notes += _too_much(sum(entry.size for entry in found.files))
    for done, entry in enumerate(found.files):
        place = shape.place(entry.path.rpartition("/")[0])
        if not entry.path.lower().endswith(".txt"):
            result.problems.append((entry.path, "unsupported", "This is not a .txt file."))
        elif place is None:
            result.problems.append((entry.path, "ignored", "This text lies in no class folder."))
        else:
            _add_file(root, entry.path, place, result)
        if progress and done % 500 == 0:
            progress(done, len(found.files))
    return result


def _too_much(size: int) -> list[str]:
    if size <= SHOWN_BYTES:
        return []
    return [f"More than {SHOWN_BYTES // 1_000_000} MB of text is not shown on the pages. Training reads all of it."]


def _add_file(root: str, path: str, place: tuple[str, str], result: Texts) -> None:
    try:
        text = text_file(f"{root}/{path}")
    except DataError as error:
        result.problems.append((path, "unreadable", str(error)))
        return
    if text.strip():
        result.add(Text(path, text, place[1], place[0]))
    else:
        result.problems.append((path, "empty", "This file holds no text."))


def _lone_table(folder: Path) -> Path | None:
    """The one table of a folder that holds nothing else to learn from."""
    try:
        entries = [e for e in os.scandir(folder) if not e.name.startswith((".", "__"))]
    except OSError:
        return None
    tables = [Path(e.path) for e in entries if Path(e.name).suffix.lower() in table.SUFFIXES and is_file(e)]
    tables = [path for path in tables if may_follow(path, folder)]
    return tables[0] if len(tables) == 1 and not any(map(is_folder, entries)) else None


def _holds_texts_only(folder: Path) -> bool:
    """Whether there are `.txt` files and no picture among the first files, at most three folders below.

    A note beside pictures does not make them texts.
    """
    met = set(islice(_suffixes(str(folder), 3), LOOKED_AT))
    return ".txt" in met and not met & _PICTURES


def _suffixes(folder: str, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        if is_folder(entry) and depth and not entry.name.startswith((".", "__")):
            yield from _suffixes(entry.path, depth - 1)
    if depth < 3:  # what lies beside the class folders says nothing
        yield from (Path(e.name).suffix.lower() for e in entries if is_file(e))
