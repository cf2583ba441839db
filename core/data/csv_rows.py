"""The rows of a CSV whose quotation marks are not all pairs, as in texts that nobody quoted: `"Oh what a film`.

Read by the book, such a mark opens a field that swallows all rows up to the next one.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST_FIELD = 1 << 30  # characters; the csv module's own limit is 131,072


@dataclass(frozen=True)
class Rows:
    """The records of a table, in order."""

    records: list[list[str]]
    unpaired: tuple[int, ...]  # lines, counted from 0, that were read without quoting
    mended: tuple[int, ...]  # the records on them, counted from 1
    doubtful: tuple[int, ...]  # records, counted from 1, that may have swallowed others


@dataclass(frozen=True)
class _Shape:
    """What tells a row that stands on one line."""

    delimiter: str
    width: int  # columns
    known: dict[int, set[str]]  # by column, the values of those where they come again and again, as labels do

    def fits(self, line: str) -> bool:
        """Whether a line alone is a row. Tabs hardly occur in texts; of other delimiters, the labels must be known."""
        fields = self._fields(line)
        if len(fields) != self.width:
            return False
        known = all(fields[column] in values for column, values in self.known.items())
        return self.delimiter == "\t" or (bool(self.known) and known)

    def is_full(self, line: str) -> bool:
        """Whether a line alone has the table's columns."""
        return len(self._fields(line)) == self.width

    def _fields(self, line: str) -> list[str]:
        ended = line.rstrip("\r\n") + "\n"
        fields = next(csv.reader([ended], delimiter=self.delimiter), [])
        return _plain(line, self.delimiter) if fields and fields[-1].endswith("\n") else fields


def read(text: str, delimiter: str) -> Rows:
    """All records of a table. A line whose quotation mark swallows others is read without quoting."""
    csv.field_size_limit(LONGEST_FIELD)
    lines = list(io.StringIO(text, newline=""))
    shape = _shape(lines, delimiter)
    unpaired = _unpaired(lines, shape)
    for n in unpaired:
        lines[n] = quoted(lines[n], delimiter)
    records, mended, doubtful, wanted = [], [], [], set(unpaired)
    for first, last, record in _spans(lines, delimiter):
        records.append(record)
        if first in wanted:
            mended.append(len(records))
        elif last - first > 1 and _is_doubtful(lines[first:last], shape):
            doubtful.append(len(records))
    return Rows(records, tuple(unpaired), tuple(mended), tuple(doubtful))


def quoted(line: str, delimiter: str) -> str:
    """A line in which quotation marks mean nothing, as a line of a CSV that says so."""
    return delimiter.join('"' + field.replace('"', '""') + '"' for field in _plain(line, delimiter)) + "\n"


def _plain(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _spans(lines: Sequence[str], delimiter: str, start: int = 0) -> Iterator[tuple[int, int, list[str]]]:
    """Each record with its first line and the one after its last."""
    reader = csv.reader((lines[n] for n in range(start, len(lines))), delimiter=delimiter)
    first = start
    for record in reader:
        last = start + reader.line_num
        yield first, last, record
        first = last


def _shape(lines: Sequence[str], delimiter: str) -> _Shape:
    """The shape of the records that stand on one line."""
    alone = [record for first, last, record in _spans(lines, delimiter) if last - first == 1 and len(record) > 1]
    width = Counter(map(len, alone)).most_common(1)[0][0] if alone else 0
    columns = list(zip(*(record for record in alone if len(record) == width), strict=True))
    known = {i: set(column) for i, column in enumerate(columns) if comes_again(column)}
    return _Shape(delimiter, width, known)


def comes_again(column: Sequence[str]) -> bool:
    """Whether the values of a column come again and again, as labels do."""
    return len(set(column)) <= len(column) / 2


def _unpaired(lines: Sequence[str], shape: _Shape) -> list[int]:
    """The lines that swallow others. After each, reading goes on with the next line, which may swallow too."""
    found: list[int] = []
    start: int | None = 0
    while start is not None:
        start = next((first + 1 for first, last, _ in _spans(lines, shape.delimiter, start) if last - first > 1
                      and _swallows(lines[first:last], shape)), None)  # fmt: skip
        if start is not None:
            found.append(start - 1)
    return found


def _swallows(lines: Sequence[str], shape: _Shape) -> bool:
    """Whether the first line of a record, and most of all its lines, would be rows by themselves."""
    return shape.fits(lines[0]) and sum(map(shape.fits, lines)) > len(lines) / 2


def _is_doubtful(lines: Sequence[str], shape: _Shape) -> bool:
    """Whether a record may have swallowed others: most of its lines would be rows, or it is badly quoted around one."""
    if sum(map(shape.fits, lines)) > len(lines) / 2:
        return True
    try:
        list(csv.reader(lines, delimiter=shape.delimiter, strict=True))
    except csv.Error:
        return any(map(shape.is_full, lines[1:-1]))
    return False
