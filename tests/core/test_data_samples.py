import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from data_pictures import class_folders

from core.data import fetch as fetching
from core.data import samples
from core.data.scan import scan
from core.errors import DataError


def test_digits_are_written_at_once_and_kept():
    assert samples.ready("digits") is None
    folder = samples.get("digits")
    found = scan(folder)
    assert found.classes == tuple("0123456789")
    assert len(found.files) == 1797
    assert not found.problems
    assert samples.ready("digits") == folder == samples.get("digits")


def test_every_sample_says_what_it_is():
    for name, sample in samples.SAMPLES.items():
        assert sample.name == name
        assert all((sample.title, sample.summary, sample.licence, sample.size_mb > 0))
    assert set(samples.SAMPLES) == {"digits", "cats_and_dogs", "flowers"}


@pytest.mark.parametrize("ask", [samples.ready, samples.get])
def test_an_unknown_sample_is_refused_with_the_known_ones(ask):
    with pytest.raises(DataError, match=r"\.\./etc.*Known: digits"):
        ask("../etc")


def test_a_host_out_of_reach_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be reached"):
        fetching.fetch("http://127.0.0.1:9/a.zip", tmp_path, lambda done, total: None)


def test_a_host_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "FIRST_ANSWER_S", 0.3)
    silent = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)  # listens, answers nothing
    with silent, pytest.raises(DataError, match="cannot be reached"):
        fetching.fetch(f"http://127.0.0.1:{silent.server_port}/a.zip", tmp_path, lambda done, total: None)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_an_archive_is_fetched_and_its_wrapping_folder_dropped(tmp_path, monkeypatch):
    class_folders(tmp_path / "web" / "pets", 2)
    with zipfile.ZipFile(tmp_path / "web" / "pets.zip", "w") as made:
        for path in (tmp_path / "web" / "pets").rglob("*.png"):
            made.write(path, path.relative_to(tmp_path / "web"))
    (tmp_path / "here" / "out").mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "web")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/pets.zip"
        program = (
            "import sys; from pathlib import Path; from core.data.fetch import fetch; "
            "fetch(sys.argv[1], Path(sys.argv[2]), lambda done, total: None)"
        )
        subprocess.run([sys.executable, "-c", program, url, tmp_path / "here" / "out"], check=True, capture_output=True)
        server.shutdown()
    assert sorted(p.name for p in (tmp_path / "here" / "out").iterdir()) == ["cat", "dog"]
    assert [p.name for p in (tmp_path / "here").iterdir()] == ["out"]
