"""Texts of a data set, read once and shared, and strips of them."""

import os
from collections.abc import Mapping, Sequence

import streamlit as st

from components.escape import as_html
from core.config import RunConfig
from core.data import roots, texts
from core.errors import ThawError

_LONGEST = 220  # characters that are shown of one text


def texts_of(config: RunConfig) -> Mapping[str, str]:
    """The text of every example by its path; empty where the data are gone or may not be read."""
    try:
        source = texts.source(str(roots.check(config.data)))
        stamp = source.stat().st_mtime_ns
    except (OSError, ThawError):
        return {}
    return _read(os.fsencode(source), (config.text_column, config.label_column, config.split_column), stamp)


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(path: bytes, columns: tuple[str, str, str], stamp: int) -> dict[str, str]:
    names = ("text_column", "label_column", "split_column")
    source = os.fsdecode(path)
    config = RunConfig(data=source).replace(**dict(zip(names, columns, strict=True)))
    return texts.to_show(texts.source(source), config)


def strip(name: str, note: str, shown: Sequence[str]) -> str:
    """A class's name over a few of its texts, as HTML."""
    title = as_html(name)
    quotes = "".join(f'<blockquote class="thaw-text">{as_html(shortened(text))}</blockquote>' for text in shown)
    return (
        f'<div class="thaw-class"><div><b title="{title}">{title}</b>'
        f'<span class="thaw-quiet">{as_html(note)}</span></div><div class="thaw-texts">{quotes}</div></div>'
    )


def shortened(text: str) -> str:
    """The beginning of a text, for a card."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1].rstrip() + "…"
