"""DICOM files become the grey levels that the standard asks for, and tell nobody who is pictured."""

import contextlib
import io
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset, Sequence, dcmread
from pydicom.uid import MPEG2MPML

from core.data import gdcm
from core.data.check import check
from core.data.dicom import header, is_dicom
from core.data.dicom_frames import decoded
from core.data.pixels import inspect, read_pixels, thumbnail
from core.data.pseudonym import pseudonym
from core.data.reading import AS_STORED, Reading, window
from core.errors import DataError
from tests.core.conftest import ROOT
from tests.core.dicom_files import bundled, write

RAMP = np.arange(-1000, 1000, 50, dtype=np.int16).reshape(5, 8)


def grey(source, reading=AS_STORED):
    pixels = read_pixels(source, reading)
    assert pixels.dtype == np.uint8
    assert np.ptp(pixels, axis=2).max() == 0
    return pixels[:, :, 0]


def test_stored_window_follows_the_standard():
    about = dcmread(bundled("MR_small.dcm"))
    x = about.pixel_array.astype(float)
    center, width = about.WindowCenter, about.WindowWidth
    want = np.rint(np.clip(((x - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255))
    assert np.array_equal(grey(bundled("MR_small.dcm")), want)


def test_chosen_window_is_in_units_after_the_rescale(tmp_path):
    path = write(tmp_path / "ct.dcm", RAMP, RescaleSlope=2, RescaleIntercept=-100)
    units = RAMP * 2.0 - 100
    assert np.array_equal(grey(path, Reading(40, 400)), window(units, 40, 400))
    assert grey(path, Reading(40, 400))[units <= -160].max() == 0
    assert grey(path, Reading(40, 400))[units > 240].min() == 255


def test_first_of_several_stored_windows_is_taken(tmp_path):
    one = write(tmp_path / "one.dcm", RAMP, WindowCenter=[100, 500], WindowWidth=[300, 900])
    two = write(tmp_path / "two.dcm", RAMP, WindowCenter=100, WindowWidth=300)
    assert np.array_equal(grey(one), grey(two))


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_window_functions_are_honoured(tmp_path, function):
    path = write(tmp_path / "x.dcm", RAMP, WindowCenter=100, WindowWidth=300, VOILUTFunction=function)
    x = RAMP.astype(float)
    exact = {"LINEAR_EXACT": (x - 100) / 300 + 0.5, "SIGMOID": 1 / (1 + np.exp(-4 * (x - 100) / 300))}[function]
    assert np.array_equal(grey(path), np.rint(np.clip(exact, 0, 1) * 255))


def test_window_of_one_unit_is_a_step():
    assert window(np.array([9.0, 9.5, 9.6]), 10, 1).tolist() == [0, 0, 255]


def test_without_a_window_the_whole_range_is_used_and_padding_is_not(tmp_path):
    values = RAMP.copy()
    values[0, 0] = -32000
    path = write(tmp_path / "x.dcm", values, PixelPaddingValue=-32000)
    known = grey(path)[values > -32000]
    assert (known.min(), known.max()) == (0, 255)
    units = dcmread(bundled("CT_small.dcm")).pixel_array.astype(float)
    spread = (units - units.min()) / np.ptp(units) * 255
    assert np.array_equal(grey(bundled("CT_small.dcm")), np.rint(spread))


def test_eight_bits_keep_their_values_and_monochrome1_is_inverted(tmp_path):
    values = np.arange(40, dtype=np.uint8).reshape(5, 8)
    assert np.array_equal(grey(write(tmp_path / "2.dcm", values)), values)
    inverted = write(tmp_path / "1.dcm", values, PhotometricInterpretation="MONOCHROME1")
    assert np.array_equal(grey(inverted), 255 - values)
    picture = bundled("dicomdirtests/77654033/CR1/6154")  # no ending, MONOCHROME1, slope 0.684
    about = dcmread(picture)
    units = about.pixel_array * 0.684 + 200
    assert np.array_equal(grey(picture), 255 - window(units, 1600, 2800))


def test_voi_table_comes_before_the_window(tmp_path):
    table = Dataset()
    table.LUTDescriptor = [4, 0, 10]
    table.LUTData = np.array([0, 41, 802, 1023], "<u2").tobytes()
    values = np.array([[0, 1, 2, 3]], np.uint16)
    path = write(tmp_path / "x.dcm", values, VOILUTSequence=Sequence([table]), WindowCenter=1, WindowWidth=2)
    assert grey(path).tolist() == [[0, 10, 200, 255]]


def test_frames_of_one_file_have_their_own_rescale_and_window(tmp_path):
    frames = np.stack([RAMP, RAMP + 7])
    shared, groups = Dataset(), []
    slope = Dataset()
    slope.RescaleSlope, slope.RescaleIntercept = 3, 5
    shared.PixelValueTransformationSequence = Sequence([slope])
    for center in (100, 900):
        own, group = Dataset(), Dataset()
        own.WindowCenter, own.WindowWidth = center, 800
        group.FrameVOILUTSequence = Sequence([own])
        groups.append(group)
    path = write(
        tmp_path / "x.dcm",
        frames,
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(groups),
    )
    for i, center in enumerate((100, 900)):
        assert np.array_equal(grey(path, Reading(frame=i)), window(frames[i] * 3.0 + 5, center, 800))
    with pytest.raises(DataError, match=r"frames 0 to 1\. Received: frame=2"):
        read_pixels(path, Reading(frame=2))


def test_file_with_one_frame_has_only_that_to_give():
    assert np.array_equal(grey(bundled("MR_small.dcm"), Reading(frame=5)), grey(bundled("MR_small.dcm")))


def test_colour_palette_and_deep_colour_become_rgb():
    pixels = read_pixels(bundled("SC_rgb_rle.dcm"))
    assert np.array_equal(pixels, dcmread(bundled("SC_rgb_rle.dcm")).pixel_array)
    assert read_pixels(bundled("examples_palette.dcm")).shape == (350, 800, 3)
    assert np.ptp(read_pixels(bundled("examples_palette.dcm")), axis=2).max() > 0
    deep = dcmread(bundled("SC_rgb_rle_16bit.dcm")).pixel_array
    assert np.array_equal(read_pixels(bundled("SC_rgb_rle_16bit.dcm")), deep >> 8)
    ybr = read_pixels(bundled("examples_ybr_color.dcm"), Reading(frame=29))
    assert ybr.shape == (240, 320, 3)


@pytest.mark.parametrize(
    "name",
    [
        *("MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_jp2klossless.dcm"),
        "MR_small_jpeg_ls_lossless.dcm",
    ],
)
def test_every_lossless_syntax_gives_the_same_pixels(name):
    assert np.array_equal(read_pixels(bundled(name)), read_pixels(bundled("MR_small.dcm")))


@pytest.mark.parametrize(
    "name", ["SC_rgb_jpeg_gdcm.dcm", "SC_rgb_jpeg_dcmtk.dcm", "693_J2KI.dcm", "SC_rgb_jls_lossy_line.dcm"]
)
def test_jpeg_lossless_lossy_jpeg_2000_and_jpeg_ls_are_read(name):
    assert np.ptp(read_pixels(bundled(name))) > 0


def test_syntax_that_no_decoder_reads_is_named(tmp_path):
    with pytest.raises(DataError, match=r"JPEG Extended.*cannot be decoded here\. Save it uncompressed"):
        read_pixels(bundled("JPGExtended.dcm"))
    film = dcmread(bundled("JPGExtended.dcm"))
    film.file_meta.TransferSyntaxUID = MPEG2MPML
    film.save_as(tmp_path / "film.dcm")
    with pytest.raises(DataError, match=r"MPEG2.*cannot be decoded here"):
        read_pixels(tmp_path / "film.dcm")


def test_unknown_syntax_is_not_quoted():
    data = bundled("MR_small.dcm").read_bytes()
    odd = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.Doe^Jane.99999\0\0")
    assert odd != data
    with pytest.raises(DataError, match="compressed as an unknown syntax") as caught:
        read_pixels(odd)
    assert "Doe" not in str(caught.value)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_changed_bytes_are_read_or_refused_in_a_sentence(data):
    name = data.draw(st.sampled_from(["MR_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_gdcm.dcm", "rtdose_rle.dcm"]))
    broken = bytearray(bundled(name).read_bytes())
    places = st.integers(132, len(broken) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=20)):
        broken[place] = value
    for reader in (read_pixels, inspect):
        with contextlib.suppress(DataError):
            reader(bytes(broken))


def test_a_decoder_that_does_not_survive_a_file_takes_nothing_along(monkeypatch):
    name, start = "SC_rgb_jpeg_gdcm.dcm", gdcm._started
    expected = read_pixels(bundled(name))
    aborts = [sys.executable, "-c", "import os, sys; sys.stdin.buffer.read(1); os.abort()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    gdcm._end()
    monkeypatch.setattr(gdcm, "_started", lambda: subprocess.Popen(aborts, **pipes))
    for _ in range(2):
        with pytest.raises(DataError, match="It is damaged"):
            read_pixels(bundled(name))
    monkeypatch.setattr(gdcm, "_started", start)
    assert np.array_equal(read_pixels(bundled(name)), expected)


def test_the_decoder_ends_with_whoever_asked():
    code = (
        "import os, sys; from core.data import gdcm; from core.data.pixels import read_pixels; "
        "read_pixels(sys.argv[1]); print(gdcm._process.pid, flush=True); os._exit(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bundled("SC_rgb_jpeg_gdcm.dcm")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    pid = int(done.stdout)
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()


def test_every_bundled_file_gives_pydicoms_values_or_is_refused_as_pydicom_refuses_it():
    read = 0
    for path in sorted(bundled("").parent.rglob("*")):
        if not path.is_file() or not is_dicom(path):
            continue
        try:
            about = header(path)
            values = decoded(path, about.file_meta.TransferSyntaxUID, 0)
        except DataError:
            with pytest.raises((AttributeError, RuntimeError, ValueError)):
                dcmread(path).pixel_array  # noqa: B018
            continue
        whole = dcmread(path).pixel_array
        read += 1
        assert np.array_equal(values, whole[0] if int(about.get("NumberOfFrames") or 1) > 1 else whole), path.name
        if values.ndim == 3:
            assert np.array_equal(read_pixels(path), values >> (about.BitsStored - 8)), path.name
    assert read > 80


@pytest.mark.parametrize("name", ["image_dfl.dcm", "SC_rgb_jpeg.dcm", "GDCMJ2K_TextGBR.dcm"])
def test_deflated_misplaced_and_unusual_pixels_are_read(name):
    whole = dcmread(bundled(name)).pixel_array
    shown = read_pixels(bundled(name))
    assert shown.shape == (*whole.shape[:2], 3)
    if whole.ndim == 3:
        assert np.array_equal(shown, whole)
    assert np.array_equal(read_pixels(bundled(name).read_bytes()), shown)


def test_floating_point_pixels_are_spread_or_windowed(tmp_path):
    path = write(tmp_path / "x.dcm", RAMP)
    found = dcmread(path)
    values = np.linspace(0, 1, RAMP.size, dtype="<f4")
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(found, name)
    found.FloatPixelData, found.BitsAllocated = values.tobytes(), 32
    found.save_as(path)
    assert np.array_equal(grey(path), np.rint(values * 255).reshape(RAMP.shape))
    assert np.array_equal(grey(path, Reading(50, 100)), window(values.reshape(RAMP.shape), 50, 100))


def test_dicom_without_its_mark_is_told_so():
    with pytest.raises(DataError, match="lacks the mark of DICOM"):
        read_pixels(bundled("no_meta.dcm"))


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "badVR.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"])
def test_damaged_file_says_so_and_quotes_nothing(name):
    with pytest.raises(DataError, match=r"It is damaged: its .* cannot be (read|decoded)") as caught:
        read_pixels(bundled(name))
    assert caught.value.__suppress_context__


def test_dicom_without_a_picture_is_no_picture(tmp_path):
    with pytest.raises(DataError, match="holds no picture"):
        read_pixels(bundled("nested_priv_SQ.dcm"))
    with pytest.raises(DataError, match="holds no picture"):  # rows and columns, and no pixels
        read_pixels(bundled("../charset_files/chrJapMulti.dcm"))
    path = write(tmp_path / "huge.dcm", RAMP, keep_shape=False, Rows=20_000, Columns=20_000)
    with pytest.raises(DataError, match="megapixels"):
        read_pixels(path)


def test_bytes_of_every_cut_are_refused_or_read():
    whole = bundled("MR_small_jp2klossless.dcm").read_bytes()
    for end in range(132, len(whole), 97):
        with contextlib.suppress(DataError):
            assert read_pixels(whole[:end]).shape[2] == 3


def test_path_bytes_and_thumbnail_agree(tmp_path):
    path = bundled("MR_small.dcm")
    assert np.array_equal(read_pixels(path.read_bytes()), read_pixels(str(path)))
    assert inspect(path.read_bytes()) == ("DICOM", "MONOCHROME2", (64, 64), 1)
    small = np.asarray(Image.open(io.BytesIO(thumbnail(path, 64, Reading(500, 300)))))
    assert np.array_equal(small, read_pixels(path, Reading(500, 300)))


def test_jpeg_whose_bytes_hold_the_mark_stays_a_jpeg():
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (250, 0, 0)).save(out, "JPEG")
    data = bytearray(out.getvalue())
    data[2:2] = b"\xff\xfe\x00\x90" + bytes(122) + b"DICM" + bytes(16)
    assert data[128:132] == b"DICM"
    assert inspect(bytes(data))[0] == "JPEG"


def test_verdict_names_a_patient_by_pseudonym_only(tmp_path):
    path = write(tmp_path / "x", RAMP, PatientID="4711-0815", PatientName="Doe^Jane")
    verdict = check(str(path), path.stat().st_size)
    assert (verdict.kind, verdict.width, verdict.height) == ("", 8, 5)
    assert verdict.patient == pseudonym("4711-0815") != ""
    assert "4711" not in repr(verdict)
    assert "Doe" not in repr(verdict)


def test_pseudonym_needs_the_key(tmp_path, monkeypatch):
    first = pseudonym("1")
    assert first == pseudonym("1") != pseudonym("2")
    keys = list((tmp_path.parents[0]).rglob("patients.key"))
    assert all(key.stat().st_mode & 0o77 == 0 for key in keys)
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "another"))
    assert pseudonym("1") != first


def test_warnings_and_logs_of_pydicom_are_silent():
    code = (
        "import logging, sys; logging.basicConfig(level=logging.DEBUG); "
        "from core.data.check import check; "
        "assert 'pydicom' not in sys.modules; "
        "[check(path, 1 << 20) for path in sys.argv[1:]]"
    )
    names = ("MR_small_padded.dcm", "badVR.dcm", "JPGExtended.dcm", "MR_truncated.dcm", "GDCMJ2K_TextGBR.dcm")
    done = subprocess.run(
        [sys.executable, "-c", code, *(bundled(name) for name in names)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "pydicom" not in done.stderr
    assert done.stdout == ""


def test_sixteen_bit_png_and_twelve_bit_tiff_keep_their_range_until_windowed(tmp_path):
    values = np.arange(0, 4096, 64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "x.png")
    assert np.array_equal(grey(tmp_path / "x.png"), values >> 8)
    assert np.array_equal(grey(tmp_path / "x.png", Reading(2048, 4096)), window(values, 2048, 4096))
    Image.fromarray(values).save(tmp_path / "x.tif")
    assert np.array_equal(grey(tmp_path / "x.tif", Reading(500, 100)), window(values, 500, 100))


def test_frame_of_a_tiff_is_chosen(tmp_path):
    pages = [Image.new("L", (4, 4), level) for level in (10, 20, 30)]
    pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:])
    assert [int(grey(tmp_path / "x.tif", Reading(frame=i))[0, 0]) for i in range(3)] == [10, 20, 30]
    with pytest.raises(DataError, match=r"frames 0 to 2\. Received: frame=3"):
        read_pixels(tmp_path / "x.tif", Reading(frame=3))
