"""DICOM files for tests: those that pydicom ships, and small ones written here."""

import zlib
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid


def bundled(name: str) -> Path:
    """A test file of pydicom's package; never downloaded."""
    return Path(pydicom.__file__).parent / "data" / "test_files" / name


def write(path: Path, values: np.ndarray, *, keep_shape: bool = True, **elements) -> Path:
    """A grey DICOM file of `values`, `(H, W)` or `(frames, H, W)`, with more elements by keyword."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[path.name])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found = Dataset()
    found.file_meta = meta
    found.SOPClassUID, found.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = values.itemsize * 8
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    if keep_shape:
        found.Rows, found.Columns = values.shape[-2:]
        if values.ndim == 3:
            found.NumberOfFrames = len(values)
    found.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    for name, value in elements.items():
        setattr(found, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save_as(path, enforce_file_format=True)
    return path


def deflated(path: Path, values: np.ndarray, **elements) -> Path:
    """A file of `write`, deflated as DICOM PS3.5 A.5 has it."""
    found = pydicom.dcmread(write(path, values, **elements))
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    found.save_as(path, enforce_file_format=True)
    return path


def bomb(path: Path, gigabytes: int = 2) -> Path:
    """A deflated picture of 8 x 8 with zeros by the gigabyte behind it: some megabytes on disk."""
    values = np.zeros((8, 8), np.int16)
    plain, packed = write(path, values).read_bytes(), deflated(path, values).read_bytes()
    start = plain.index(b"\x08\x00\x16\x00UI")  # the first element after the file's meta information
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    inside = packer.compress(plain[start:]) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(1 << 26)) + packer.flush(zlib.Z_FULL_FLUSH)  # a piece that may stand many times
    meta = packed[: 132 + 12 + int.from_bytes(packed[140:144], "little")]
    path.write_bytes(meta + inside + zeros * (gigabytes * 16) + packer.flush())
    return path
