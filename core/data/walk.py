"""The walk of a data folder: every file with its size and times, links judged, junk passed over."""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import DataError

MAX_FILES = 2_000_000  # more than this is taken for a wrong folder
_JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One regular file found by the walk."""

    path: str  # relative to the root
    size: int  # bytes
    mtime: int  # nanoseconds, of the content
    ctime: int  # nanoseconds, of content, owner or permissions
    inode: tuple[int, int]  # device and number: equal for hard links and for links to the same file


@dataclass
class Walk:
    """What lies in a folder."""

    files: list[Entry] = field(default_factory=list)  # sorted by path
    folders: list[str] = field(default_factory=list)  # relative, the root left out, sorted
    problems: list[tuple[str, str, str]] = field(default_factory=list)  # path, kind, message


def is_junk(name: str) -> bool:
    """Whether a name is one that systems and editors leave behind: hidden, or a known one."""
    return name.startswith(".") or name in _JUNK


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
    stack: list[tuple[str, tuple[tuple[int, int], ...]]] = [("", ((status.st_dev, status.st_ino),))]
    while stack:
        relative, ancestors = stack.pop()
        try:
            entries = list(os.scandir(f"{root}/{relative}" if relative else root))
        except OSError as error:
            found.problems.append((relative, "permission", f"The folder cannot be opened: {error.strerror}."))
            continue
        prefix = f"{relative}/" if relative else ""
        for entry in entries:
            if is_junk(entry.name):
                continue
            path = prefix + entry.name
            try:
                if entry.is_symlink() and not _may_follow(entry, path, within, found):
                    continue
                status = entry.stat()
            except OSError as error:
                found.problems.append((path, "link" if entry.is_symlink() else "unreadable", f"{error.strerror}."))
                continue
            if stat.S_ISDIR(status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if identity in ancestors:
                    found.problems.append((path, "link", "This link leads back to a folder that it lies in."))
                else:
                    found.folders.append(path)
                    stack.append((path, (*ancestors, identity)))
            elif stat.S_ISREG(status.st_mode):
                inode = (status.st_dev, status.st_ino)
                found.files.append(Entry(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, inode))
            else:
                found.problems.append((path, "unsupported", "This is a pipe, socket or device, not a file."))
        if len(found.files) > MAX_FILES:
            raise DataError(f"{root!r} holds more than {MAX_FILES:,} files. Choose the folder of one data set.")
        if progress:
            progress(len(found.files), None)
    found.files.sort(key=lambda f: f.path)
    found.folders.sort()
    found.problems.sort()
    return found


def _may_follow(entry: os.DirEntry[str], path: str, within: list[str], found: Walk) -> bool:
    """Whether a link's target exists and lies where it may; adds the problem where not."""
    target = os.path.realpath(entry.path)
    if not os.path.lexists(target) or os.path.islink(target):  # noqa: PTH114
        found.problems.append((path, "link", "This link leads nowhere: what it points to does not exist."))
        return False
    if any(target == place or target.startswith(place.rstrip("/") + "/") for place in within):
        return True
    found.problems.append((path, "link", "This link leads out of the data folder and of the allowed roots."))
    return False
