import gc
import io
import itertools
import json
import os
import tempfile
import threading
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from data_pictures import class_folders, fill, picture, smooth, split_folders
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import scan as scans
from core.data.scan import PROBLEM_KINDS, cached, last, scan
from core.data.split import assign_splits
from core.errors import DataError
from core.tasks import detect


def encoded(kind):
    out = io.BytesIO()
    smooth().save(out, kind)
    return out.getvalue()


PNG, JPEG = encoded("PNG"), encoded("JPEG")


def kinds(found, path=None):
    return [p.kind for p in found.problems if path in (None, p.path)]


# Layouts


def test_class_folders_with_subfolders(tmp_path):
    class_folders(tmp_path)
    fill(tmp_path / "cat" / "more" / "deeper", 3, 50)
    found = scan(tmp_path)
    assert found.layout == "class_folders"
    assert found.classes == ("cat", "dog")
    assert found.counts() == {"cat": {"": 13}, "dog": {"": 10}}
    assert [f.path for f in found.files] == sorted(f.path for f in found.files)
    assert len(found.sizes) == 23
    assert found.sizes[0] == (12, 9)


@pytest.mark.parametrize("name", ["validation", "val", "valid", "Validation"])
def test_split_folders_under_their_usual_names(tmp_path, name):
    found = scan(split_folders(tmp_path, name=name))
    assert found.layout == "split_folders"
    assert found.counts() == {"cat": {"train": 10, "validation": 10}, "dog": {"train": 10, "validation": 10}}


def test_a_test_split_is_kept_apart(tmp_path):
    split_folders(tmp_path)
    fill(tmp_path / "test" / "cat", 2, 900)
    assert scan(tmp_path).to_json()["splits"] == {"train": 20, "validation": 20, "test": 2}


def test_train_and_test_alone_get_their_held_out_pictures_from_train(tmp_path):
    found = scan(split_folders(tmp_path, name="Testing"))
    assert found.layout == "train_and_test_folders"
    assert found.to_json()["splits"] == {"train": 16, "validation": 4, "test": 20}


def test_a_class_may_be_called_train(tmp_path):
    class_folders(tmp_path, classes=("bus", "car", "train"))
    assert scan(tmp_path).classes == ("bus", "car", "train")


def test_junk_never_becomes_a_class(tmp_path):
    class_folders(tmp_path)
    for name in (".ipynb_checkpoints", "__MACOSX", ".hidden"):
        fill(tmp_path / name, 2)
    fill(tmp_path / "cat" / ".ipynb_checkpoints", 2)
    for name in (".DS_Store", "Thumbs.db"):
        (tmp_path / "cat" / name).write_bytes(b"junk")
    found = scan(tmp_path)
    assert found.classes == ("cat", "dog")
    assert len(found.files) == 20
    assert not found.problems


def test_json_is_as_designed(tmp_path):
    fill(tmp_path / "b", 10)
    fill(tmp_path / "a", 10, 100)
    assert scan(tmp_path).to_json() == {
        "task": "image",
        "layout": "class_folders",
        "classes": [{"name": "a", "count": 10}, {"name": "b", "count": 10}],
        "splits": {"train": 16, "validation": 4, "test": 0},
        "total": 20,
        "problems": [],
    }


# Odd, and works


def test_odd_names_work(tmp_path):
    names = ("with space", "été", "猫", "🐶", "<script>alert(1)", "line\nbreak", os.fsdecode(b"\xff\xfe"))
    class_folders(tmp_path, 10, names)
    (tmp_path / "été" / "1000.png").rename(tmp_path / "été" / os.fsdecode(b"\xfe\n.png"))
    found = scan(tmp_path)
    assert found.classes == tuple(sorted(names))
    assert len(found.files) == 70
    assert not found.problems
    json.dumps(found.to_json())


def test_every_format_is_usable(tmp_path):
    class_folders(tmp_path)
    image = picture()
    for number, name in enumerate(
        ("a.jpg", "a.bmp", "a.gif", "a.webp", "a.tif", "a.ppm", "no_ending", "a.JPEG", "x.dat")
    ):
        kind = {"no_ending": "PNG", "x.dat": "TIFF"}.get(name)
        picture(number + 50).save(tmp_path / "cat" / name, kind)
    image.convert("CMYK").save(tmp_path / "dog" / "cmyk.jpg")
    image.convert("P").save(tmp_path / "dog" / "palette.png")
    image.resize((1, 40)).save(tmp_path / "dog" / "narrow.png")
    image.save(tmp_path / "dog" / "moving.gif", save_all=True, append_images=[picture(1)])
    found = scan(tmp_path)
    assert len(found.files) == 20 + 9 + 4
    assert not found.problems


def test_two_thousand_classes_of_two(tmp_path):
    data = [_png_bytes(tmp_path, number) for number in range(2)]
    for number in range(2000):
        folder = tmp_path / "data" / f"class {number:04d}"
        folder.mkdir(parents=True)
        for i, content in enumerate(data):
            (folder / f"{i}.png").write_bytes(content + bytes(0))
    found = scan(tmp_path / "data")
    assert len(found.classes) == 2000
    assert found.to_json()["splits"] == {"train": 2000, "validation": 2000, "test": 0}


def _png_bytes(folder, number):
    path = folder / f"{number}.png"
    picture(number).save(path)
    return path.read_bytes()


def test_a_jpeg_with_much_metadata_is_measured_without_decoding(tmp_path):
    class_folders(tmp_path)
    smooth(64, 48).save(tmp_path / "cat" / "a.jpg", icc_profile=bytes(150_000), comment=b"x" * 5000)
    found = scan(tmp_path)
    assert (64, 48) in found.sizes


def test_bytes_after_the_end_of_a_jpeg_do_no_harm(tmp_path):
    class_folders(tmp_path)
    smooth().save(tmp_path / "cat" / "a.jpg")
    with open(tmp_path / "cat" / "a.jpg", "ab") as file:
        file.write(b"trailing bytes of a camera")
    assert len(scan(tmp_path).files) == 21


# Left out, listed


def test_bad_files_are_listed_with_a_reason_and_left_out(tmp_path):
    class_folders(tmp_path)
    cat = tmp_path / "cat"
    (cat / "empty.jpg").touch()
    (cat / "text.jpg").write_text("I am a text.")
    smooth().save(cat / "cut.jpg")
    (cat / "cut.jpg").write_bytes((cat / "cut.jpg").read_bytes()[:-200])
    (cat / "cut.png").write_bytes((cat / "0.png").read_bytes()[:-30])
    (cat / "notes.txt").write_text("notes")
    (cat / "inner.zip").write_bytes(b"PK\x03\x04")
    os.mkfifo(cat / "pipe.png")
    found = scan(tmp_path)
    assert len(found.files) == 20
    for name in ("empty.jpg", "text.jpg", "cut.jpg", "cut.png"):
        assert kinds(found, f"cat/{name}") == ["unreadable"], name
    for name in ("notes.txt", "inner.zip", "pipe.png"):
        assert kinds(found, f"cat/{name}") == ["unsupported"], name
    assert all(p.message and p.kind in PROBLEM_KINDS for p in found.problems)


def test_what_to_do_with_an_iphones_pictures_is_said(tmp_path):
    class_folders(tmp_path)
    for name in ("named.HEIC", "called.jpg"):
        (tmp_path / "cat" / name).write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    found = {p.path: p for p in scan(tmp_path).problems}
    assert found["cat/named.HEIC"].kind == "unsupported"
    assert found["cat/named.HEIC"].message == "Files of type .heic are not used. Save them as JPEG or PNG."
    assert found["cat/called.jpg"].kind == "unreadable"
    assert found["cat/called.jpg"].message.endswith("Save it as JPEG or PNG.")


def test_a_bomb_is_too_large(tmp_path):
    class_folders(tmp_path)
    bomb = bytearray((tmp_path / "cat" / "0.png").read_bytes())
    bomb[16:24] = (30_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    (tmp_path / "cat" / "bomb.png").write_bytes(bomb)
    (tmp_path / "cat" / "bomb2.png").write_bytes(bomb + b"suspicious")
    found = scan(tmp_path)
    assert kinds(found, "cat/bomb.png") == kinds(found, "cat/bomb2.png") == ["too_large"]
    assert len(found.files) == 20


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left_out(tmp_path):
    class_folders(tmp_path)
    (tmp_path / "cat" / "0.png").chmod(0)
    fill(tmp_path / "cat" / "closed", 2, 70).chmod(0)
    found = scan(tmp_path)
    (tmp_path / "cat" / "closed").chmod(0o700)
    assert kinds(found, "cat/0.png") == kinds(found, "cat/closed") == ["permission"]
    assert len(found.files) == 19


def test_links_within_the_data_are_followed_and_others_are_not(tmp_path, monkeypatch):
    data = class_folders(tmp_path / "data")
    outside = fill(tmp_path / "outside", 2, 77)
    monkeypatch.setenv("THAW_DATA_ROOTS", str(data))
    fill(data / "dog" / "pool", 1, 300)
    (data / "cat" / "within.png").symlink_to(data / "dog" / "pool" / "300.png")
    (data / "cat" / "out.png").symlink_to(outside / "77.png")
    (data / "cat" / "out").symlink_to(outside)
    (data / "cat" / "broken.png").symlink_to(data / "nothing.png")
    (data / "cat" / "self.png").symlink_to(data / "cat" / "self.png")
    (data / "cat" / "loop").symlink_to(data / "cat")
    (data / "cat" / "loop2").symlink_to(data)
    found = scan(data)
    assert [f.path for f in found.files if f.path.startswith("cat/w")] == ["cat/within.png"]
    assert len(found.files) == 22
    listed = {p.path: p.message for p in found.problems if p.kind == "link"}
    assert "in a circle" in listed["cat/self.png"]
    assert "does not exist" in listed["cat/broken.png"]
    assert set(listed) == {f"cat/{name}" for name in ("out.png", "out", "broken.png", "self.png", "loop", "loop2")}


@pytest.mark.parametrize("length", [1, 2, 3])
def test_links_that_lead_in_a_circle_are_told_so(tmp_path, length):
    class_folders(tmp_path)
    for n in range(length):
        (tmp_path / "cat" / f"x{n}.png").symlink_to(f"x{(n + 1) % length}.png")
    told = [p.message for p in scan(tmp_path).problems]
    assert len(told) == length
    assert all("in a circle" in message for message in told)


def test_links_into_an_allowed_root_are_followed(tmp_path, monkeypatch):
    data = class_folders(tmp_path / "data")
    outside = fill(tmp_path / "outside", 2, 77)
    monkeypatch.setenv("THAW_DATA_ROOTS", f"{data}:{outside}")
    (data / "cat" / "out").symlink_to(outside)
    assert len(scan(data).files) == 22


def test_an_empty_class_is_listed(tmp_path):
    class_folders(tmp_path)
    (tmp_path / "bird").mkdir()
    (tmp_path / "fish").mkdir()
    (tmp_path / "fish" / "notes.txt").write_text("no picture")
    found = scan(tmp_path)
    assert found.classes == ("cat", "dog")
    assert kinds(found, "bird") == kinds(found, "fish") == ["empty_class"]


def test_pictures_outside_of_classes_are_listed(tmp_path):
    split_folders(tmp_path)
    fill(tmp_path / "extra", 3, 70)
    picture().save(tmp_path / "loose.png")
    found = scan(tmp_path)
    assert kinds(found, "extra") == kinds(found, ".") == ["ignored"]
    assert len(found.files) == 40


# Warned about


def test_names_that_differ_in_case(tmp_path):
    class_folders(tmp_path, classes=("cat", "Cat", "dog"))
    assert "case" in kinds(scan(tmp_path))


def test_the_same_picture_under_two_labels(tmp_path):
    class_folders(tmp_path)
    (tmp_path / "dog" / "same.png").write_bytes((tmp_path / "cat" / "3.png").read_bytes())
    found = scan(tmp_path)
    assert kinds(found) == ["duplicate"]
    assert "two labels" in found.problems[0].message
    assert len(found.files) == 21


def test_the_same_picture_in_train_and_validation(tmp_path):
    split_folders(tmp_path)
    (tmp_path / "validation" / "cat" / "same.png").write_bytes((tmp_path / "train" / "cat" / "3.png").read_bytes())
    found = scan(tmp_path)
    assert kinds(found, "validation/cat/same.png") == ["leak"]


def test_a_picture_that_leaks_under_another_label_is_both(tmp_path):
    split_folders(tmp_path)
    os.link(tmp_path / "train" / "cat" / "3.png", tmp_path / "validation" / "dog" / "same.png")
    assert sorted(kinds(scan(tmp_path), "validation/dog/same.png")) == ["duplicate", "leak"]


def test_equal_ends_alone_make_no_duplicate(tmp_path):
    class_folders(tmp_path)
    for number, folder in enumerate(("cat", "dog")):
        image = picture(5, 80, 80)
        image.putpixel((40, 40), (number, 0, 0))
        image.save(tmp_path / folder / "large.bmp")
    assert not scan(tmp_path).problems


def test_few_pictures_and_imbalance(tmp_path):
    fill(tmp_path / "cat", 30)
    fill(tmp_path / "dog", 5, 100)
    assert sorted(kinds(scan(tmp_path), "dog")) == ["few", "imbalance"]


def test_the_search_for_cycles_goes_on_after_a_scan_and_after_a_refusal(tmp_path):
    scan(class_folders(tmp_path / "data"))
    assert gc.isenabled()
    _is_refused(fill(tmp_path / "loose", 3), "No picture")
    assert gc.isenabled()


# Refused, in one sentence


def _is_refused(path, words):
    with pytest.raises(DataError) as caught:
        scan(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_paths_that_are_no_folder_are_refused(tmp_path):
    (tmp_path / "file.png").touch()
    _is_refused(tmp_path / "missing", "no folder")
    _is_refused(tmp_path / "file.png", "Received a file")
    _is_refused("", "is needed")
    _is_refused("a\0b", "is needed")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.xlsx", "Save it as CSV."),
        ("a.ZIP", "Unpack it first, or upload it in the app."),
    ],
)
def test_a_file_in_the_place_of_a_folder_is_told_what_to_do_with_it(tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"PK")
    _is_refused(tmp_path / name, f"/{name}'. {remedy}")


def test_folders_that_cannot_train_are_refused(tmp_path):
    (tmp_path / "nothing").mkdir()
    _is_refused(tmp_path / "nothing", "No picture")
    _is_refused(fill(tmp_path / "loose", 3), "No picture")
    fill(tmp_path / "one" / "cat", 5)
    _is_refused(tmp_path / "one", "At least two classes")
    fill(tmp_path / "single" / "cat", 5)
    fill(tmp_path / "single" / "dog", 1)
    _is_refused(tmp_path / "single", "'dog' has one")


def test_classes_in_one_split_only_are_refused(tmp_path):
    fill(split_folders(tmp_path / "a") / "train" / "bird", 3)
    _is_refused(tmp_path / "a", "'bird' has them only in train")
    fill(split_folders(tmp_path / "b") / "validation" / "bird", 3)
    _is_refused(tmp_path / "b", "'bird' has them only in validation")
    class_folders(tmp_path / "c" / "train")
    _is_refused(tmp_path / "c", "needs 'validation' beside it")
    class_folders(tmp_path / "d" / "val")
    _is_refused(tmp_path / "d", "needs 'train' beside it")
    fill(split_folders(tmp_path / "e") / "test" / "bird", 3)
    _is_refused(tmp_path / "e", "'bird' has them only in test")


# The cache


def test_nothing_is_opened_again_until_it_changes(tmp_path, monkeypatch):
    data = class_folders(tmp_path / "data")
    first = scan(data)
    opened = []
    real = scans.scan_cache.check
    monkeypatch.setattr(
        scans.scan_cache, "check", lambda path, size: opened.append(Path(path).name) or real(path, size)
    )
    assert scan(data) == first == cached(data) == last(data)
    assert not opened
    picture(77).save(data / "cat" / "new.png")
    (data / "cat" / "3.png").write_bytes(b"damaged now")
    assert cached(data) is None
    second = scan(data)
    assert sorted(opened) == ["3.png", "new.png"]
    assert kinds(second) == ["unreadable"]
    assert len(second.files) == 20


def test_a_damaged_cache_is_rebuilt(tmp_path, monkeypatch):
    data = class_folders(tmp_path / "data")
    first = scan(data)
    for file in (Path(os.environ["THAW_CACHE_DIR"]) / "scans").iterdir():
        file.write_bytes(b'{"half')
    assert last(data) is None
    assert scan(data) == first


def test_scans_without_a_cache_that_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "file"))
    assert len(scan(class_folders(tmp_path / "data")).files) == 20


@pytest.mark.parametrize(("slow", "threads"), [(range(32), 1), (range(200), 2)])
def test_threads_read_what_is_slow_for_long_and_not_for_a_moment(tmp_path, monkeypatch, slow, threads):
    data, seen, readers = class_folders(tmp_path / "data", 100), itertools.count(), set()
    real, clock = scans.scan_cache.check, [0.0]

    def check(path, size):
        readers.add(threading.current_thread() is threading.main_thread())
        clock[0] += 1.0 if next(seen) in slow else 0.0
        return real(path, size)

    monkeypatch.setattr(scans.scan_cache, "check", check)
    monkeypatch.setattr(scans.scan_cache, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    assert len(scan(data).files) == 200
    assert len(readers) == threads


def test_progress_ends_at_the_total(tmp_path):
    calls = []
    scan(class_folders(tmp_path), progress=lambda done, total: calls.append((done, total)))
    assert calls[0][1] is None
    assert calls[-1] == (20, 20)


# Anything at all

NAMES = st.sampled_from(
    ["train", "validation", "test", "cat", "Cat", "dog", "a b", "猫", ".x", "Thumbs.db", "x.png", "y.jpg"]
)
CONTENTS = st.sampled_from(
    [b"", b"text", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n", PNG, PNG[:-1], PNG[:20], JPEG, JPEG[:-9]]
)
LINKS = st.sampled_from([".", "..", "cat", "../dog", "x.png", "../cat/x.png", "nowhere", "a\nb"]).map(Path)


@settings(max_examples=100)
@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=4).map("/".join), CONTENTS | LINKS, max_size=12))
def test_any_folder_tree_is_scanned_or_refused_in_a_sentence(tree):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "data")  # one that a link may leave
        root.mkdir()
        for path, content in tree.items():
            target = root / path
            if not os.path.realpath(target).startswith(os.path.realpath(folder) + os.sep):
                continue  # links lead out of the test's own folder
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(content) if isinstance(content, Path) else target.write_bytes(content)
            except OSError:
                continue  # a file of that name stands where a folder belongs, or a link leads in a circle
        assert detect(str(root)) in ("image", "text")
        try:
            found = scan(root, use_cache=False)
        except DataError:
            return
        assert {p.kind for p in found.problems} <= set(PROBLEM_KINDS)
        assert found.to_json()["total"] == len(found.files) >= 2
        files = assign_splits(found, validation_share=0.2, seed=0)
        for label in range(len(found.classes)):
            assert {f.split for f in files if f.label == label} >= {"train", "validation"}
