"""Names with line breaks, emoji, markup and bytes that are not UTF-8: their pictures open large and can be tried."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from test_pages import _errors, _open

from core.evaluation.metrics import figures
from core.files import write_json
from core.service_client import service
from tests.core.odd_data import BYTES, MARKUP, odd_data
from tests.core.served_run import make_run

CLASSES = ("Cats", "cats", MARKUP, BYTES)
PICTURES = {
    "cats/new\nline 🐈 <i>.png": 1,
    "cats/\udcff.png": 1,
    "cats/one pixel.png": 1,
    f"{MARKUP}/2000.png": 2,
    f"{BYTES}/\udcfe\n<i>.png": 3,
}


@pytest.fixture(scope="module")
def odd_run(tmp_path_factory):
    """A finished run that holds out the odd pictures, its prediction service, and what of it a test is to set."""
    home = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in {"THAW_RUNS": "runs", "THAW_CACHE_DIR": "cache", "THAW_DATA_ROOTS": "data"}.items():
            patch.setenv(name, str(home / folder))
        run = _run(odd_data(home / "data", home / "outside"))
        yield run
        service(run).stop()


@pytest.fixture(autouse=True)
def _own_folders(odd_run, monkeypatch):
    """The folders of the one run that all tests here share, in place of new ones for each."""


def _run(root):
    run = make_run(CLASSES, data=root)
    files = [{"path": p, "label": k, "split": "validation", "hash": ""} for p, k in PICTURES.items()]
    write_json(
        run.dataset_file, {"task": "image", "root": str(root), "classes": CLASSES, "files": files}, durable=False
    )
    labels, p = np.array(list(PICTURES.values())), np.full((len(PICTURES), len(CLASSES)), 1 / len(CLASSES))
    for phase in (1, 2):
        write_json(run.evaluation_file(phase), figures(p, labels, CLASSES))
    header = ["path", "label", "split", *(f"p{phase}:{name}" for phase in (1, 2) for name in CLASSES)]
    rows = [[path, CLASSES[k], "validation", *["0.25"] * 2 * len(CLASSES)] for path, k in PICTURES.items()]
    run.write_predictions(header, rows)
    return run


def _large(run_path, path):
    from components.results.picture import _content
    from components.results.report import report
    from core.record import Run

    _content(report(Run(run_path)), path, explain=False)


@pytest.mark.parametrize("path", PICTURES, ids=ascii)
def test_a_picture_of_an_odd_name_opens_large(odd_run, path):
    app = AppTest.from_function(_large, args=(str(odd_run.path), path), default_timeout=60).run()
    assert not _errors(app)
    assert any("thaw-large" in html.proto.body for html in app.get("html"))


@pytest.mark.parametrize("row", range(len(PICTURES)), ids=map(ascii, PICTURES))
def test_a_held_out_picture_of_an_odd_name_is_answered(odd_run, row):
    app = _open("try_it", run=odd_run.id)
    app.session_state["held-row"] = row
    app.button_group(key="try-way").set_value("held").run(timeout=120)
    assert not _errors(app)
    assert any('class="thaw-answer"' in html.proto.body for html in app.get("html"))
