import io
import struct
import tempfile
import tracemalloc
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import archive
from core.data.archive import extract_zip, uploads_dir
from core.data.scan import scan
from core.errors import DataError
from tests.core.data_pictures import picture


def png(number=0):
    out = io.BytesIO()
    picture(number).save(out, "PNG")
    return out.getvalue()


def packed(members, compression=zipfile.ZIP_DEFLATED):
    """A ZIP of name -> bytes, or of ready ZipInfo objects."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name, data in members:
            made.writestr(name, data)
    out.seek(0)
    return out


def two_classes(prefix=""):
    return [(f"{prefix}{name}/{n}.png", png(1000 * c + n)) for c, name in enumerate(("cat", "dog")) for n in range(3)]


def left_behind():
    return sorted(p.name for p in uploads_dir().iterdir()) if uploads_dir().exists() else []


def test_an_archive_of_class_folders_can_be_scanned():
    folder = extract_zip(packed(two_classes()), "my pets.zip")
    assert folder == uploads_dir() / "my pets"
    assert scan(folder).classes == ("cat", "dog")


def test_a_second_upload_of_the_same_name_gets_a_folder_of_its_own():
    first, second = (extract_zip(packed(two_classes()), "pets.zip") for _ in range(2))
    assert (first.name, second.name) == ("pets", "pets-2")


def test_a_folder_that_wraps_everything_is_passed_over():
    folder = extract_zip(
        packed([*two_classes("outer/inner/"), ("__MACOSX/x", b"junk"), ("outer/.DS_Store", b"j")]), "a.zip"
    )
    assert folder == uploads_dir() / "a" / "outer" / "inner"
    split = extract_zip(packed(two_classes("train/")), "b.zip")
    assert split == uploads_dir() / "b"


@pytest.mark.parametrize("name", ["../../etc/x.zip", "a/b\\c.zip", "..zip", "\0\n.zip", "", "é猫🐶" * 100 + ".zip"])
def test_the_name_of_an_upload_never_becomes_a_path(name):
    folder = extract_zip(packed(two_classes()), name)
    assert folder.parent == uploads_dir()
    assert len(left_behind()) == 1


def test_a_zip_within_a_zip_is_an_unsupported_file():
    folder = extract_zip(packed([*two_classes(), ("cat/inner.zip", packed(two_classes()).getvalue())]), "a.zip")
    assert [(p.path, p.kind) for p in scan(folder).problems if p.kind != "few"] == [("cat/inner.zip", "unsupported")]


def refused(source, words):
    with pytest.raises(DataError, match=words) as caught:
        extract_zip(source, "a.zip")
    assert "\n" not in str(caught.value)
    assert left_behind() == []


@pytest.mark.parametrize(
    "name", ["../evil.png", "cat/../../evil.png", "/etc/evil.png", "C:\\evil.png", "..\\evil.png", "\\\\host\\evil.png"]
)
def test_members_that_would_land_elsewhere_are_refused(name):
    refused(packed([*two_classes(), (name, png())]), "absolute paths or")


def test_links_are_refused():
    link = zipfile.ZipInfo("cat/link.png")
    link.external_attr = 0o120777 << 16
    refused(packed([*two_classes(), (link, "/etc/passwd")]), "may not hold links")


def test_a_password_is_said():
    data = bytearray(packed(two_classes()).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + offset] |= 1
    refused(io.BytesIO(data), "password")


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_are_unpacked_without_bound_are_refused(way):
    data = bytearray(packed([("cat/a.png", bytes(1_000_000))], way).getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # a size that lies passes every limit
        at = data.find(signature)
        data[at + offset : at + offset + 4] = (1000).to_bytes(4, "little")
    refused(io.BytesIO(data), rf"method {way}\). Pack it again")


def test_a_compression_that_nobody_knows_is_refused():
    data = bytearray(packed(two_classes()).getvalue())
    data[data.find(b"PK\x01\x02") + 10] = 99
    refused(io.BytesIO(data), r"method 99\). Pack it again")


def test_truncated_and_damaged_archives_are_refused():
    whole = packed(two_classes()).getvalue()
    refused(io.BytesIO(whole[:-40]), "damaged or not a ZIP")
    refused(io.BytesIO(b""), "damaged or not a ZIP")
    refused(io.BytesIO(b"no archive at all" * 100), "damaged or not a ZIP")
    changed = bytearray(packed(two_classes(), zipfile.ZIP_STORED).getvalue())
    changed[60] ^= 0xFF
    refused(io.BytesIO(changed), "damaged or not a ZIP")


def test_zeros_by_the_gigabyte_are_refused(monkeypatch):
    refused(packed([("cat/zeros.png", bytes(20_000_000))]), "bomb")
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000_000)
    refused(packed([("cat/zeros.png", bytes(2_000_000))]), "may unpack to")


def zeros(size, said):
    """A ZIP of one member of `size` zeros that says it has `said`: a deflated block of them, again and again."""
    block = 10_000_000
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    once = deflate.compress(bytes(block)) + deflate.flush(zlib.Z_FULL_FLUSH)
    packed, name = once * (size // block) + b"\x03\x00", b"cat/zeros.png"
    about = struct.pack("<HHHHHIIIH", 45, 0, 8, 0, 0, 0, len(packed), 0xFFFFFFFF, len(name))
    longer = struct.pack("<HHQ", 1, 8, said)
    local = b"PK\x03\x04" + about + struct.pack("<H", 12) + name + longer
    index = b"PK\x01\x02" + struct.pack("<H", 45) + about + struct.pack("<HHHHII", 12, 0, 0, 0, 0, 0) + name + longer
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(index), len(local) + len(packed), 0)
    return io.BytesIO(local + packed + index + end)


def test_ten_gigabytes_of_zeros_are_refused_by_what_they_say_and_by_what_they_are():
    with zipfile.ZipFile(zeros(20_000_000, 20_000_000)) as small, small.open("cat/zeros.png") as member:
        member._expected_crc = None  # it is left out, since that of 10 GB would take long to tell
        assert member.read() == bytes(20_000_000)
    bomb = zeros(10**10, 10**10)
    assert len(bomb.getvalue()) < 11_000_000
    refused(bomb, "may unpack to 8 GB. This one says 10.0 GB")
    refused(zeros(10**10, 7 * 10**9), "taken for a bomb")
    refused(zeros(10**10, 9_000_000), "damaged or not a ZIP")


def contents_alone(file, entries, size, longer):
    """A ZIP of nothing but a table of contents of `size` bytes, zeros behind its entries; it says that it has one."""
    with open(file, "wb") as out:
        out.write((b"PK\x01\x02" + bytes(42)) * entries)
        out.truncate(size)
        out.seek(size)
        if longer:
            out.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, 0))
            out.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1))
        said = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if longer else (1, 1, size, 0)
        out.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *said, 0))
    return file


@pytest.mark.parametrize("longer", [False, True])
@pytest.mark.parametrize(("entries", "size"), [(300_000, 300_000 * 46), (0, 100_000_000)])
def test_a_table_of_contents_that_is_too_long_is_refused_before_it_takes_memory(tmp_path, entries, size, longer):
    source = contents_alone(tmp_path / "a.zip", entries, size, longer)
    tracemalloc.start()
    try:
        refused(source, "may hold 200,000 files and folders")
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


def test_a_member_larger_than_it_says_is_refused():
    data = bytearray(packed([("cat/a.png", bytes(5000))]).getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(signature)
        data[at + offset : at + offset + 4] = (10).to_bytes(4, "little")
    refused(io.BytesIO(data), "a.zip|cat/a.png")


def test_limits_of_count_and_of_all_uploads(monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 5)
    refused(packed(two_classes()), "may hold 5 files")
    monkeypatch.setattr(archive, "MAX_MEMBERS", 500)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 100)
    refused(packed(two_classes()), "together")


def test_uploads_that_fit_one_by_one_are_refused_where_their_sum_is_too_much(monkeypatch):
    size = sum(len(data) for _, data in two_classes())
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 2 * size - 1)
    extract_zip(packed(two_classes()), "first.zip")
    with pytest.raises(DataError, match="together and take"):
        extract_zip(packed(two_classes()), "second.zip")
    assert left_behind() == ["first"]


def test_uploads_unpacked_at_once_do_not_pass_the_limit_side_by_side(monkeypatch):
    size = sum(len(data) for _, data in two_classes())
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 2 * size - 1)
    with ThreadPoolExecutor(1) as pool:
        others = []

        def begun(done, total):
            if not others:
                others.append(pool.submit(extract_zip, packed(two_classes()), "second.zip"))
                wait(others, timeout=0.5)

        extract_zip(packed(two_classes()), "first.zip", progress=begun)
        with pytest.raises(DataError, match="together and take"):
            others[0].result()
    assert left_behind() == ["first"]


def test_two_members_of_one_name_are_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        source = packed([("cat/a.png", png()), ("cat/a.png", png(1))])
    refused(source, "cannot be unpacked")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=40)), max_size=5, unique_by=lambda m: m[0]))
def test_any_member_names_either_unpack_inside_or_are_refused(members):
    try:
        source = packed(members)
    except (ValueError, UnicodeError, IndexError, UserWarning):
        return  # not even Python can write it, or without a warning
    _unpacks_inside_or_is_refused(source)


WHOLE = packed(two_classes()).getvalue()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, 50))
def test_any_damage_either_unpacks_inside_or_is_refused(changes, cut):
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    _unpacks_inside_or_is_refused(io.BytesIO(data[: len(data) - cut]))


def _unpacks_inside_or_is_refused(source):
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_RUNS", f"{place}/runs")
        try:
            folder = extract_zip(source, "a.zip")
        except DataError:
            assert left_behind() == []
        else:
            assert folder.is_relative_to(Path(place, "data", "uploads"))
        assert {p.name for p in Path(place).iterdir()} <= {"data"}
