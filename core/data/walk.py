"""The walk of a data folder: every file with its size and times, links judged, junk passed over."""

import gc
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from core import environment
from core.errors import DataError

MAX_FILES = 2_000_000  # more than this is taken for a wrong folder
_JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__"}

Ancestors = tuple[tuple[int, int], ...]  # device and number of the folders that a folder lies in, itself included


class Entry(NamedTuple):
    """One regular file found by the walk."""

    path: str  # relative to the root
    size: int  # bytes
    mtime: int  # nanoseconds, of the content
    ctime: int  # nanoseconds, of content, owner or permissions
    device: int
    number: int

    @property
    def inode(self) -> tuple[int, int]:
        """Equal for hard links and for links to the same file."""
        return self.device, self.number


@dataclass
class Walk:
    """What lies in a folder."""

    files: list[Entry] = field(default_factory=list)  # sorted by path
    folders: list[str] = field(default_factory=list)  # relative, the root left out, sorted
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # path, kind, message


def is_junk(name: str) -> bool:
    """Whether a name is one that systems and editors leave behind: hidden, or a known one."""
    return name.startswith(".") or name in _JUNK


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """As `is_dir`, which raises for a link in a circle, or to where nobody may look."""
    with suppress(OSError):
        return entry.is_dir()
    return False


def is_file(entry: "os.DirEntry[str]") -> bool:
    """As `is_file`, which raises likewise."""
    with suppress(OSError):
        return entry.is_file()
    return False


def may_follow(path: Path, folder: Path) -> bool:
    """Whether a file in `folder` is none that a link leads to in a circle, or out of it and of the allowed roots."""
    if not path.is_symlink():
        return True
    places = (folder.resolve(), *environment.data_roots())
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # Python below 3.13 tells a circle by the latter
        return False
    return any(target.is_relative_to(place) for place in places)


def walk(root: str, allowed: Sequence[Path], progress: Callable[[int, int | None], None] | None = None) -> Walk:
    """Walk `root` without opening a file.

    Links are followed when what they lead to lies within `root` or within one of `allowed`, and not when a folder
    would come to lie within itself.

    Raises:
        DataError: there are more than MAX_FILES.
    """
    found = Walk()
    within = [os.path.realpath(root), *map(str, allowed)]
    status = os.stat(root)  # noqa: PTH116 -- paths stay strings here, for speed
    stack: list[tuple[str, Ancestors]] = [("", ((status.st_dev, status.st_ino),))]
    while stack:
        relative, ancestors = stack.pop()
        try:
            with _opened(f"{root}/{relative}") as folder:
                stack += _list(folder, root, relative, ancestors, within, found)
        except OSError as error:
            found.problems.append((relative, "permission", f"The folder cannot be opened: {error.strerror}."))
        if len(found.files) > MAX_FILES:
            raise DataError(f"{root!r} holds more than {MAX_FILES:,} files. Choose the folder of one data set.")
        if progress:
            progress(len(found.files), None)
    found.files.sort(key=attrgetter("path"))  # whole rows would take three times as long
    found.folders.sort()
    found.problems.sort()
    return found


@contextmanager
def many_objects() -> Iterator[None]:
    """Put off Python's search for cycles: among many new objects that stay it takes longer than making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:  # where a second thread comes in between, the first one switches on again
            gc.enable()


@contextmanager
def _opened(path: str) -> Iterator[int]:
    """A folder as a number: the system need not find the way to it again for each file in it."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield folder
    finally:
        os.close(folder)


@many_objects()
def _list(
    folder: int, root: str, relative: str, ancestors: Ancestors, within: list[str], found: Walk
) -> list[tuple[str, Ancestors]]:
    """Add what lies in one folder to `found`; the folders within it are returned."""
    prefix = f"{relative}/" if relative else ""
    below: list[tuple[str, Ancestors]] = []
    add = found.files.append
    for entry in list(os.scandir(folder)):  # read to its end first: all of a folder's files, or none
        name = entry.name
        if name[0] == "." or name in _JUNK:
            continue
        try:
            if entry.is_symlink() and not _may_follow(root, prefix + name, within, found):
                continue
            status = entry.stat()
        except OSError as error:
            found.problems.append((prefix + name, "unreadable", f"{error.strerror}."))
            continue
        if stat.S_ISREG(status.st_mode):
            times = status.st_mtime_ns, status.st_ctime_ns
            add(Entry(prefix + name, status.st_size, *times, status.st_dev, status.st_ino))
            continue
        identity = (status.st_dev, status.st_ino)
        if not stat.S_ISDIR(status.st_mode):
            found.problems.append((prefix + name, "unsupported", "This is a pipe, socket or device, not a file."))
        elif identity in ancestors:
            found.problems.append((prefix + name, "link", "This link leads back to a folder that it lies in."))
        else:
            found.folders.append(prefix + name)
            below.append((prefix + name, (*ancestors, identity)))
    return below


def _may_follow(root: str, path: str, within: list[str], found: Walk) -> bool:
    """Whether a link's target exists and lies where it may; adds the problem where not."""
    target = os.path.realpath(f"{root}/{path}")
    if os.path.islink(target):  # noqa: PTH114 -- the others are resolved to their ends
        found.problems.append((path, "link", "This link leads in a circle, to no file. Take it out."))
        return False
    if not os.path.lexists(target):
        found.problems.append((path, "link", "This link leads nowhere: what it points to does not exist."))
        return False
    if any(target == place or target.startswith(place.rstrip("/") + "/") for place in within):
        return True
    found.problems.append((path, "link", "This link leads out of the data folder and of the allowed roots."))
    return False
