import subprocess
import sys

import pytest
from served_run import CLASSES, make_run, picture

from core.errors import DataError, RunError
from core.predict import Predictor
from core.service_client import Service, service


def test_a_service_is_started_once_answers_and_is_found_again(tmp_path):
    run = make_run()
    first = service(run)
    try:
        assert first.file.stat().st_mode & 0o777 == 0o600
        pid = first.address()["pid"]
        assert service(run).address()["pid"] == pid
        first.wait()
        path = picture(tmp_path / "é 🔥.png")
        row = first.predict(path.read_bytes(), path.name)
        (expected,) = Predictor(run).predict_files([path])
        assert row["path"] == "é 🔥.png"
        assert row["label"] == expected["label"]
        assert row["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)
        assert list(row["phases"]) == ["1", "2"]
        with pytest.raises(DataError, match="not a picture"):
            first.predict(b"no picture")
        with pytest.raises(DataError, match="pictures"):
            first.predict_text("a film")
    finally:
        first.stop()
    assert list(row["probabilities"]) == list(CLASSES)


def test_a_run_without_a_model_says_why_nothing_was_started():
    with pytest.raises(RunError, match="no model to serve"):
        service(make_run(phases=()))


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "full").touch()
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "full"))
    with pytest.raises(RunError, match=r"Not a directory, in '.*/full'\. Free some space"):
        service(make_run(phases=()))


def test_nothing_alive_is_not_ready_and_cannot_be_asked():
    found = Service(make_run(phases=()))
    assert not found.alive()
    assert not found.ready()
    with pytest.raises(RunError, match="does not answer"):
        found.predict(b"x")


def test_a_file_above_the_limit_is_not_sent_and_is_told_what_to_do():
    found = Service(make_run(phases=()))
    for ask in (found.predict, found.explain):
        with pytest.raises(DataError, match=r"^The picture has 45\.0 MB; at most 32 MB can be tried\. Save it smaller"):
            ask(bytes(45_000_000))


def test_the_pages_side_needs_no_tensorflow():
    code = "import sys, core.service_client, core.decision; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
