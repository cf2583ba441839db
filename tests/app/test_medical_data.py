"""The Data page of scans: what it says of grey values and of patients, and that it names nobody."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.data.scan import scan
from tests.core.dicom_files import write

ROOT = Path(__file__).parents[2]


def _data_page(data):
    scan(data)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page("components/pages/data.py")
    app.query_params["data"] = str(data)
    app.run()
    assert not [*app.error, *app.exception]
    return app


def _words(app):
    """Everything that the page says, its tables too."""
    nodes = [*app.markdown, *app.caption, *app.info, *app.warning]
    tables = [frame.value.to_csv() for frame in app.dataframe]
    said = [*(node.value for node in nodes), *(node.proto.body for node in app.get("html")), *tables]
    return "\n".join(said).replace("\\", "")  # as it is shown: Markdown's own signs are escaped


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    return tmp_path / "scans"


def test_dicom_is_grey_and_split_by_patients_who_stay_unnamed(data):
    for number in range(8):
        for i in range(3):
            values = np.random.default_rng(10 * number + i).integers(0, 4000, (8, 8)).astype(np.uint16)
            folder = data / ("healthy", "ill")[number % 2]
            write(folder / f"{number}{i}.dcm", values, PatientID=f"MRN-{number}", PatientName="Doe^Jane")
    said = _words(_data_page(data))
    assert "goes into the network's red, green and blue alike, unchanged" in said
    assert "The DICOM files tell of 8 patients. The split keeps all pictures of a patient on one side." in said
    assert "MRN-" not in said
    assert "Doe" not in said


def test_a_split_at_random_that_would_leak_is_warned_of_with_its_remedy(data):
    for number, label in enumerate(("healthy", "ill")):
        (data / label).mkdir(parents=True)
        for i in range(12):
            pixels = np.random.default_rng(100 * number + i).integers(0, 256, (9, 9), np.uint8)
            Image.fromarray(pixels).save(data / label / f"patient{4 * number + i % 4}_slice{i}.png")
    app = _data_page(data)
    assert "8 patients have several pictures, which a split at random puts on both sides." in _words(app)
    assert "patient_pattern=" in _words(app)
