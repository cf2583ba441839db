"""Whose picture it is: from the DICOM files, a table beside the pictures, or a pattern on file names.

What is told onwards is a pseudonym (`core.data.pseudonym`), never the id.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.data import table
from core.data.manifest import TRAIN, Example
from core.data.pseudonym import pseudonym
from core.data.walk import may_follow
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.scan import Scan

_FILE_COLUMNS = ("path", "file", "filename", "file_name", "image", "image_path", "name", "id", "image_id")


def patients(scan: "Scan", config: RunConfig) -> dict[str, str] | None:
    """Path -> pseudonym of the patient, for the files whose patient is known; None where no patients are to be kept
    on one side.

    A pattern or a column that the settings name comes before what DICOM files say themselves.

    Raises:
        DataError: the pattern matches no file name, or no table beside the pictures has the column.
    """
    if config.patient_pattern:
        return _named(by_pattern(scan.files, config.patient_pattern))
    if config.patient_column:
        return _named(_by_column(scan, config.patient_column.strip()))
    return of_dicom(scan)


def of_dicom(scan: "Scan") -> dict[str, str] | None:
    """Path -> pseudonym as the DICOM files tell it; None where a class has a single patient, which cannot be split."""
    found = {file.path: file.patient for file in scan.files if file.patient is not None}
    if not found or any(len(owners) < 2 for owners in _owners(scan).values()):
        return None
    return found


def on_both_sides(files: Sequence[Example]) -> list[str]:
    """Pseudonyms of patients with pictures to train on and held-out ones, sorted."""
    sides: dict[str, set[bool]] = {}
    for file in files:
        if file.patient is not None:
            sides.setdefault(file.patient, set()).add(file.split == TRAIN)
    return sorted(patient for patient, seen in sides.items() if len(seen) == 2)


def leaks(files: Sequence[Example]) -> list[str]:
    """What to tell of patients on both sides: one sentence, or none."""
    n = len(on_both_sides(files))
    if not n:
        return []
    whose = "One patient has" if n == 1 else f"{n:,} patients have"
    return [f"{whose} pictures to learn from and held-out ones, so the held-out figures flatter."]


def told(files: Sequence[Example]) -> list[str]:
    """What to tell of a run's patients: that some are on both sides, that some are not known."""
    return leaks(files) + unnamed(sum(file.patient is None for file in files), len(files))


def by_pattern(files: Sequence[Example], pattern: str) -> dict[str, str]:
    """Path -> the first group of the pattern in the file's name.

    Raises:
        DataError: it matches none.
    """
    search = re.compile(pattern).search
    found = {}
    for file in files:
        match = search(file.path.rpartition("/")[2])
        if match and match.group(1) is not None:
            found[file.path] = match.group(1)
    if not found:
        example = files[0].path.rpartition("/")[2]
        raise DataError(f"patient_pattern {pattern!r} matches no file name. One of the names is {example!r}.")
    return found


def by_tables(scan: "Scan", column: str) -> dict[str, str]:
    """Path -> the value in a column of the tables beside the pictures, of the first one that names the picture.

    A table names pictures in another column, by path, file name or stem. One that cannot be read is passed over.
    """
    found: dict[str, str] = {}
    for path in tables(scan.root):
        with suppress(DataError):
            if column in table.first_row(path):
                found = _by_table(scan.files, path, column) | found
    return found


def tables(root: str) -> list[Path]:
    """The CSV and TSV files in a data folder, none that a link leads to from elsewhere."""
    folder = Path(root)
    return sorted(t for t in folder.iterdir() if t.suffix.lower() in (".csv", ".tsv") and may_follow(t, folder))


def unnamed(missing: int, total: int) -> list[str]:
    """What to tell where the patient of some pictures is known and that of others is not: one sentence, or none."""
    if not 0 < missing < total:
        return []
    theirs = "It counts as a patient of its own" if missing == 1 else "They count as patients of their own"
    return [
        f"The patient of {missing:,} of {total:,} pictures is not known. {theirs}, "
        "so somebody may be both learned from and held out."
    ]


def unknown(dataset: Mapping[str, Any]) -> str:
    """What the figures of a run lack whose manifest names no patient at all: a sentence; nothing where some are named.

    Args:
        dataset: the run's manifest.
    """
    if any(file.get("patient") is not None for file in dataset["files"]):
        return ""
    return (
        "Nothing tells which pictures show the same patient. "
        "Where somebody was both learned from and held out, the figures are too kind."
    )


def _owners(scan: "Scan") -> dict[int, set[str]]:
    """The patients of each class that is to be split; a picture without one stands for itself."""
    owners: dict[int, set[str]] = defaultdict(set)
    for file in scan.files:
        if file.split in ("", TRAIN):
            owners[file.label].add(file.patient or file.path)
    return owners


def _named(found: dict[str, str]) -> dict[str, str]:
    names = {identity: pseudonym(identity) for identity in set(found.values())}
    return {path: names[identity] for path, identity in found.items()}


def _by_column(scan: "Scan", column: str) -> dict[str, str]:
    if found := by_tables(scan, column):
        return found
    listed = ", ".join(map(_described, tables(scan.root))) or "none"
    raise DataError(
        f"patient_column needs a CSV in {scan.root!r} with the column {column!r} and one of "
        f"{', '.join(_FILE_COLUMNS)} that names the pictures. Tables found: {listed}."
    )


def _described(path: Path) -> str:
    try:
        table.read(path)
    except DataError as error:
        return f"{path.name} ({str(error).rstrip('.')})"
    return path.name


def _by_table(files: Sequence[Example], path: Path, column: str) -> dict[str, str]:
    """Path -> patient, for the files that a table names."""
    named = dict(_rows(path, column))
    found = {}
    for file in files:
        name = file.path.rpartition("/")[2]
        patient = named.get(file.path) or named.get(name) or named.get(name.rpartition(".")[0])
        if patient:
            found[file.path] = patient
    return found


def _rows(path: Path, column: str) -> Iterator[tuple[str, str]]:
    """(name of a file, patient) of each row that has both; also as a plain path, where the table writes `./a/x.png`."""
    read = table.read(path, (column,))
    key = next((c for c in read.columns if c.lower() in _FILE_COLUMNS and c != column), None)
    if key is None or column not in read.columns:
        return
    at, whose = read.columns.index(key), read.columns.index(column)
    for _, cells in read.rows:
        name, patient = cells[at].strip(), cells[whose].strip()
        if name and patient:
            yield name, patient
            plain = name.replace("\\", "/").removeprefix(f"{path.parent}/")
            yield posixpath.normpath(plain), patient
