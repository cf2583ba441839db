"""Tables of text: CSV, TSV and JSON lines, read as people save them, with the delimiter, encoding and header found."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.any_text import whole
from core.data import csv_rows, encodings
from core.errors import DataError

SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")
DELIMITERS = (",", "\t", ";", "|")
_LINES = (".jsonl", ".ndjson", ".json")
_LOOK = 200  # rows that decide about delimiter and header
_HEAD = 1 << 16  # bytes that `first_row` reads
TEXT_NAMES = (
    "text", "review", "sentence", "content", "comment", "message", "body", "tweet", "document", "description",
    "question", "utterance", "phrase", "title",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "class", "category", "sentiment", "target", "intent", "topic", "rating", "stars", "tag", "y",
)  # fmt: skip
SPLIT_NAMES = ("split", "set", "fold", "partition", "subset")
_USUAL_NAMES = frozenset((*TEXT_NAMES, *LABEL_NAMES, *SPLIT_NAMES, "id", "index"))


@dataclass(frozen=True)
class Table:
    """A table as texts. Every row has a value for every column, or is among `broken`."""

    columns: tuple[str, ...]
    rows: list[tuple[int, list[str]]]  # number as a spreadsheet counts (the header is 1), and its values
    broken: list[tuple[int, str]]  # number, and what is wrong with it
    has_header: bool
    delimiter: str = ""  # of a CSV; empty for JSON
    doubtful: tuple[tuple[int, str], ...] = ()  # number of a row that is there, and what may be wrong with it
    unpaired: tuple[int, ...] = ()  # lines of a CSV, counted from 0, that were read without quoting


def read(path: str | Path, named: tuple[str, ...] = (), most: int = -1) -> Table:
    """Read a table.

    Args:
        path: a file with one of `SUFFIXES`; a CSV may use any of `DELIMITERS`.
        named: columns that somebody asked for by name; a first row that holds them all is the header.
        most: bytes after which the rest of a long table is left unread; -1 for none.

    Raises:
        DataError: the file cannot be read, is empty or is no table.
    """
    path = Path(path)
    data = _bytes(path, most)
    text = encodings.decode(data if len(data) != most else data[: data.rfind(b"\n") + 1])
    if not text.strip():
        raise DataError(f"The table {str(path)!r} is empty.")
    if path.suffix.lower() in _LINES:
        return _from_json(text, path)
    return _from_csv(text, path, named)


def first_row(path: str | Path) -> list[str]:
    """The cells of a CSV's first row, stripped; none where it is empty. The rest of a long table is not read.

    Raises:
        DataError: the file cannot be read.
    """
    text = encodings.decode(_bytes(Path(path), _HEAD))
    return [cell.strip() for cell in next(_records(text, _delimiter(text, DELIMITERS)), [])]


def _bytes(path: Path, most: int) -> bytes:
    """The first bytes of a file. A pipe is refused: whoever opened it would wait for ever."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"The table {str(path)!r} cannot be read: it is no file but a folder, pipe or device.")
        with open(path, "rb") as file:
            return file.read(most)
    except OSError as error:
        raise DataError(f"The table {str(path)!r} cannot be read: {error.strerror}.") from None


def _from_csv(text: str, path: Path, named: tuple[str, ...]) -> Table:
    tab_first = path.suffix.lower() in (".tsv", ".tab")
    delimiter = _delimiter(text, ("\t", *DELIMITERS) if tab_first else DELIMITERS)
    read = csv_rows.read(text, delimiter)
    records = [(n, r) for n, r in enumerate(read.records, 1) if any(cell.strip() for cell in r)]
    if not records:
        raise DataError(f"The table {str(path)!r} holds no rows.")
    width = Counter(len(r) for _, r in records).most_common(1)[0][0]
    if width < 2:
        raise DataError(f"A table needs a column of texts and one of labels. {str(path)!r} has one column.")
    whole = [r for _, r in records[:_LOOK] if len(r) == width]
    header = len(records[0][1]) == width and _is_header(whole, named)
    columns = [c.strip() for c in records[0][1]] if header else [str(i + 1) for i in range(width)]
    body = records[1:] if header else records
    broken = [(n, f"It has {len(r)} columns, the table has {width}.") for n, r in body if len(r) != width]
    rows = [(n, r) for n, r in body if len(r) == width]
    return Table(tuple(columns), rows, broken, header, delimiter, _doubts(read), read.unpaired)


def _doubts(read: csv_rows.Rows) -> tuple[tuple[int, str], ...]:
    mended = [
        (n, "A quotation mark has no pair on this row; it was taken for a part of the text.") for n in read.mended
    ]
    swallowed = "It has line breaks in quotation marks, or one without a pair has joined several rows. Look at it."
    return tuple(sorted([*mended, *((n, swallowed) for n in read.doubtful)]))


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str, candidates: tuple[str, ...]) -> str:
    """The one under which most of the first rows, and the very first, have the same number of columns, two or more.

    Of several, the first under which a column's values come again and again, as labels do.
    """
    best, most = candidates[0], 0.0
    csv.field_size_limit(csv_rows.LONGEST_FIELD)
    for delimiter in candidates:
        rows = [r for _, r in zip(range(_LOOK), _records(text, delimiter), strict=False) if r]
        widths = Counter(map(len, rows))
        width, n = max(((w, n) for w, n in widths.items() if w > 1), key=lambda pair: pair[1], default=(0, 0))
        if not width:
            continue
        whole = [r for r in rows if len(r) == width]
        sound = (len(rows[0]) == width) + any(csv_rows.comes_again(column) for column in zip(*whole, strict=True))
        share = sound + n / len(rows)
        if share > most + 0.05:  # an earlier candidate needs to be clearly beaten
            best, most = delimiter, share
    return best


def _is_header(rows: list[list[str]], named: tuple[str, ...]) -> bool:
    """Whether the first row names the columns.

    It does where it holds the names asked for or a usual name, and where none of its values is long, a number, or seen
    again below it in a column of few values.
    """
    first = [cell.strip() for cell in rows[0]]
    if named and set(named) <= set(first):
        return True
    if len(set(first)) < len(first) or not all(first):
        return False
    if {cell.lower() for cell in first} & _USUAL_NAMES and all(len(cell) < 40 for cell in first):
        return True
    if len(rows) < 3 or any(len(cell) > 40 or _is_number(cell) for cell in first):
        return False
    columns = list(zip(*rows[1:], strict=True))
    few = [i for i, column in enumerate(columns) if len(set(column)) <= max(2, len(column) // 2)]
    return bool(few) and all(first[i] not in columns[i] for i in few)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _from_json(text: str, path: Path) -> Table:
    """One JSON object a line, or one array of objects."""
    found: list[tuple[int, Any]] = []
    broken: list[tuple[int, str]] = []
    if text.lstrip("\ufeff \t\r\n").startswith("["):
        try:
            found = list(enumerate(json.loads(text), 1))
        except (ValueError, RecursionError) as error:
            raise DataError(f"The file {str(path)!r} is not JSON: {error}.") from None
    else:
        for n, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                found.append((n, json.loads(line)))
            except (ValueError, RecursionError) as error:
                broken.append((n, f"The line is not JSON: {error}."))
    objects = [(n, value) for n, value in found if isinstance(value, dict)]
    broken += [(n, "The line is not a JSON object.") for n, value in found if not isinstance(value, dict)]
    columns = tuple(dict.fromkeys(key for _, value in objects for key in value))
    if len(columns) < 2:
        raise DataError(f"The file {str(path)!r} needs JSON objects with a text and a label, one a line.")
    rows = [(n, [_plain(value.get(key)) for key in columns]) for n, value in objects]
    return Table(tuple(map(whole, columns)), rows, sorted(broken), True)


def _plain(value: Any) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    return whole(value) if isinstance(value, str) else json.dumps(value)
