"""A ZIP of pictures to a folder, member by member, under limits of count, size and ratio."""

import contextlib
import lzma
import os
import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from filelock import FileLock

from core import environment
from core.data.layout import is_split
from core.data.walk import is_junk
from core.errors import DataError

MAX_MEMBERS = 200_000  # files and folders
MAX_BYTES = 8_000_000_000  # unpacked, one archive
MAX_TOTAL_BYTES = 40_000_000_000  # all uploads together
MAX_RATIO = 100  # unpacked to packed, of the whole archive once it is above FREE_BYTES
FREE_BYTES = 10_000_000
_CHUNK = 1 << 20
_ENTRY = b"PK\x01\x02"  # begins each entry of the table of contents
_ENTRY_BYTES = 400  # of an entry, its name included, taken all together
_END_BYTES = 70_000  # that may stand behind the table of contents: its own place, and a comment
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what `zipfile` unpacks no further than it is read
# What `zipfile` raises for bytes that are no proper archive.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def uploads_dir() -> Path:
    """Where uploaded archives are unpacked."""
    return environment.app_data_dir() / "uploads"


def extract_zip(
    source: str | Path | IO[bytes], name: str, *, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Unpack an archive into a new folder of `uploads_dir()` and return the folder that holds the data.

    Nothing stays behind where it is refused. A single folder that wraps everything is passed over.

    Args:
        source: the archive, as a path or an open file.
        name: what the upload was called; the folder is named after it.
        progress: called with (bytes unpacked, bytes in all).

    Raises:
        DataError: the archive is damaged, protected by a password, above a limit, or a member would land elsewhere.
    """
    place = uploads_dir()
    try:
        place.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=place))
    except OSError as error:
        raise DataError(f"Uploads cannot be kept in {str(place)!r}: {error.strerror}.") from None
    try:
        with FileLock(place.with_suffix(".lock")):  # one at a time, so that the room is counted with all that is in it
            _unpack(source, beside, progress)
        return _inner(_move_to_new(beside, place, _folder_name(name)))
    except _DAMAGE as error:
        raise DataError(f"The archive {name!r} is damaged or not a ZIP: {error}. Pack it again.") from None
    except OSError as error:
        raise DataError(f"The archive {name!r} cannot be unpacked: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack(source: str | Path | IO[bytes], folder: Path, progress: Callable[[int, int], None] | None) -> None:
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(open(source, "rb")) if isinstance(source, (str, Path)) else source
        _check_count(file)
        archive = opened.enter_context(zipfile.ZipFile(file))
        members = [m for m in archive.infolist() if not m.is_dir()]
        _check(members)
        total = sum(m.file_size for m in members)
        _check_room(total)
        done = 0
        for member in members:
            parts = _parts(member)
            if any(is_junk(part) for part in parts):
                continue
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as packed, open(target, "xb") as out:
                done += _copy(packed, out, member)
            if progress:
                progress(done, total)


def _copy(packed: IO[bytes], out: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Copy a member; its header may lie about its size, so what comes out is counted."""
    size = 0
    while block := packed.read(_CHUNK):
        size += len(block)
        if size > member.file_size:
            raise DataError(f"{member.filename!r} in the archive is larger than it says. Pack the archive again.")
        out.write(block)
    if size != member.file_size:
        raise DataError(f"{member.filename!r} in the archive is shorter than it says. Pack the archive again.")
    return size


def _check_count(file: IO[bytes]) -> None:
    """Judge how long the table of contents is, before `zipfile` makes an object of each entry in it.

    Where it lies and how large it is, `zipfile` itself says: a reader of our own might be led to another end record.
    How many entries it has is counted, for what the record says of that is heeded by nobody.

    Raises:
        DataError: it is too long.
    """
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if not end:
        return  # no archive, as `zipfile` will say
    size = end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
    if size <= MAX_MEMBERS * _ENTRY_BYTES:
        file.seek(max(0, file.seek(0, os.SEEK_END) - size - _END_BYTES))
        if file.read().count(_ENTRY) <= MAX_MEMBERS:
            return
    raise DataError(
        f"An archive may hold {MAX_MEMBERS:,} files and folders, and this one lists more. "
        "Put the data into a folder that the app may read instead."
    )


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Judge the table of contents.

    Raises:
        DataError: names the rule that it breaks.
    """
    for member in members:
        _parts(member)
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DataError(f"An archive may not hold links. Received: {member.filename!r}.")
        if member.flag_bits & 0x1:
            raise DataError("The archive is protected by a password. Pack it again without one.")
        if member.compress_type not in _BOUNDED:
            raise DataError(
                f"Files in an archive may be stored or deflated. {member.filename!r} is compressed otherwise "
                f"(method {member.compress_type}). Pack it again as an ordinary ZIP."
            )
    unpacked = sum(m.file_size for m in members)
    packed = sum(m.compress_size for m in members)
    if unpacked > MAX_BYTES:
        raise DataError(f"An archive may unpack to {MAX_BYTES / 1e9:.0f} GB. This one says {unpacked / 1e9:.1f} GB.")
    if unpacked > FREE_BYTES and unpacked > MAX_RATIO * max(packed, 1):
        raise DataError(
            f"The archive unpacks to {unpacked / max(packed, 1):.0f} times its size; pictures never do "
            f"(limit {MAX_RATIO}). It is taken for a bomb."
        )


def _check_room(size: int) -> None:
    kept = sum(f.stat().st_size for f in uploads_dir().rglob("*") if f.is_file() and not f.is_symlink())
    if kept + size > MAX_TOTAL_BYTES:
        raise DataError(
            f"Uploads may take {MAX_TOTAL_BYTES / 1e9:.0f} GB together and take {kept / 1e9:.1f} GB already. "
            f"Delete folders in {str(uploads_dir())!r}."
        )
    free = shutil.disk_usage(uploads_dir()).free
    if size > free:
        raise DataError(f"The archive unpacks to {size / 1e6:.0f} MB; the disk has {free / 1e6:.0f} MB free.")


def _parts(member: zipfile.ZipInfo) -> list[str]:
    """The member's path in parts, if it stays within the folder."""
    name = member.filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise DataError(f"An archive may not hold absolute paths or '..'. Received: {member.filename!r}.")
    return [part for part in parts if part not in ("", ".")] or ["_"]


def _folder_name(name: str) -> str:
    """A harmless folder name from what an upload was called."""
    stem = re.sub(r"\.zip$", "", name.replace("\\", "/").rpartition("/")[2], flags=re.IGNORECASE)
    return re.sub(r"[^\w -]", "_", stem).strip(" .")[:60] or "upload"


def _move_to_new(beside: Path, place: Path, name: str) -> Path:
    """Give the unpacked folder the first free name, atomically."""
    beside.chmod(0o755)
    for number in range(1, 10_000):
        target = place / (name if number == 1 else f"{name}-{number}")
        try:
            target.mkdir()  # claims the name; a folder may replace an empty one
        except FileExistsError:
            continue
        os.replace(beside, target)
        return target
    raise DataError(f"There are too many uploads called {name!r}. Delete some in {str(place)!r}.")


def _inner(folder: Path) -> Path:
    """The folder itself, or the one within that wraps everything."""
    for _ in range(5):
        inside = list(folder.iterdir())
        if len(inside) != 1 or not inside[0].is_dir() or is_split(inside[0].name):
            break
        if not any(child.is_dir() for child in inside[0].iterdir()):
            break
        folder = inside[0]
    return folder
