"""Window, frame and patients are chosen on the page, and what cannot be is told."""

import io

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from components.thumbnails import thumbnails
from core.data.pixels import read_pixels
from core.data.reading import Reading
from tests.core.dicom_files import bundled

SETTINGS = """
import streamlit as st
from components import draft
from components.reading_settings import reading_settings
reading_settings()
st.json(draft.settings().to_json())
if draft.error():
    st.error(draft.error())
"""


def test_what_is_chosen_becomes_a_setting():
    app = AppTest.from_string(SETTINGS, default_timeout=30).run()
    app.number_input(key="set-window_center").set_value(-600.0).run()
    app.number_input(key="set-window_width").set_value(1500.0).run()
    app.number_input(key="set-frame").set_value(3).run()
    app.text_input(key="set-patient_column").set_value(" patient_id ").run()
    app.text_input(key="set-patient_pattern").set_value(r"(p\d+)").run()
    assert not app.exception
    config = app.session_state["draft"]
    assert (config.window_center, config.window_width, config.frame) == (-600, 1500, 3)
    assert (config.patient_column, config.patient_pattern) == ("patient_id", r"(p\d+)")


def test_pattern_without_a_group_is_told_and_not_taken():
    app = AppTest.from_string(SETTINGS, default_timeout=30).run()
    app.text_input(key="set-patient_pattern").set_value(r"p\d+").run()
    assert "a regular expression with a group" in app.error[0].value
    assert app.session_state["draft"].patient_pattern == ""


def test_thumbnails_show_what_the_run_sees(monkeypatch):
    file = bundled("MR_small.dcm")
    monkeypatch.setenv("THAW_DATA_ROOTS", str(file.parent))
    for how in (Reading(), Reading(500, 200)):
        [small] = thumbnails([str(file)], 64, how)
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(small))), read_pixels(file, how))
