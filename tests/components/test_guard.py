"""What goes wrong on a page is said without a traceback, under a number that the log explains."""

import re
import tomllib
from pathlib import Path

from streamlit.testing.v1 import AppTest


def _page():
    from components.guard import guarded

    with guarded():
        raise ZeroDivisionError("the inner workings")


def test_an_error_that_nobody_foresaw_gets_a_number_that_the_log_explains(caplog):
    app = AppTest.from_function(_page).run()
    assert not app.exception
    said = app.error[0].value
    assert "inner workings" not in said
    number = re.search(r"`([0-9a-f]{8})`", said)[1]
    assert f"Error {number}" in caplog.text
    assert "ZeroDivisionError: the inner workings" in caplog.text


def test_what_escapes_the_guard_shows_no_details_either():
    config = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["client"]["showErrorDetails"] == "none"


def test_no_program_drives_the_app_beside_its_pages():
    config = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["enableAgentApi"] is False
