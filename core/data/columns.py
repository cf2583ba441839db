"""Which columns of a table are the text, the label and the split: as chosen, or found by name and by content."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.layout import split_of
from core.data.table import LABEL_NAMES, SPLIT_NAMES, TEXT_NAMES, Table
from core.errors import DataError, unknown

MOST_CLASSES = 1000


@dataclass(frozen=True)
class Columns:
    """Places of the columns in a row."""

    text: int
    label: int
    split: int | None


def find(table: Table, text: str = "", label: str = "", split: str = "") -> Columns:
    """The columns of a table.

    Args:
        table: at least two columns; those without a header are called "1", "2", and so on.
        text: the name of the column of texts, empty to find it.
        label: that of the labels.
        split: that of the splits; empty to take one with a usual name and mostly names of splits in it. A column with
            nothing in it is none.

    Raises:
        DataError: a chosen column is not there, or none looks like texts or labels.
    """
    columns = {name: list(values) for name, values in zip(table.columns, _transposed(table), strict=True)}
    for chosen in filter(None, (text, label, split)):
        if chosen not in columns:
            raise DataError(unknown("column", chosen, columns))
    split = split or _named(columns, SPLIT_NAMES, _are_splits)
    unused = split if split and not any(map(str.strip, columns[split])) else ""
    split = "" if unused else split
    free = {name: values for name, values in columns.items() if name not in (text, label, split, unused)}
    text = text or _named(free, TEXT_NAMES) or _longest(free)
    free.pop(text, None)
    label = label or _named(free, LABEL_NAMES) or _fewest(free)
    if not text or not label:
        missing = "texts" if not text else "labels"
        raise DataError(
            f"No column looks like {missing}. Name it: text_column and label_column take one of "
            f"{', '.join(map(repr, columns))}."
        )
    if text == label:
        raise DataError(f"text_column and label_column must be two columns. Received: {text!r} for both.")
    place = table.columns.index
    return Columns(place(text), place(label), place(split) if split else None)


def notes(table: Table, at: Columns, split: str = "") -> list[str]:
    """Why a column that is called like a split, or was chosen as one, is not among those that `find` gave."""
    free = set(range(len(table.columns))) - {at.text, at.label}
    usual = [i for i in sorted(free) if table.columns[i].strip().lower() in SPLIT_NAMES or table.columns[i] == split]
    if at.split is not None or not usual:
        return []
    name = table.columns[usual[0]]
    other = next((row[usual[0]] for _, row in table.rows if row[usual[0]].strip()), "")
    why = f"such as {other!r}, are not train, validation or test" if other else "are all empty"
    return [f"The column {name!r} is not taken for the split, since its values {why}. The split is made from the seed."]


def _transposed(table: Table) -> Sequence[Sequence[str]]:
    return list(zip(*(row for _, row in table.rows), strict=True)) or [()] * len(table.columns)


def _named(columns: dict[str, list[str]], names: Sequence[str], fits: object = None) -> str:
    lowered = {name.strip().lower(): name for name in reversed(columns)}
    for name in names:
        if name in lowered and (not callable(fits) or fits(columns[lowered[name]])):
            return lowered[name]
    return ""


def _are_splits(values: list[str]) -> bool:
    """Whether most of the values that there are name a split; rows with others are then told and left out."""
    there = [value for value in values if value.strip()]
    return 2 * sum(split_of(value) is not None for value in there) > len(there)


def _longest(columns: dict[str, list[str]]) -> str:
    """The column with the longest values on the whole, if it has any variety."""
    mean = {name: sum(map(len, v)) / max(1, len(v)) for name, v in columns.items() if len(set(v)) > 1}
    return max(mean, key=lambda name: mean[name], default="")


def _fewest(columns: dict[str, list[str]]) -> str:
    """The column with the fewest different values, at least two, each of them used about twice or more."""
    kinds = {name: len(set(v)) for name, v in columns.items()}
    good = {name: n for name, n in kinds.items() if 2 <= n <= min(MOST_CLASSES, max(2, len(columns[name]) // 2))}
    return min(good, key=lambda name: good[name], default="")
