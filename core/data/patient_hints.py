"""Whether a split at random would put one patient on both sides, or folders that were split by hand do."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from core.data import patients, table
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


def look(scan: "Scan") -> tuple[list[Found], list[str]]:
    """Findings about patients, and what is good to know; the surest source first: DICOM, tables, file names."""
    told = {file.path: file.patient for file in scan.files if file.patient}
    if told:
        return list(_of_dicom(scan, told)), _by_patient(scan) + _unnamed(scan, told)
    for where, column in _columns(scan.root):
        if found := patients.by_tables(scan, column):
            remedy = f"To keep them together, set patient_column={column}"
            return _both(scan, where, found, remedy), [
                f"{note} Complete the column {column!r}." for note in _unnamed(scan, found)
            ]
    for pattern in _IN_NAMES:
        found = _in_most_names(pattern, [file.path for file in scan.files])
        if found:
            remedy = f"To keep them together, set patient_pattern={pattern}"
            return _both(scan, ".", found, remedy), _unnamed(scan, found)
    return [], []


def _of_dicom(scan: "Scan", told: Mapping[str, str]) -> Iterator[Found]:
    yield from _by_hand(scan, ".", told)
    if patients.of_dicom(scan) is None:
        yield from _at_random(scan, ".", told, "A class shows a single patient, so no split can keep them apart.")


def _both(scan: "Scan", where: str, found: Mapping[str, str], remedy: str) -> list[Found]:
    return [*_by_hand(scan, where, found), *_at_random(scan, where, found, remedy)]


def _by_patient(scan: "Scan") -> list[str]:
    """That the split goes by patient."""
    told = patients.of_dicom(scan)
    if not told or not _to_split(scan):
        return []
    n = len(set(told.values()))
    return [f"The DICOM files tell of {n:,} patients. The split keeps all pictures of a patient on one side."]


def _unnamed(scan: "Scan", found: Mapping[str, str]) -> list[str]:
    return patients.unnamed(len(scan.files) - len(found), len(scan.files))


def _to_split(scan: "Scan") -> list[Example]:
    """The files among which some will be held out."""
    if any(file.split == VALIDATION for file in scan.files):
        return []
    return [file for file in scan.files if file.split in ("", TRAIN)]


def _by_hand(scan: "Scan", where: str, found: Mapping[str, str]) -> Iterator[Found]:
    """A finding where folders put patients on both sides."""
    n = len(patients.on_both_sides([f._replace(patient=found.get(f.path)) for f in scan.files if f.split]))
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


def _columns(root: str) -> Iterator[tuple[str, str]]:
    """(name of a table, column) for the tables beside the pictures with a column that is called as patients are."""
    for path in patients.tables(root):
        with suppress(OSError, DataError):
            if path.stat().st_size > _MAX_TABLE:
                continue
            names = table.first_row(path)
            if column := next((name for name in names if _COLUMN.fullmatch(name)), None):
                yield path.name, column
