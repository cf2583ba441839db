"""The feature store: activations of frozen trunks, kept on disk under a key made of all that shaped them.

```
features/<key>/
├── meta.json            what the arrays are, and which rows could not be read
├── 0.bin  1.bin …       row-major values without a header, so that they can be memory-mapped
└── lock                 shared by every run that reads the entry, so that it is not dropped under it
```
No TensorFlow here: the page lists and empties the store with the same code.
"""

import fcntl
import hashlib
import json
import mmap
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from core import environment
from core.files import read_json, write_json

LAYOUT = 1  # of the entries; a change makes older entries unreachable


@dataclass(frozen=True)
class ArraySpec:
    """One stored array, without its first axis (the rows)."""

    shape: tuple[int, ...]
    dtype: str  # NumPy's name

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


class Entry:
    """A finished entry, locked against being dropped until it is closed."""

    def __init__(self, folder: Path, lock: IO[bytes]) -> None:
        """`lock` is the open lock file, held shared."""
        self._lock = lock
        meta = read_json(folder / "meta.json")
        self.folder = folder
        self.rows = int(meta["rows"])
        self.specs = [ArraySpec(tuple(a["shape"]), a["dtype"]) for a in meta["arrays"]]
        self.unreadable = frozenset(meta["unreadable"])
        self._maps: dict[int, mmap.mmap] = {}

    def file(self, i: int) -> Path:
        """Where array `i` lies."""
        return self.folder / f"{i}.bin"

    def read(self, i: int, places: np.ndarray) -> np.ndarray:
        """Rows of array `i` in memory, `(len(places), *shape)`. A mapped file would count whole among what is used."""
        spec = self.specs[i]
        found = np.empty((len(places), *spec.shape), spec.dtype)
        with self.file(i).open("rb", buffering=0) as file:
            for row, place in zip(found, places.tolist(), strict=True):
                file.seek(place * spec.row_bytes)
                file.readinto(row)
        return found

    def mapped(self, i: int) -> np.ndarray:
        """Array `i` over its file, `(rows, *shape)`: no more is read than is looked at.

        Copy-on-write, because DLPack takes no array that is read-only; nobody writes.
        """
        spec = self.specs[i]
        if i not in self._maps:
            with self.file(i).open("rb") as file:
                self._maps[i] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        return np.frombuffer(self._maps[i], spec.dtype).reshape(self.rows, *spec.shape)

    def let_go(self) -> None:
        """Give back the memory of what was looked at through `mapped`; a further look takes it again."""
        for mapped in self._maps.values():
            mapped.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Let the entry be dropped again."""
        self._lock.close()

    def __del__(self) -> None:
        self.close()


class Writer:
    """An entry in the making. Nobody sees it before `commit`."""

    def __init__(
        self, store: "FeatureStore", key: str, rows: int, specs: list[ArraySpec], about: dict[str, Any]
    ) -> None:
        """Make the folder beside the entries, locked for as long as this process lives."""
        self._store, self._key, self._rows, self._specs, self._about = store, key, rows, specs, about
        self._folder = store.folder / f".{key}.{os.getpid()}.tmp"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._lock = _locked(self._folder / "lock", fcntl.LOCK_EX)
        self._files = [open(self._folder / f"{i}.bin", "wb") for i in range(len(specs))]
        self._unreadable: list[int] = []
        self._written = 0

    def append(self, arrays: list[np.ndarray], ok: np.ndarray) -> None:
        """Add rows to every array; rows whose `ok` is False are remembered as unreadable."""
        self._unreadable += [self._written + int(i) for i in np.flatnonzero(~ok)]
        self._written += len(ok)
        for file, spec, array in zip(self._files, self._specs, arrays, strict=True):
            file.write(np.ascontiguousarray(array, spec.dtype).data)  # unlike `tofile`, says so when the disk is full

    def commit(self) -> Entry:
        """Make the entry visible, or use the one that another run has finished meanwhile."""
        for file in self._files:
            file.close()
        meta = {
            "rows": self._rows,
            "arrays": [{"shape": list(s.shape), "dtype": s.dtype} for s in self._specs],
            "unreadable": self._unreadable,
            "about": self._about,
            "created": time.time(),
        }
        write_json(self._folder / "meta.json", meta)
        try:
            os.replace(self._folder, self._store.folder / self._key)
        except OSError:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()
        entry = self._store.find(self._key)
        if entry is None:
            raise OSError(f"The stored features {self._key} vanished while they were written.")
        return entry

    def abandon(self) -> None:
        """Remove what was written."""
        for file in self._files:
            with suppress(OSError):  # on a full disk even closing a file fails
                file.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()


class FeatureStore:
    """All entries below one folder."""

    def __init__(self, folder: Path | None = None, limit: int | None = None) -> None:
        """`limit` is in bytes, by default what the environment says."""
        self.folder = folder or environment.cache_dir() / "features"
        self.limit = environment.cache_bytes() if limit is None else limit

    def find(self, key: str) -> Entry | None:
        """The finished entry under `key`, marked as used now and locked against being dropped."""
        folder = self.folder / key
        try:
            lock = _locked(folder / "lock", fcntl.LOCK_SH)
        except OSError:
            return None
        try:
            entry = Entry(folder, lock)
            whole = all(
                entry.file(i).stat().st_size == entry.rows * spec.row_bytes for i, spec in enumerate(entry.specs)
            )
            os.utime(folder / "meta.json")
        except (OSError, KeyError, TypeError, ValueError):
            whole = False
        if whole:
            return entry
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def fits(self, rows: int, specs: list[ArraySpec]) -> bool:
        """Whether an entry of this size may be kept at all."""
        return rows * sum(s.row_bytes for s in specs) <= self.limit

    def create(self, key: str, rows: int, specs: list[ArraySpec], about: dict[str, Any]) -> Writer:
        """Begin an entry, after dropping what was used longest ago where room is needed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(
            self.folder.with_name(f"{self.folder.name}.lock"), fcntl.LOCK_EX
        ):  # nobody takes a folder that is not yet locked for dead
            self._make_room(rows * sum(s.row_bytes for s in specs))
            return Writer(self, key, rows, specs, about)

    def entries(self) -> list[dict[str, Any]]:
        """Key, bytes, last use and contents of every finished entry, the one used last first."""
        found = [
            {"key": folder.name, "bytes": _bytes(folder), "used": (folder / "meta.json").stat().st_mtime}
            | {"about": read_json(folder / "meta.json", {}).get("about", {})}
            for folder in self._folders()
            if (folder / "meta.json").exists()
        ]
        return sorted(found, key=lambda e: e["used"], reverse=True)

    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry["bytes"] for entry in self.entries())

    def clear(self) -> int:
        """Drop every entry that no run is reading; returns the bytes set free."""
        return sum(entry["bytes"] for entry in self.entries() if self._drop(self.folder / entry["key"]))

    def _make_room(self, needed: int) -> None:
        for folder in self._folders(hidden=True):
            self._drop(folder)  # left by a run that died; one that lives holds its lock
        entries = self.entries()
        total = sum(entry["bytes"] for entry in entries)
        while entries and total + needed > self.limit:
            oldest = entries.pop()
            if self._drop(self.folder / oldest["key"]):
                total -= oldest["bytes"]

    def _drop(self, folder: Path) -> bool:
        try:
            lock = _locked(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        with lock:
            shutil.rmtree(folder, ignore_errors=True)
        return True

    def _folders(self, hidden: bool = False) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (f for f in self.folder.iterdir() if f.is_dir() and f.name.startswith(".") == hidden)


def key_of(**parts: Any) -> str:
    """A key made of everything that shapes an entry."""
    text = json.dumps({"layout": LAYOUT, **parts}, sort_keys=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def _locked(path: Path, how: int) -> IO[bytes]:
    """The lock file, open and locked. Raises OSError where its folder is missing or it is taken."""
    file = open(path, "ab")
    try:
        fcntl.flock(file, how)
    except OSError:
        file.close()
        raise
    return file


def _bytes(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.iterdir())
