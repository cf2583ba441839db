"""The pages for texts, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import text_scan
from tests.core.text_data import write_reviews

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    table = write_reviews(tmp_path / "reviews <b>.csv", 15)
    text_scan.scan(RunConfig(data=str(table)))
    return table


def _open(page, **query):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page(f"components/pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def _errors(app):
    return [error.value for error in [*app.error, *app.exception]]


def test_the_data_page_shows_texts_of_each_class(reviews):
    app = _open("data", data=str(reviews))
    assert not _errors(app)
    shown = "".join(str(html.proto.body) for html in app.get("html"))
    assert "texts" in shown
    assert "this film is wonderful, number 0" in shown


def test_the_train_page_starts_from_the_settings_for_texts(reviews):
    app = _open("train", data=str(reviews))
    assert not _errors(app)
    assert not app.button(key="start").disabled
    draft = app.session_state["draft"]
    assert (draft.task, draft.backbone, draft.unfreeze) == ("text", "MiniLM", "blocks:3")


@pytest.mark.parametrize("preset", ["quick", "tutorial"])
def test_every_preset_for_texts_can_be_opened(reviews, preset):
    app = _open("train", data=str(reviews))
    app.session_state["fold-settings"] = True
    app.button_group(key="preset").set_value(preset).run()
    assert not _errors(app)
    assert app.session_state["draft"].preset == preset
    assert app.session_state["draft"].task == "text"
