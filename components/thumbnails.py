"""Small copies of pictures, kept while the file does not change."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import streamlit as st

from core.data import pixels, roots
from core.errors import ThawError

SIDE = 168  # pixels, sharp at 84 on a dense screen


def thumbnails(paths: Sequence[str], side: int = SIDE) -> list[bytes | None]:
    """Encoded thumbnails in the order given; None where a file cannot be read."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda path: _thumbnail(path, side), paths))


def _thumbnail(path: str, side: int) -> bytes | None:
    try:
        stat = Path(path).stat()
        return _cached(os.fsencode(path), stat.st_mtime_ns, stat.st_size, side)
    except (OSError, ThawError):
        return None


@st.cache_data(max_entries=4000, show_spinner=False)
def _cached(path: bytes, mtime_ns: int, size: int, side: int) -> bytes:
    return pixels.thumbnail(roots.check(os.fsdecode(path)), side)
