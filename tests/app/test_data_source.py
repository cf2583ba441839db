"""What people type, paste, browse and upload in the row where data are chosen."""

import shutil

import pytest
from test_pages import _errors, _open

from core.data import archive
from core.data.scan import scan
from core.errors import DataError


def _type(app, text):
    """Type into the field of the folder, as it is then on the page."""
    app.button_group(key="way").set_value("folder").run()
    return app.text_input[0].set_value(text).run(timeout=30)


def _data(app):
    found = app.query_params["data"]
    return found[0] if isinstance(found, list) else found


@pytest.mark.parametrize("spelling", ["{}/", "{}/.", "{}/../pets", "{}-link"])
def test_another_spelling_of_the_open_folder_changes_nothing(pictures, spelling):
    (pictures.parent / "pets-link").symlink_to(pictures)
    scan(pictures)
    app = _type(_open("data", data=str(pictures)), spelling.format(pictures))
    assert not _errors(app)
    assert _data(app) == str(pictures)


def test_another_folder_is_opened_under_its_own_address(pictures):
    app = _type(_open("data", data=str(pictures)), f"{pictures.parent}/./pets/..")
    assert not app.exception
    assert _data(app) == str(pictures.parent)
    assert app.text_input[0].value == str(pictures.parent)


@pytest.mark.parametrize("form", [" {} ", '"{}"', "file://{}"])
def test_a_folder_is_opened_from_a_pasted_path(pictures, form):
    app = _type(_open("data", data=str(pictures)), form.format(pictures.parent))
    assert not app.exception
    assert _data(app) == str(pictures.parent)


def test_spaces_alone_are_no_path(pictures):
    scan(pictures)
    assert not _errors(_type(_open("data", data=str(pictures)), "  "))


def test_a_weights_file_is_taken_as_it_was_pasted(pictures):
    (pictures.parent / "own.h5").touch()
    app = _open("train")
    app.session_state["fold-settings"] = True
    app.run()
    app.button_group(key="weights-kind").set_value("file").run()
    app.text_input(key="set-weights").set_value(f"'{pictures.parent}/own.h5' ").run()
    assert app.session_state["draft"].weights == f"{pictures.parent}/own.h5"
    app.text_input(key="set-weights").set_value("own.h5").run()
    assert "Give the whole path" in " ".join(error.value for error in app.error)


def test_a_browsed_folder_that_is_gone_leaves_the_page_whole(pictures):
    scan(pictures)
    (pictures.parent / "gone").mkdir()
    app = _open("data", data=str(pictures))
    app.session_state["browse"] = pictures.parent / "gone"
    app.button_group(key="way").set_value("folder").run()
    shutil.rmtree(pictures.parent / "gone")
    app.run()
    assert not app.exception
    assert ["There is no folder" in error for error in _errors(app)] == [True]
    assert not app.button(key="to_train").disabled
    app.button(key="browse-up").click().run()
    assert not _errors(app)


def test_a_refused_zip_is_unpacked_once_and_its_refusal_stays(pictures, monkeypatch):
    asked = []

    def refuse(file, name):
        asked.append(name)
        raise DataError("It is damaged.")

    monkeypatch.setattr(archive, "extract_zip", refuse)
    scan(pictures)
    app = _open("data", data=str(pictures))
    app.button_group(key="way").set_value("zip").run()
    app.file_uploader(key="zip").set_value(("a.zip", b"PK", "application/zip")).run()
    app.run()
    assert [error.value for error in app.error] == ["It is damaged\\."]
    assert asked == ["a.zip"]
    app.file_uploader(key="zip").set_value(("b.zip", b"PK", "application/zip")).run()
    assert asked == ["a.zip", "b.zip"]
