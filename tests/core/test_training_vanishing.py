"""Data that go away in the middle of the frozen part: the run fails in a sentence, and its resume misses nothing."""

import pytest

from core import tasks
from core.config import from_json
from core.errors import DataError
from core.record import Run
from core.run_list import create_run
from core.training import examples as examples_of_run
from core.training.examples import Examples
from core.training.reporter import Reporter
from core.training.store import FeatureStore
from core.training.trainer import train
from tests.core.conftest import make_pictures
from tests.core.text_data import small_encoder, write_reviews

SMALL = {"task": "image", "image_size": 32, "unfreeze": "none", "phase1": {"epochs": 1}, "phase2": {"epochs": 0}}


@pytest.fixture
def data(tmp_path):
    return make_pictures(tmp_path / "data", ["a", "b"], 10)


def run_on(data, **settings) -> Run:
    return create_run(from_json({"data": str(data), **SMALL, **settings}), {})


def at_stage(monkeypatch, stage, happens):
    """Let something happen once, as soon as a run says that it begins `stage`."""
    honest, over = Reporter.stage, []

    def said(self, message, steps=0):
        honest(self, message, steps)
        if message.startswith(stage) and not over:
            over.append(message)
            happens()

    monkeypatch.setattr(Reporter, "stage", said)
    return over


def assert_whole(run):
    assert run.state() == "done"
    assert len(run.dataset()["files"]) == 20
    assert not [event for event in run.events(("note",)) if "Left out" in event["message"]]


@pytest.mark.parametrize(("cache", "stage"), [(True, "Computing"), (False, "Checking")])
def test_data_that_vanish_before_it_is_known_what_can_be_read_leave_nothing_behind(
    data, tmp_path, monkeypatch, cache, stage
):
    run = run_on(data, cache=cache)
    at_stage(monkeypatch, stage, lambda: data.rename(tmp_path / "away"))
    with pytest.raises(DataError, match="There is no folder"):
        train(run, Reporter(run))
    assert run.dataset() is None
    assert not [event for event in run.events(("note",)) if "Left out" in event["message"]]
    assert FeatureStore().entries() == []
    (tmp_path / "away").rename(data)
    train(run, Reporter(run))
    assert_whole(run)


def test_a_picture_that_vanishes_is_not_said_to_be_one_that_cannot_be_decoded(data, tmp_path, monkeypatch):
    run = run_on(data)
    at_stage(monkeypatch, "Computing", lambda: (data / "a" / "a 3.bmp").unlink())
    with pytest.raises(DataError, match=r"1 of the pictures changed or vanished.*'a/a 3.bmp'"):
        train(run, Reporter(run))
    assert run.dataset() is None


@pytest.mark.parametrize(("cache", "stage"), [(True, "Computing"), (False, "Checking")])
def test_pictures_that_are_away_for_a_moment_are_read_once_more(data, tmp_path, monkeypatch, cache, stage):
    run, honest = run_on(data, cache=cache), Examples.check_unchanged

    def back_again(self):
        if not data.exists():
            (tmp_path / "away").rename(data)
        honest(self)

    monkeypatch.setattr(Examples, "check_unchanged", back_again)
    left = at_stage(monkeypatch, stage, lambda: data.rename(tmp_path / "away"))
    train(run, Reporter(run))
    assert left
    assert_whole(run)


def test_pictures_that_vanished_before_their_stamps_were_taken_are_missed_all_the_same(data, tmp_path, monkeypatch):
    run = run_on(data)
    honest = examples_of_run._stamps

    def too_late(manifest):
        if data.exists():
            data.rename(tmp_path / "away")
        return honest(manifest)

    monkeypatch.setattr(examples_of_run, "_stamps", too_late)
    examples = Examples(run, run.config(), tasks.task("image"), Reporter(run))
    with pytest.raises(DataError, match="There is no folder"):
        examples.check_unchanged()


def test_a_table_of_texts_is_not_read_again_for_rows_that_are_no_files(tmp_path, monkeypatch):
    table, encoder = write_reviews(tmp_path / "r.csv"), small_encoder(tmp_path / "encoder")
    settings = {"task": "text", "backbone": "bert_tiny_en_uncased", "weights": str(encoder), "sequence_length": 16}
    run = create_run(from_json({"data": str(table), **settings}), {})
    task = tasks.task("text")
    examples = Examples(run, run.config(), task, Reporter(run))
    monkeypatch.setattr(task, "prepare", lambda *_: pytest.fail("The table was read again."))
    examples.check_unchanged()


def test_a_damaged_manifest_is_not_taken_for_one_that_is_not_written_yet(data):
    run = run_on(data)
    run.dataset_file.write_text("{}")
    with pytest.raises(DataError, match=r"The run is damaged: dataset\.json cannot be read"):
        Examples(run, run.config(), tasks.task("image"), Reporter(run))
