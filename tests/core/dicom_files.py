"""DICOM files for tests: those that pydicom ships, and small ones written here."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


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
