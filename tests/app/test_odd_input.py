"""What is odd works on the pages too, what cannot be used is listed there, and what is refused gets a sentence."""

import io
import subprocess
import sys
import time
import zipfile

import pytest
from PIL import Image
from test_pages import ROOT, _errors, _open

from components.escape import shown
from core.service_client import service
from tests.core.data_pictures import fill, split_folders
from tests.core.odd_data import LEFT_OUT, USABLE, WARNED, bomb, bound_by_rights, odd_data
from tests.core.served_run import make_run
from tests.core.test_data_archive import packed, png, two_classes
from tests.core.test_training_extremes import two_thousand_classes


def _until(app, condition):
    """Run the page again, as its fragments do, until something is there."""
    end = time.monotonic() + 120
    while not condition(app):
        assert time.monotonic() < end, [*_errors(app), *(m.value for m in app.markdown)]
        time.sleep(0.3)
        app.run()
    return app


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """The folder, scanned by a process that file permissions bind."""
    data = odd_data(tmp_path / "data", tmp_path / "outside")
    monkeypatch.setenv("THAW_DATA_ROOTS", str(data))
    command = [*bound_by_rights(), sys.executable, "-m", "core", "scan", str(data)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    return data


def test_the_page_lists_what_is_left_out_and_warned_about(odd):
    app = _open("data", data=str(odd))
    assert not _errors(app)
    assert _listed(app) == {(shown(path), kind.replace("_", " ")) for path, kind in {*LEFT_OUT.items(), *WARNED}}
    assert all(app.dataframe[0].value["why"])
    assert f"<b>{sum(USABLE.values())}</b>" in " ".join(html.value for html in app.get("html"))
    assert not _open("train", data=str(odd)).button(key="start").disabled


def _listed(app):
    rows = app.dataframe[0].value
    return set(zip(rows["where"], rows["what"], strict=True))


def test_the_pages_own_scan_lists_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "data"))
    data = odd_data(tmp_path / "data", tmp_path / "outside")
    app = _until(_open("data", data=str(data)), lambda app: app.dataframe)
    assert not _errors(app)
    kinds = {**LEFT_OUT} if not bound_by_rights() else {k: v for k, v in LEFT_OUT.items() if v != "permission"}
    assert _listed(app) == {(shown(path), kind.replace("_", " ")) for path, kind in {*kinds.items(), *WARNED}}


def test_the_page_warns_of_a_picture_in_train_and_validation(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    data = split_folders(tmp_path / "pets")
    (data / "validation" / "cat" / "same.png").write_bytes((data / "train" / "cat" / "3.png").read_bytes())
    app = _until(_open("data", data=str(data)), lambda app: app.dataframe)
    assert list(app.dataframe[0].value["what"]) == ["leak"]
    assert "1 held out and also in train" in [fold.label for fold in app.expander]


def test_two_thousand_classes_of_two_pictures_are_shown_and_can_be_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    data = two_thousand_classes(tmp_path / "data")
    app = _until(_open("data", data=str(data)), lambda app: app.number_input)
    assert not _errors(app)
    assert "2,000" in " ".join(html.value for html in app.get("html"))
    assert app.number_input[0].label == "Page of 200"
    assert not _errors(app.number_input[0].set_value(200).run())
    assert "class 1999" in " ".join(html.value for html in app.get("html"))
    assert not _open("train", data=str(data)).button(key="start").disabled


def _only_in(split):
    def make(root):
        split_folders(root)
        fill(root / split / "bird", 3)

    return make


def _single(root):
    fill(root / "cat", 5)
    fill(root / "dog", 1)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda root: None, "no folder"),
        (lambda root: root.write_bytes(png()), "Received a file"),
        (lambda root: root.mkdir(), "No picture"),
        (lambda root: fill(root / "cat", 5), "At least two classes"),
        (_single, "has one"),
        (_only_in("train"), "only in train"),
        (_only_in("validation"), "only in validation"),
    ],
)
def test_data_that_cannot_train_are_refused(tmp_path, monkeypatch, make, part):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    make(tmp_path / "data")
    app = _until(_open("data", data=str(tmp_path / "data")), lambda app: app.error)
    assert not app.exception
    assert part in app.error[0].value
    assert "\n" not in app.error[0].value


@pytest.mark.parametrize("typed", ["~no-such-user/pets", "pets", "/no/such/folder", "/" + "n" * 5000, "/a\0b", "/etc"])
def test_a_typed_path_that_may_not_be_read_is_refused(typed):
    app = _open("data", data=str(ROOT))
    app.button_group(key="way").set_value("folder").run()
    app.text_input[0].set_value(typed).run()
    assert not app.exception
    said = " ".join(error.value for error in app.error).replace("\\", "")
    wanted = ("There is no folder or file", "within the allowed roots") if typed[0] == "/" else ("Give the whole path",)
    assert any(part in said for part in wanted)
    assert "did not foresee" not in said


def _members(kind):
    if kind == "password":
        data = bytearray(packed(two_classes()).getvalue())
        for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.find(signature) + offset] |= 1
        return bytes(data)
    if kind == "link":
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        return packed([*two_classes(), (link, "/etc/passwd")]).getvalue()
    if kind == "truncated":
        return packed(two_classes()).getvalue()[:-40]
    if kind in ("bzip2", "lzma"):
        return packed(two_classes(), zipfile.ZIP_BZIP2 if kind == "bzip2" else zipfile.ZIP_LZMA).getvalue()
    more = {"..": ("../evil.png", png()), "/": ("/etc/evil.png", png()), "zeros": ("cat/zeros.png", bytes(10**8))}
    return packed([*two_classes(), more[kind]]).getvalue()


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("..", "absolute paths or"),
        ("/", "absolute paths or"),
        ("link", "may not hold links"),
        ("zeros", "bomb"),
        ("password", "password"),
        ("truncated", "damaged or not a ZIP"),
        ("bzip2", "(method 12). Pack it again"),
        ("lzma", "(method 14). Pack it again"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_is_refused(kind, part):
    app = _zip(_members(kind))
    assert not app.exception
    assert part in app.error[0].value.replace("\\", "")


def test_a_zip_within_a_zip_is_an_unsupported_file(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    app = _zip(packed([*two_classes(), ("cat/inner.zip", packed(two_classes()).getvalue())]).getvalue())
    _until(app, lambda app: app.dataframe)
    assert not _errors(app)
    assert "unsupported" in list(app.dataframe[0].value["what"])


def _zip(content):
    app = _open("data", data="")
    app.query_params["data"] = str(ROOT)  # any path: the source row is then on the page
    app.run()
    app.button_group(key="way").set_value("zip").run()
    return app.file_uploader(key="zip").set_value(("pets.zip", content, "application/zip")).run()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'{"version": 7}', "version 7"),
        (b'{"colour": 1}', "learning_rate"),
        (b'{"phase1": {"learning_rate": -1}}', "above 0"),
        (b'{"backbone": "ResNet9000"}', "EfficientNetLite0"),
        (b'{"preset": "best"}', "recommended, quick, tutorial, medical"),
        (b'{"preset": "medical", "task": "text"}', "recommended, quick, tutorial"),
        (b'{"corrections_of": "no-such"}', "There is no run 'no-such'"),
        (b'{"corrections_of": "/etc"}', "must be the id of a run"),
        (b'{"weights": "/etc/passwd"}', "within the allowed roots"),
        (b'{"weights": "/no/such.h5"}', "within the allowed roots"),
        (b"[" * 100_000, "one JSON object"),
        (b"\xff", "one JSON object"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_refused(content, part):
    app = _open("train")
    before = app.session_state["draft"]
    app.file_uploader(key="settings-file").set_value(("s.json", content, "application/json")).run()
    assert not app.exception
    assert part in " ".join(error.value for error in app.error).replace("\\", "")
    assert app.session_state["draft"] == before


def test_a_settings_file_with_half_an_emoji_is_shown():
    app = _open("train")
    content = b'{"name": "half \\ud83d", "patient_column": "\\udc00"}'
    app.file_uploader(key="settings-file").set_value(("s.json", content, "application/json")).run()
    assert not _errors(app)
    draft = app.session_state["draft"]
    assert (draft.name, draft.patient_column) == ("half \ufffd", "\ufffd")


def _encoded(picture, kind, **save):
    out = io.BytesIO()
    picture.save(out, kind, **save)
    return out.getvalue()


def test_pictures_to_try_are_answered_or_refused_and_a_damaged_model_is_said():
    run = make_run(phases=(1,))
    small = Image.new("RGB", (9, 7), (200, 30, 30))
    works = {
        "cmyk.jpg": _encoded(small.convert("CMYK"), "JPEG"),
        "sixteen.png": _encoded(Image.new("I;16", (9, 7), 40_000), "PNG"),
        "palette.png": _encoded(small.convert("P"), "PNG"),
        "moving.gif": _encoded(small, "GIF", save_all=True, append_images=[small.rotate(90)]),
        "thin <b>.png": _encoded(small.resize((1, 30)), "PNG"),
    }
    refused = {
        "zero.jpg": b"",
        "text.jpg": b"text",
        "cut.png": png()[:-30],
        "bomb.png": bomb(png()),
        "a.zip": b"PK\3\4",
    }
    app = _open("try_it", run=run.id)
    try:
        for name, content in {**works, **refused}.items():
            app.file_uploader(key="try-file").set_value((name, content, "image/png")).run(timeout=120)
            assert not app.exception, name
            assert len(app.error) == (name in refused), (name, _errors(app))
    finally:
        service(run).stop()
    run.phase_model_file(1).write_bytes(b"no model")
    try:
        app.file_uploader(key="try-file").set_value(("again.png", png(), "image/png")).run(timeout=120)
        assert not app.exception
        assert "damaged" in " ".join(_errors(app))
    finally:
        service(run).stop()
