"""The feature store: activations of frozen trunks, kept on disk under a key made of all that shaped them.

```
features/<key>/
├── meta.json            what the arrays are, and which rows could not be read
├── 0.bin  1.bin …       row-major values without a header, so that they can be memory-mapped
└── lock                 shared by every run that reads the entry, so that it is not dropped under it
features/.<key>.<process>.<bytes>.tmp/   an entry in the making, with the bytes that it will take
features.lock                            held while entries appear, are taken or dropped, so that no run sees half of it
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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from core import environment
from core.errors import NoRoomError
from core.files import read_json, write_json

LAYOUT = 2  # of the entries; a change makes older entries unreachable


@dataclass(frozen=True)
class ArraySpec:
    """One stored array, without its first axis (the rows)."""

    shape: tuple[int, ...]
    dtype: str  # NumPy's name

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


def as_stored(shape: tuple[int, ...], dtype: str = "float32") -> ArraySpec:
    """How a tensor of one example is kept: float16 for maps, float32 for vectors, whatever it is for what counts."""
    is_float = dtype.startswith(("float", "bfloat"))
    return ArraySpec(shape, ("float16" if len(shape) > 1 else "float32") if is_float else dtype)


def that_fit(sizes: Sequence[int], limit: int) -> list[bool]:
    """Which of one run's entries a store of `limit` bytes can hold beside each other, the first ones first."""
    fit, left = [], limit
    for size in sizes:
        fit.append(size <= left)
        left -= size if size <= left else 0
    return fit


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
        self.about: dict[str, Any] = _about(meta)
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
        self._store, self._key, self._rows, self._specs = store, key, rows, specs
        self.about = dict(about)  # what `entries` tells of it; can be added to until `commit`
        self._folder = store.folder / f".{key}.{os.getpid()}.{size_of(rows, specs)}.tmp"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._lock = _locked(self._folder / "lock", fcntl.LOCK_EX)
        self._files = [open(self._folder / f"{i}.bin", "wb") for i in range(len(specs))]
        self.unreadable: list[int] = []  # rows so far
        self._written = 0

    def begin_again(self) -> None:
        """Forget all rows."""
        for file in self._files:
            file.seek(0)
            file.truncate()
        self.unreadable, self._written = [], 0

    def append(self, arrays: list[np.ndarray], ok: np.ndarray) -> None:
        """Add rows to every array; rows whose `ok` is False are remembered as unreadable."""
        self.unreadable += [self._written + int(i) for i in np.flatnonzero(~ok)]
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
            "unreadable": self.unreadable,
            "about": self.about,
            "created": time.time(),
        }
        write_json(self._folder / "meta.json", meta)
        with self._store.alone():  # so that it counts once, and nobody drops it before it is taken
            try:
                os.replace(self._folder, self._store.folder / self._key)
            except OSError:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._lock.close()
            entry = self._store.taken(self._key)
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
        with self.alone():
            return self.taken(key)

    def taken(self, key: str) -> Entry | None:
        """`find` for a caller that is `alone`."""
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

    def forget(self, entry: Entry) -> bool:
        """Drop an entry that no longer holds; whether it is gone: not while another run is reading it."""
        entry.close()
        with self.alone(), suppress(OSError):
            return self._drop(entry.folder)
        return False

    def create(self, key: str, rows: int, specs: list[ArraySpec], about: dict[str, Any]) -> Writer:
        """Begin an entry, after dropping what was used longest ago where room is needed.

        Raises:
            NoRoomError: what is read or written now leaves too little.
        """
        with self.alone():  # nobody takes a folder that is not yet locked for dead
            self._make_room(size_of(rows, specs))
            return Writer(self, key, rows, specs, about)

    def alone(self) -> IO[bytes]:
        """The lock, open and held, under which entries appear, are taken or dropped; `with` lets it go."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return _locked(self.folder.with_name(f"{self.folder.name}.lock"), fcntl.LOCK_EX)

    def entries(self) -> list[dict[str, Any]]:
        """Key, bytes, last use (seconds since 1970) and contents of every entry, the one used last first.

        Of a damaged one the contents are empty; it takes room as well.
        """
        found = []
        for folder in self._folders():
            with suppress(OSError):  # dropped a moment ago
                found.append({"key": folder.name, "bytes": _bytes(folder), **_described(folder)})
        return sorted(found, key=lambda e: e["used"], reverse=True)

    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry["bytes"] for entry in self.entries())

    def clear(self) -> int:
        """Drop every entry that no run is reading, and what dead runs left; returns the bytes set free.

        Raises:
            NoRoomError: the folder cannot be changed.
        """
        freed = 0
        try:
            with self.alone():
                for folder in [*self._folders(), *self._folders(hidden=True)]:
                    with suppress(FileNotFoundError):  # given up by its run a moment ago
                        size = _bytes(folder)
                        freed += size if self._drop(folder) else 0
        except OSError as error:
            raise NoRoomError(
                f"The feature store cannot be emptied ({error.strerror}). "
                f"Make {str(self.folder)!r} and what is in it writable, then empty it again."
            ) from None
        return freed

    def _make_room(self, needed: int) -> None:
        for folder in list(self._folders(hidden=True)):
            with suppress(OSError):
                self._drop(folder)  # left by a run that died; one that lives holds its lock
        entries, writing = self.entries(), sum(map(_reserved, self._folders(hidden=True)))
        excess = sum(entry["bytes"] for entry in entries) + writing + needed - self.limit
        doomed = []
        with ExitStack() as locks:  # nothing is dropped unless that makes room enough
            while entries and excess > 0:
                oldest = entries.pop()
                with suppress(OSError):  # a run is reading it
                    locks.enter_context(_locked(self.folder / oldest["key"] / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB))
                    doomed.append(self.folder / oldest["key"])
                    excess -= oldest["bytes"]
            if excess > 0:
                raise NoRoomError(
                    f"The store holds {self.limit / 1e9:.1f} GB (THAW_CACHE_GB), and what runs read or write now "
                    f"leaves too little for {needed / 1e9:.1f} GB."
                )
            for folder in doomed:
                shutil.rmtree(folder, ignore_errors=True)

    def _drop(self, folder: Path) -> bool:
        """Whether `folder` could be dropped: nobody reads or writes it. Raises OSError where rights forbid it."""
        try:
            lock = _locked(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with lock:
            shutil.rmtree(folder)
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


def size_of(rows: int, specs: Sequence[ArraySpec]) -> int:
    """Bytes of the arrays of an entry."""
    return rows * sum(spec.row_bytes for spec in specs)


def _described(folder: Path) -> dict[str, Any]:
    """Last use and contents of an entry, as far as it tells them."""
    file = folder / "meta.json"
    meta = read_json(file, {})
    return {"used": (file if file.exists() else folder).stat().st_mtime, "about": _about(meta)}


def _about(meta: Any) -> dict[str, Any]:
    about = meta.get("about") if isinstance(meta, dict) else None
    return about if isinstance(about, dict) else {}


def _bytes(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.iterdir())


def _reserved(folder: Path) -> int:
    """Bytes that an entry in the making will take, as its folder's name says; an older version's does not say it."""
    said = folder.name.split(".")[-2]
    try:
        return max(int(said) if said.isdecimal() else 0, _bytes(folder))
    except OSError:  # given up a moment ago
        return 0
