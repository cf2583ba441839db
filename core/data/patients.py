"""Whose picture it is: from a pattern on file names, or from a table beside the pictures."""

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.config import RunConfig
from core.data.manifest import TRAIN, Example
from core.data.scan import Scan
from core.errors import DataError

_FILE_COLUMNS = ("path", "file", "filename", "file_name", "image", "image_path", "name", "id", "image_id")


def patients(scan: Scan, config: RunConfig) -> dict[str, str] | None:
    """Path -> patient for the files whose patient is known; None where the settings name no patients.

    Raises:
        DataError: the pattern matches no file name, or no table beside the pictures has the column.
    """
    if config.patient_pattern:
        return _by_pattern(scan, config.patient_pattern)
    if config.patient_column:
        return _by_table(scan, config.patient_column)
    return None


def on_both_sides(files: Sequence[Example]) -> list[str]:
    """Patients with pictures to train on and held-out ones, sorted: only folders that were split by hand have any."""
    sides: dict[str, set[bool]] = {}
    for file in files:
        if file.patient is not None:
            sides.setdefault(file.patient, set()).add(file.split == TRAIN)
    return sorted(patient for patient, seen in sides.items() if len(seen) == 2)


def _by_pattern(scan: Scan, pattern: str) -> dict[str, str]:
    search = re.compile(pattern).search
    found = {}
    for file in scan.files:
        match = search(file.path.rpartition("/")[2])
        if match and match.group(1) is not None:
            found[file.path] = match.group(1)
    if not found:
        example = scan.files[0].path.rpartition("/")[2]
        raise DataError(f"patient_pattern {pattern!r} matches no file name. One of the names is {example!r}.")
    return found


def _by_table(scan: Scan, column: str) -> dict[str, str]:
    """From the first CSV in the root that has the column and one that names files by path, name or stem."""
    tables = sorted(Path(scan.root).glob("*.csv"))
    for table in tables:
        named = {name: patient for row in _rows(table, column) for name, patient in [row] if patient}
        found = {}
        for file in scan.files:
            name = file.path.rpartition("/")[2]
            patient = named.get(file.path) or named.get(name) or named.get(name.rpartition(".")[0])
            if patient:
                found[file.path] = patient
        if found:
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
