"""Whether a split at random would put one patient on both sides, or folders that were split by hand do."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.data import patients
from core.data.findings import Found
from core.data.manifest import TRAIN, VALIDATION, Example
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.scan import Scan

_COLUMN = re.compile(r"(patient|subject|person|case)[ _-]?(id|no|nr|number|name|code)?", re.IGNORECASE)
_IN_NAMES = (  # each suits the names of published sets, such as patient00042_study1, person7_bacteria_3, sub-012_T1w
    r"(?i)((?:patient|person|subject)[ _-]?\d+)(?!\d)",
    r"(?i)^((?:pat|sub|subj|case)[ _-]?\d+)(?!\d)",
)
_MAX_TABLE = 100_000_000  # bytes of a CSV that is looked into


def hints(scan: "Scan") -> Iterator[Found]:
    """Findings about patients, the surest source first: DICOM, a table beside the pictures, file names."""
    told = {file.path: file.patient for file in scan.files if file.patient}
    if told:
        yield from _by_hand(scan, ".", told)
        if patients.of_dicom(scan) is None:
            yield from _at_random(scan, ".", told, "A class shows a single patient, so no split can keep them apart.")
        return
    for table, column in _tables(scan.root):
        try:
            found = patients.by_table(scan.files, table, column)
        except DataError:
            continue
        if found:
            yield from _by_hand(scan, table.name, found)
            yield from _at_random(scan, table.name, found, f"To keep them together, set patient_column={column}")
            return
    for pattern in _IN_NAMES:
        found = _in_most_names(pattern, [file.path for file in scan.files])
        if found:
            yield from _by_hand(scan, ".", found)
            yield from _at_random(scan, ".", found, f"To keep them together, set patient_pattern={pattern}")
            return


def notes(scan: "Scan") -> list[str]:
    """What is good to know: that the split goes by patient."""
    told = patients.of_dicom(scan)
    if not told or not _to_split(scan):
        return []
    n = len(set(told.values()))
    return [f"The DICOM files tell of {n:,} patients. The split keeps all pictures of a patient on one side."]


def _to_split(scan: "Scan") -> list[Example]:
    """The files among which some will be held out."""
    if any(file.split == VALIDATION for file in scan.files):
        return []
    return [file for file in scan.files if file.split in ("", TRAIN)]


def _by_hand(scan: "Scan", where: str, found: Mapping[str, str]) -> Iterator[Found]:
    """A finding where folders put patients on both sides."""
    n = len(patients.on_both_sides([replace(f, patient=found.get(f.path)) for f in scan.files if f.split]))
    if n:
        message = f"{_patients(n)} pictures to learn from and held-out ones. Move each patient to one side."
        yield where, "patient_leak", message


def _at_random(scan: "Scan", where: str, found: Mapping[str, str], remedy: str) -> Iterator[Found]:
    """A finding where a split at random would do so."""
    counts = Counter(found[file.path] for file in _to_split(scan) if file.path in found)
    n = sum(count > 1 for count in counts.values())
    if n and len(counts) > 1:
        message = f"{_patients(n)} several pictures, which a split at random puts on both sides. {remedy}"
        yield where, "patients", message


def _patients(n: int) -> str:
    return "One patient has" if n == 1 else f"{n:,} patients have"


def _in_most_names(pattern: str, paths: list[str]) -> dict[str, str]:
    """What the pattern finds, by path; empty when fewer than half of the names have it."""
    found, search, lacking = {}, re.compile(pattern).search, 0
    for path in paths:
        if match := search(path.rpartition("/")[2]):
            found[path] = match[1]
        else:
            lacking += 1
            if 2 * lacking > len(paths):
                return {}
    return found


def _tables(root: str) -> Iterator[tuple[Path, str]]:
    """The CSV files beside the pictures with a column that is called as patients are."""
    for table in sorted(Path(root).glob("*.csv")):
        try:
            if table.stat().st_size > _MAX_TABLE:
                continue
            with open(table, encoding="utf-8-sig", newline="") as file:
                names = next(csv.reader(file), [])
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
        if column := next((name for name in names if _COLUMN.fullmatch(name.strip())), None):
            yield table, column
