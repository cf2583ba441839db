"""Whether a file is a whole picture, from its first and last bytes; decoding decides what these leave open."""

import os
import struct
import zlib
from pathlib import PurePosixPath
from typing import NamedTuple

from PIL import Image

from core.data import dicom, pixels
from core.data.pseudonym import pseudonym
from core.errors import DataError

_HEAD = 4096  # bytes read from the start: a page, which the system fetches anyway
_TAIL = 64  # bytes read from the end
_IEND = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's frame headers
_EXTENSIONS = {ending for ending, name in Image.registered_extensions().items() if name in pixels.FORMATS}
_EXTENSIONS.update(dicom.ENDINGS)
HEIC = (".heic", ".heif")  # what iPhones save


class Verdict(NamedTuple):
    """What is known of one file. Plain data, so that it can be kept as JSON."""

    kind: str  # "" for a usable picture, else a key of scan.PROBLEM_KINDS
    message: str  # why it cannot be used
    width: int  # pixels, as stored
    height: int
    fingerprint: int  # a checksum of the first and last bytes: equal for equal files
    patient: str = ""  # the pseudonym of whom a DICOM file pictures


def check(path: str, size: int) -> Verdict:
    """Judge the file at `path`, of `size` bytes, reading as little of it as will do. Never raises."""
    if size == 0:
        return Verdict("unreadable", "The file is empty (0 bytes).", 0, 0, 0)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except PermissionError:
        return Verdict("permission", "The file may not be read: permission denied. Change its rights.", 0, 0, 0)
    except OSError as error:
        return Verdict("unreadable", f"The file cannot be opened: {error.strerror}.", 0, 0, 0)
    try:
        head = os.read(fd, _HEAD)
        tail = os.pread(fd, _TAIL, max(0, size - _TAIL)) if size > _HEAD else head[-_TAIL:]
        fingerprint = zlib.crc32(tail, zlib.crc32(head))
        measured = _measure(fd, head, tail, size)
    except OSError as error:
        return Verdict("unreadable", f"The file cannot be read: {error.strerror}.", 0, 0, 0)
    finally:
        os.close(fd)
    if measured is None:
        return _ask_dicom(path, fingerprint) if dicom.is_dicom(head) else _ask_pillow(path, fingerprint)
    width, height = measured
    if width * height > pixels.MAX_PIXELS:
        return Verdict("too_large", pixels.too_large(width, height), width, height, fingerprint)
    return Verdict("", "", width, height, fingerprint)


def _ask_dicom(path: str, fingerprint: int) -> Verdict:
    """The verdict of a complete decoding of the first frame, with whose picture it is."""
    try:
        about = pixels.dicom_header(path)
        height, width, _ = dicom.pixels(path, about).shape
    except DataError as error:
        kind = "too_large" if "megapixels" in str(error) else "unreadable"
        return Verdict(kind, str(error), 0, 0, fingerprint)
    name = dicom.patient(about)
    return Verdict("", "", width, height, fingerprint, pseudonym(name) if name else "")


def _ask_pillow(path: str, fingerprint: int) -> Verdict:
    """The verdict of a complete decoding."""
    try:
        height, width, _ = pixels.read_pixels(path).shape
    except DataError as error:
        message = str(error)
        if "megapixels" in message:
            return Verdict("too_large", message, 0, 0, fingerprint)
        ending = PurePosixPath(path).suffix.lower()
        if ending in _EXTENSIONS:
            return Verdict("unreadable", message, 0, 0, fingerprint)
        remedy = " Save them as JPEG or PNG." if ending in HEIC else ""
        return Verdict("unsupported", f"Files of type {ending or 'unknown'} are not used.{remedy}", 0, 0, fingerprint)
    return Verdict("", "", width, height, fingerprint)


def _measure(fd: int, head: bytes, tail: bytes, size: int) -> tuple[int, int] | None:
    """(width, height) of a file that is plainly whole, None where only decoding can tell."""
    if head[:3] == b"\xff\xd8\xff":
        return _jpeg(fd, head) if tail.rstrip(b"\0")[-2:] == b"\xff\xd9" else None
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR":
        return _positive(struct.unpack(">II", head[16:24])) if tail[-12:] == _IEND else None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and int.from_bytes(head[4:8], "little") + 8 == size:
        return _webp(head)
    return None


def _jpeg(fd: int, head: bytes) -> tuple[int, int] | None:
    """The size in the first frame header, found by going from segment to segment."""
    segments, base, at = head, 0, 2
    for _ in range(1000):
        if at - base + 9 > len(segments):
            segments, base = os.pread(fd, 256, at), at
            if len(segments) < 9:
                return None
        i = at - base
        marker = segments[i + 1]
        if segments[i] != 0xFF:
            return None
        if marker in _FRAMES:
            width, height = segments[i + 7] << 8 | segments[i + 8], segments[i + 5] << 8 | segments[i + 6]
            return (width, height) if width and height else None
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in (0xD9, 0xDA):  # the end, or data before any frame header
            return None
        else:
            at += 2 + (segments[i + 2] << 8 | segments[i + 3])
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    """The size of a still WebP; an animated one is left to Pillow."""
    kind = head[12:16]
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return _positive((width & 0x3FFF, height & 0x3FFF))
    if kind == b"VP8L" and head[20:21] == b"\x2f":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    return None


def _positive(size: tuple[int, ...]) -> tuple[int, int] | None:
    width, height = size
    return (width, height) if width and height else None
