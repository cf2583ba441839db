"""A few examples of a data set, spread evenly over what there is."""

from collections.abc import Sequence
from pathlib import Path

from components.data_scan import scanned
from core.data.scan import Scan


def spread(rows: Sequence[int], number: int, start: int = 0) -> list[int]:
    """At most `number` of the rows, evenly spaced, beginning with the one at `start`."""
    if len(rows) <= number:
        return list(rows)
    return [rows[(start + i * len(rows) // number) % len(rows)] for i in range(number)]


def by_class(scan: Scan) -> list[list[int]]:
    """The rows of `scan.files` of each class."""
    rows: list[list[int]] = [[] for _ in scan.classes]
    for row, file in enumerate(scan.files):
        rows[file.label].append(row)
    return rows


def paths(scan: Scan, rows: Sequence[int]) -> list[str]:
    """Absolute paths of rows."""
    return [str(Path(scan.root) / scan.files[row].path) for row in rows]


def some_pictures(data: str, number: int) -> list[str]:
    """Absolute paths of a few pictures of a data set that was scanned."""
    scan = scanned(data)
    return paths(scan, spread(range(len(scan.files)), number)) if scan else []
