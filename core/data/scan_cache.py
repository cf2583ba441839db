"""What earlier scans saw, kept under the cache folder: whole scans, and verdicts of single files."""

import hashlib
import json
import os
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import PIL

from core import environment
from core.data.check import Verdict, check
from core.data.walk import Entry, Walk
from core.files import read_json, replace_atomically

_VERSION = f"5 {PIL.__version__} {version('pydicom')}"  # other code or other libraries may judge otherwise
_SEEN = 4  # of an entry's fields: path, size and times; not the device and number, which mounting may change
_CHUNK = 32  # files a task
_SLOW_S = 150e-6  # seconds a file, from which on threads pay
_SLOW_CHUNKS = 4  # in a row: a single one may be slow because other processes took part


def load(root: str, found: Walk) -> dict[str, Any] | None:
    """The plain scan that was saved for exactly this walk, or None."""
    kept = read_json(_file(root, "scan"))
    if isinstance(kept, dict) and kept.get("signature") == _signature(found):
        return kept["scan"]
    return None


def newest(root: str) -> dict[str, Any] | None:
    """The plain scan that was saved last for this folder, or None."""
    kept = read_json(_file(root, "scan"))
    return kept["scan"] if isinstance(kept, dict) and "scan" in kept else None


def save(root: str, found: Walk, scan: dict[str, Any]) -> None:
    """Keep a plain scan for this walk. A cache that cannot be written is no error."""
    _write(_file(root, "scan"), {"signature": _signature(found), "scan": scan})


def verdicts(
    root: str, found: Walk, *, use_cache: bool, progress: Callable[[int, int | None], None] | None
) -> list[Verdict]:
    """The verdict of every file of the walk, in its order; only new and changed files are opened."""
    kept = read_json(_file(root, "verdicts")) if use_cache else None
    columns = kept["files"] if isinstance(kept, dict) and kept.get("version") == _VERSION else []
    known = {row[:_SEEN]: Verdict(*row[_SEEN:]) for row in zip(*columns, strict=True)}
    result = [known.get(entry[:_SEEN]) for entry in found.files]
    todo = [row for row, verdict in enumerate(result) if verdict is None]
    _check_all(root, found, todo, result, progress)
    done = [verdict for verdict in result if verdict is not None]
    if use_cache and todo:
        files = _columns(found.files, Entry._fields)[:_SEEN] + _columns(done, Verdict._fields)
        _write(_file(root, "verdicts"), {"version": _VERSION, "files": files})
    return done


def _check_all(
    root: str,
    found: Walk,
    todo: list[int],
    result: list[Verdict | None],
    progress: Callable[[int, int | None], None] | None,
) -> None:
    """Fill `result` for the rows in `todo`.

    One thread is fastest while the files are in memory and of a simple kind. Threads help as soon as the disk has to
    be waited for or Pillow has to decode, both without the GIL. Elsewhere they double the processor's time.
    """
    total = len(found.files)
    done = total - len(todo)

    def some(rows: list[int]) -> float:
        start = time.perf_counter()
        for row in rows:
            entry = found.files[row]
            result[row] = check(f"{root}/{entry.path}", entry.size)
        return (time.perf_counter() - start) / len(rows)

    def report(rows: list[int]) -> None:
        nonlocal done
        done += len(rows)
        if progress:
            progress(done, total)

    chunks = deque(todo[i : i + _CHUNK] for i in range(0, len(todo), _CHUNK))
    slow = 0
    while chunks and slow < _SLOW_CHUNKS:
        rows = chunks.popleft()
        slow = slow + 1 if some(rows) > _SLOW_S else 0
        report(rows)
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
        for rows, _ in zip(chunks, pool.map(some, chunks), strict=True):
            report(rows)


def _signature(found: Walk) -> str:
    paths, *numbers = _columns(found.files, Entry._fields)[:_SEEN]
    digest = hashlib.blake2b(digest_size=16)
    for text in ("\0".join(paths), repr((_VERSION, len(paths), found.folders, found.problems))):
        digest.update(os.fsencode(text))
    for column in numbers:
        digest.update(array("q", column))
    return digest.hexdigest()


def _columns(rows: Sequence[tuple[Any, ...]], fields: tuple[str, ...]) -> list[list[Any]]:
    """A table by its columns, which take far less time to write than its rows."""
    flat = list(chain.from_iterable(rows))
    return [flat[i :: len(fields)] for i in range(len(fields))]


def _file(root: str, what: str) -> Path:
    name = hashlib.blake2b(os.fsencode(root), digest_size=16).hexdigest()
    return environment.cache_dir() / "scans" / f"{name}.{what}.json"


def _write(path: Path, data: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_atomically(path, json.dumps(data, separators=(",", ":")).encode("ascii"), durable=False)
    except OSError:
        return
