"""Sixteen-bit pictures that Pillow reads and cannot write."""

import struct
import zlib
from pathlib import Path

import numpy as np

_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # of PNG's colour types
VALUES = np.arange(0, 4096, 64, dtype=np.uint16).reshape(
    8, 8
)  # twelve bits, of which the high byte keeps sixteen levels


def png(path: Path, colour: int, *, values: np.ndarray = VALUES, adaptive: bool = False) -> Path:
    """`values`, `(H, W)` or `(H, W, 3)`, in a PNG of a colour type: 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA.

    Alpha falls from opaque. With `adaptive`, rows are stored as differences to the pixel on the left.
    """
    n = _CHANNELS[colour]
    whole = np.empty((*values.shape[:2], n), np.uint16)
    whole[...] = 65535 - 7 * np.arange(values.shape[1])[None, :, None]
    whole[..., : n - (colour > 2)] = values if values.ndim == 3 else values[:, :, None]
    rows = whole.astype(">u2").view(np.uint8).reshape(len(values), -1)
    if adaptive:
        rows = rows.copy()
        rows[:, 2 * n :] -= rows[:, : -2 * n].copy()
    lines = b"".join(bytes([adaptive]) + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", values.shape[1], len(values), 16, colour, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(path: Path, order: str, *, values: np.ndarray = VALUES, compressed: bool = False) -> Path:
    """`values` as RGB in a TIFF, "<" or ">" the order of its bytes; `compressed` is by deflate, read by libtiff."""
    whole = np.repeat(values[:, :, None], 3, axis=2) if values.ndim == 2 else values
    data = whole.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if compressed else data
    data += b"\0" * (len(data) % 2)
    at = 8 + len(data)  # the bits of each sample, then the directory
    tags = [(256, 3, 1, whole.shape[1]), (257, 3, 1, len(whole)), (258, 3, 3, at), (259, 3, 1, 8 if compressed else 1)]
    tags += [(262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, len(whole)), (279, 4, 1, at - 8)]
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at + 6) + data
    out += struct.pack(f"{order}HHH", 16, 16, 16) + struct.pack(f"{order}H", len(tags))
    for tag, kind, count, value in tags:
        out += struct.pack(f"{order}HHI", tag, kind, count)
        out += struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out + bytes(4))
    return path
