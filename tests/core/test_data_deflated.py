"""A deflated DICOM file is inflated no further than a picture can need, wherever it is read."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread

from core.data import deflated as inflating
from core.data.check import check
from core.data.deflated import readable
from core.data.pixels import read_pixels
from core.errors import DataError
from core.service_client import service
from tests.core.conftest import ROOT
from tests.core.dicom_files import bomb, bundled, deflated
from tests.core.served_run import make_run

GIGABYTE = 10**9
READ = """
import json, sys
from functools import partial
from pathlib import Path
from core.data.check import check
from core.data.pixels import inspect, read_pixels, thumbnail
from core.errors import DataError

path, said = sys.argv[1], {"check": check(sys.argv[1], 1)._asdict()["message"]}
for reader, source in ((inspect, path), (read_pixels, Path(path).read_bytes()), (partial(thumbnail, side=64), path)):
    try:
        reader(source)
    except DataError as error:
        said[str(reader)] = str(error)
print(json.dumps([said, Path("/proc/self/status").read_text()]))
"""


MEMORY = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@MEMORY
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path):
    path = bomb(tmp_path / "bomb.dcm")
    assert path.stat().st_size < GIGABYTE // 100
    assert check(str(path), path.stat().st_size).kind == "too_large"
    done = subprocess.run([sys.executable, "-c", READ, path], cwd=ROOT, capture_output=True, text=True, check=True)
    said, status = json.loads(done.stdout)
    assert set(said.values()) == {"Inflated it holds more than 100 megapixels; scale it down."}
    assert len(said) == 4
    assert peak(io.StringIO(status)) < GIGABYTE  # what `getrusage` says would begin with the memory of this process


@pytest.mark.slow
@MEMORY
def test_the_service_refuses_a_bomb_and_stays_small(tmp_path):
    packed, good = bomb(tmp_path / "bomb.dcm").read_bytes(), io.BytesIO()
    Image.new("RGB", (9, 9), (200, 0, 0)).save(good, "PNG")
    asked = service(make_run())
    try:
        asked.wait()
        expected = asked.predict(good.getvalue())
        with open(f"/proc/{asked.address()['pid']}/status", encoding="ascii") as status:
            before = peak(status)
        with pytest.raises(DataError, match="megapixels"):
            asked.predict(packed, "bomb.dcm")
        with open(f"/proc/{asked.address()['pid']}/status", encoding="ascii") as status:
            assert peak(status) - before < GIGABYTE
        assert asked.predict(good.getvalue()) == expected
    finally:
        asked.stop()


def peak(status):
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024


def test_what_fits_is_inflated_to_the_same_file(tmp_path):
    values = np.arange(-300, 300, dtype=np.int16).reshape(20, 30)
    path = deflated(tmp_path / "x.dcm", values, PatientID="4711")
    found = dcmread(readable(path))
    assert found == dcmread(path)
    assert np.array_equal(found.pixel_array, values)
    assert readable(bundled("MR_small.dcm")) == bundled("MR_small.dcm")


@pytest.mark.parametrize("spare", [-1, 0])
def test_the_limit_is_met_to_the_byte(tmp_path, monkeypatch, spare):
    path = deflated(tmp_path / "x.dcm", np.zeros((1500, 1500), np.int16))
    whole = readable(path)
    whole = whole.getbuffer().nbytes - whole.getvalue().index(b"\x08\x00\x16\x00UI")  # without the meta information
    monkeypatch.setattr(inflating, "_MAX_BYTES", whole + spare)
    if spare < 0:
        with pytest.raises(DataError, match="megapixels"):
            read_pixels(path)
    else:
        assert read_pixels(path).shape == (1500, 1500, 3)


WHOLE = bundled("image_dfl.dcm").read_bytes()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(132, len(WHOLE) - 1), st.integers(0, 255)), max_size=8), st.integers(0, 300))
def test_damage_is_read_or_refused_in_a_sentence(changes, cut):
    broken = bytearray(WHOLE)
    for place, value in changes:
        broken[place] = value
    with contextlib.suppress(DataError):
        assert read_pixels(bytes(broken[: len(broken) - cut])).ndim == 3
