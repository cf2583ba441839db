"""Writing files so that a reader never sees half of one."""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from core.strict_json import strict_json


def replace_atomically(path: Path, data: bytes, durable: bool = True) -> None:
    """Write `data` beside `path`, flush it to disk (unless told that losing it is cheap), then move it into place."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")  # sessions share one process
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file beside `target`, then move it into place."""
    beside = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        shutil.copyfile(source, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, data: Any, durable: bool = True) -> None:
    """Write plain data as strict JSON, atomically. Names that are not UTF-8 survive as escapes."""
    replace_atomically(path, strict_json(data, indent=1).encode("ascii"), durable)


def exists(path: Path) -> bool:
    """Whether something is there and may be looked at; `Path.exists` raises where a folder on the way is closed."""
    try:
        return path.exists()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether a file is there, as `exists` tells it."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_json(path: Path, default: Any = None) -> Any:
    """The plain data in a JSON file; `default` where it is missing or not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return default
