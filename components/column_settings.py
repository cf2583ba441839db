"""Which columns of a table are the text, the label and the split."""

import os
from typing import Any

import streamlit as st

from components import draft
from components.draft import bound
from components.escape import shown
from core.data import columns, roots, table, texts
from core.errors import DataError, ThawError

_LABELS = {"text_column": "Text column", "label_column": "Label column", "split_column": "Split column"}
_HELP = {
    "text_column": "What the network reads.",
    "label_column": "What it learns to tell: the classes.",
    "split_column": "With train, validation and test.",
}


def column_settings(path: str | None) -> None:
    """A selector for each, side by side; nothing where the data are no table or may not be read."""
    chosen = draft.columns()
    try:
        source = texts.source(str(roots.check(path))) if path and texts.is_text(roots.check(path)) else None
        if source is None or source.is_dir():
            return
        named = tuple(filter(None, chosen.values()))
        known, found = _columns(os.fsencode(source), source.stat().st_mtime_ns, named, tuple(chosen.values()))
    except (OSError, ThawError):  # the scan says why
        return
    for place, (name, label) in zip(st.columns(3), _LABELS.items(), strict=True):
        options = list(dict.fromkeys(["", *known, chosen[name]]))
        with place:
            st.selectbox(
                label,
                options,
                format_func=_worded(name, found.get(name, "")),
                help=_HELP[name],
                **bound(name, options=options),
            )


def _worded(name: str, found: str) -> Any:
    unchosen = f"{shown(found)}, found by itself" if found else "None" if name == "split_column" else "Choose a column"
    return lambda option: shown(option) if option else unchosen


@st.cache_data(max_entries=8, show_spinner=False)
def _columns(
    path: bytes, stamp: int, named: tuple[str, ...], chosen: tuple[str, str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The names of a table's columns, and those that are taken where none are chosen; none where one is not found."""
    read = table.read(os.fsdecode(path), named, texts.SHOWN_BYTES)
    try:
        at = columns.find(read, *chosen)
    except DataError:
        return read.columns, {}
    places = zip(draft.COLUMNS, (at.text, at.label, at.split), strict=True)
    return read.columns, {name: read.columns[place] for name, place in places if place is not None}
