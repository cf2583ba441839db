"""Paths as people type and paste them."""

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from core.errors import DataError

_FILE_ADDRESS = re.compile(r"file://(localhost)?(?=/)", re.IGNORECASE)


def expanded(path: str | Path) -> Path:
    """The path with a leading `~` or `~name` followed; as it is where nobody has that name, so that it is not found.

    `Path.expanduser` raises there.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


def pasted(text: str) -> Path:
    """The path in what a file manager or a shell puts on the clipboard: in spaces, in quotes, or after `file://`.

    Raises:
        DataError: it is no whole path.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    if address := _FILE_ADDRESS.match(text):
        text = os.fsdecode(unquote_to_bytes(text[address.end() :]))
    path = expanded(text)
    if not path.is_absolute():
        raise DataError(f"Give the whole path, beginning with /. Received: {text!r}.")
    return path
