"""Whose picture it is: from the DICOM files, a table beside the pictures, or a pattern on file names.

What is told onwards is a pseudonym (`core.data.pseudonym`), never the id.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import RunConfig
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
        return _named(_by_column(scan, config.patient_column))
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


def by_table(files: Sequence[Example], table: Path, column: str) -> dict[str, str]:
    """Path -> the value in a column of a CSV that names files by path, name or stem; empty where it does not.

    Raises:
        DataError: the table cannot be read.
    """
    named = {name: patient for row in _rows(table, column) for name, patient in [row] if patient}
    found = {}
    for file in files:
        name = file.path.rpartition("/")[2]
        patient = named.get(file.path) or named.get(name) or named.get(name.rpartition(".")[0])
        if patient:
            found[file.path] = patient
    return found


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
    """From the first CSV in the root that has the column and one that names files by path, name or stem."""
    tables = sorted(t for t in Path(scan.root).glob("*.csv") if may_follow(t, Path(scan.root)))
    for table in tables:
        if found := by_table(scan.files, table, column):
            return found
    listed = ", ".join(t.name for t in tables) or "none"
    raise DataError(
        f"patient_column needs a CSV in {scan.root!r} with the column {column!r} and one of "
        f"{', '.join(_FILE_COLUMNS)} that names the pictures. Tables found: {listed}."
    )


def _rows(table: Path, column: str) -> Iterator[tuple[str, str]]:
    """(name of a file, patient) of each row of a table that has both columns."""
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            fields = reader.fieldnames or []
            key = next((f for f in fields if f.lower() in _FILE_COLUMNS and f != column), None)
            if key is None or column not in fields:
                return
            for row in reader:
                yield (row[key] or "").strip(), (row[column] or "").strip()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"The table {table.name!r} cannot be read: {error}.") from None
