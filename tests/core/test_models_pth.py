import io
import os
import pickle
import struct
from typing import ClassVar

import numpy as np
import pytest

from core.catalog import BACKBONES
from core.errors import WeightsError
from core.models import pth
from core.models.weights import locate


class _Global:
    """Pickles as a reference to any global, as a hostile file would hold it."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class _Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class _Writer(pickle._Pickler):
    """Writes the opcodes of a legacy file without needing PyTorch."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_global_reference(self, thing):
        self.write(pickle.GLOBAL + f"{thing.module}\n{thing.name}\n".encode())

    def save_call(self, thing):
        self.save(thing.function)
        self.save(tuple(thing.arguments))
        self.write(pickle.REDUCE)

    dispatch[_Global] = save_global_reference
    dispatch[_Call] = save_call

    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, _Storage) else None


class _Storage:
    def __init__(self, key, kind, size):
        self.pid = ("storage", _Global("torch", kind), key, "cpu", size, None)


def dump(thing):
    file = io.BytesIO()
    _Writer(file, 2).dump(thing)
    return file.getvalue()


def tensor(storage, offset, shape, strides):
    return _Call(_Global("torch._utils", "_rebuild_tensor_v2"), storage, offset, shape, strides, False, None)


def legacy(state, storages):
    head = dump(0x1950A86A20F9469CFC6C) + dump(1001) + dump({"protocol_version": 1001, "little_endian": True})
    body = b"".join(struct.pack("<q", s.size) + s.tobytes() for s in storages.values())
    return head + dump(state) + dump(list(storages)) + body


def test_strides_and_offsets_are_honoured(tmp_path):
    values = np.arange(10, dtype="<f4")
    state = {"plain": tensor(_Storage("s", "FloatStorage", 10), 0, (2, 3), (3, 1)),
             "permuted": tensor(_Storage("s", "FloatStorage", 10), 1, (3, 2), (1, 3)),
             "count": tensor(_Storage("n", "LongStorage", 1), 0, (), ())}  # fmt: skip
    file = tmp_path / "x.pth"
    file.write_bytes(legacy(state, {"s": values, "n": np.array([7], "<i8")}))
    found = pth.read(file)
    assert found["plain"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["permuted"].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert found["count"] == 7
    assert found["permuted"].flags.c_contiguous


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("builtins", "eval"), ("torch", "load"),
                                              ("numpy", "load"), ("collections", "namedtuple")])  # fmt: skip
def test_a_hostile_pickle_is_refused_and_does_nothing(tmp_path, module, name):
    trap = tmp_path / "trap"
    file = tmp_path / "x.pth"
    file.write_bytes(legacy(_Call(_Global(module, name), f"touch {trap}"), {}))
    with pytest.raises(WeightsError, match=f"asks for {module}.{name}"):
        pth.read(file)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (11,), (1,)), (5, (6,), (1,)), (0, (2, 2), (1,)), (0, (10**9,), (0,)), (0, (2,), (-1,)), (-4, (2,), (1,))],
)
def test_a_tensor_beyond_its_storage_is_refused(tmp_path, offset, shape, strides):
    state = {"x": tensor(_Storage("s", "FloatStorage", 10), offset, shape, strides)}
    file = tmp_path / "x.pth"
    file.write_bytes(legacy(state, {"s": np.zeros(10, "<f4")}))
    with pytest.raises(WeightsError, match="not a PyTorch file"):
        pth.read(file)


def test_damaged_files_are_refused(tmp_path):
    whole = locate(BACKBONES["EfficientNetLite0"]).path.read_bytes()
    file = tmp_path / "x.pth"
    for data in (b"", b"no pickle at all", whole[:100], whole[:50_000], whole[: len(whole) // 2], os.urandom(1000)):
        file.write_bytes(data)
        with pytest.raises(WeightsError):
            pth.read(file)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"gone\.pth"):
        pth.read(tmp_path / "gone.pth")
