"""Deflated DICOM files, inflated under a limit: pydicom itself would inflate a few megabytes to any size."""

import io
import zlib
from pathlib import Path
from typing import IO, Any

from core.data.reading import MAX_PIXELS
from core.errors import DataError

_MAX_BYTES = 6 * MAX_PIXELS  # of a whole file: the largest picture in three channels of sixteen bits
_CHUNK = 1 << 20


def readable(source: str | Path | bytes) -> Any:
    """What pydicom may read in the place of a DICOM file: the path or an open file, with nothing left to inflate.

    Raises:
        DataError: the file inflates to more than the largest picture needs.
        Exception: whatever pydicom raises for a damaged beginning.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        return _inflated(file) or (io.BytesIO(source) if isinstance(source, bytes) else source)


def _inflated(file: IO[bytes]) -> io.BytesIO | None:
    """The same file as Explicit VR Little Endian, which is what was deflated; None for one that is not."""
    from pydicom import filereader, filewriter, uid

    preamble = filereader.read_preamble(file, force=False) or b""
    meta = filereader._read_file_meta_info(file)  # as pydicom will read it, so that both agree on what is deflated
    if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
        return None
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    out = io.BytesIO()
    out.write(preamble + b"DICM")
    filewriter.write_file_meta_info(out, meta, enforce_standard=False)
    _inflate(file, out)
    out.seek(0)
    return out


def _inflate(packed: IO[bytes], out: IO[bytes]) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    while not inflater.eof:
        block = inflater.unconsumed_tail or packed.read(_CHUNK)
        piece = inflater.decompress(block, _CHUNK)
        if not block and not piece:
            raise ValueError("the deflated part ends early")
        size += out.write(piece)
        if size > _MAX_BYTES:
            raise DataError(f"Inflated it holds more than {MAX_PIXELS // 1_000_000} megapixels; scale it down.")
