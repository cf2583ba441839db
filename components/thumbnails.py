"""Small copies of pictures, kept while the file does not change."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import streamlit as st

from core.data import pixels, roots
from core.data.reading import AS_STORED, Reading
from core.errors import ThawError

SIDE = 168  # pixels, sharp at 84 on a dense screen
LARGE = 10_000_000  # pixels; a picture from there on is decoded alone, by all sessions: 100 megapixels take 0.6 GB
_alone = threading.Lock()


def thumbnails(paths: Sequence[str], side: int = SIDE, reading: Reading = AS_STORED) -> list[bytes | None]:
    """Encoded thumbnails in the order given, as a run reads the pictures; None where a file cannot be read."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda path: _thumbnail(path, side, reading), paths))


def _thumbnail(path: str, side: int, reading: Reading) -> bytes | None:
    try:
        stat = Path(path).stat()
        return _cached(os.fsencode(path), stat.st_mtime_ns, stat.st_size, side, reading)
    except (OSError, ThawError):
        return None


@st.cache_data(max_entries=4000, show_spinner=False)
def _cached(path: bytes, mtime_ns: int, size: int, side: int, reading: Reading) -> bytes:
    picture = roots.check(os.fsdecode(path))
    _, _, (width, height), _ = pixels.inspect(picture)
    with _alone if width * height >= LARGE else nullcontext():
        return pixels.thumbnail(picture, side, reading)
