"""What a worker says of how it trains reaches the page that people watch, not the shell alone."""

from contextlib import suppress
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import run_list
from core.config import RunConfig
from core.training.plan import Plan, without_room
from core.training.reporter import Reporter
from core.training.room import note_halved

ROOT = Path(__file__).parents[2]
CACHED = "The frozen part is computed once and stored: 12 MB."


@pytest.fixture
def worker(pictures):
    """A reporter of a run, as its worker holds it."""
    run = run_list.create_run(RunConfig(data=str(pictures)), {})
    with run.lock().acquire():
        reporter = Reporter(run)
        reporter.status(phase=1, epoch=1, epochs=5)
        yield reporter
        with suppress(ValueError):  # closed by the test
            reporter.close("done")


def opened(run):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
    app.query_params["run"] = run.id
    return app.switch_page("components/pages/train.py").run()


def remarked(app):
    assert not app.exception
    return next(html.value for html in app.get("html") if "thaw-remarks" in html.value)


def test_the_place_of_remarks_is_there_before_there_is_one(worker):
    assert remarked(opened(worker.run)) == '<div class="thaw-remarks" role="status"></div>'


def test_a_phase_that_falls_back_to_plain_training_says_why(worker):
    worker.event("phase", phase=1, trainable=9, mode="cached", message=CACHED)
    app = opened(worker.run)
    assert CACHED in remarked(app)
    fallen_back = without_room(Plan(2, frozenset({"b"}), "cached", None, "", 10**9))
    worker.event("phase", phase=2, trainable=9, mode=fallen_back.mode, message=fallen_back.why)
    said = remarked(app.run())
    assert "has no room beside what other runs use: the frozen part is computed every epoch." in said
    assert CACHED not in said


def test_the_newest_note_is_seen_and_the_rest_unfold_with_names_as_text(worker):
    worker.event("note", message="Left out, because it cannot be decoded: <b>*cat*</b>\n\ud83d.png")
    app = opened(worker.run)
    assert "decoded: &lt;b&gt;*cat*&lt;/b&gt; \N{REPLACEMENT CHARACTER}.png" in remarked(app)
    assert not [fold for fold in app.expander if "notes" in fold.label]
    note_halved(worker, 16)
    assert "The memory ran out. Going on with 16 examples at a time." in remarked(app.run())
    fold = next(fold for fold in app.expander if fold.label == "All 2 notes")
    first, second = fold.markdown[0].value.split("\n")
    assert "The memory ran out" in first
    assert r"\<b\>\*cat\*\</b\>" in second


def test_remarks_stay_on_the_page_of_a_run_that_has_ended(worker):
    worker.event("phase", phase=1, trainable=9, mode="cached", message=CACHED)
    worker.event("note", message="The loss grew.")
    worker.close("done")
    assert f"{CACHED}<br>The loss grew." in remarked(opened(worker.run))
