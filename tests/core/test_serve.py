import http.client
import io
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from served_run import CLASSES, make_run, picture, text_run

from core import prediction_service, request_body
from core.errors import ConfigError, RunError
from core.predict import Predictor
from core.serve import build, serve
from core.service_client import service

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token"
EDGE = "edge"
FORM = f"multipart/form-data; boundary={EDGE}"


class Server:
    """The real server on a real socket, in a thread."""

    def __init__(self, run, **options):
        self.run = run
        self._server = uvicorn.Server(uvicorn.Config(build(run, TOKEN, **options), log_level="critical"))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()

    def ask(self, method, path, body=None, kind=None, token=TOKEN, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
            headers |= {"Content-Type": kind} if kind else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def wait(self):
        while (health := self.ask("GET", "/healthz", token=None)[1])["status"] == "loading":
            time.sleep(0.05)
        return health

    def close(self):
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture
def running():
    """Start servers that end with the test."""
    servers = []

    def start(run, **options):
        servers.append(Server(run, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_RUNS", str(tmp_path_factory.mktemp("served") / "runs"))
        started = Server(make_run())
        started.wait()
        yield started
        started.close()


def form(data, field="file", name="p.png"):
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{EDGE}--\r\n".encode()


def png(size=(9, 12)):
    return encoded(np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8), "PNG")


def encoded(pixels, kind):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def test_a_picture_gets_the_answer_of_predict(server, tmp_path):
    path = picture(tmp_path / "p.jpg", quality=90)
    status, row = server.ask("POST", "/predict", form(path.read_bytes(), name="p.jpg"), FORM)
    (expected,) = Predictor(server.run).predict_files([path])
    assert status == 200
    assert row["path"] == "p.jpg"
    assert {key: row[key] for key in ("label", "error")} == {"label": expected["label"], "error": None}
    assert list(row["probabilities"]) == list(CLASSES)
    assert row["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-6)
    assert "phases" not in row


def test_the_service_answers_by_the_frozen_graphs(monkeypatch):
    from core.models import freeze

    graphs, asked, frozen = [], [], freeze.frozen

    def spied(function, *specs):
        call, graph = frozen(function, *specs), len(graphs)
        graphs.append(call)
        return lambda *tensors: asked.append(graph) or call(*tensors)

    monkeypatch.setattr(freeze, "frozen", spied)
    service = prediction_service.PredictionService(make_run(), TOKEN)
    service.load()  # the kept phase first, and each answers once
    assert asked == [0, 1]
    for both, expected in ((False, [0]), (True, [0, 0, 1])):
        asked.clear()
        service.answer(request_body.Example(png(), "p.png"), both)
        assert sorted(asked) == expected


def test_both_phases_answer_when_asked_for(server):
    status, row = server.ask("POST", "/predict?phases=both", form(png()), FORM)
    assert status == 200
    assert set(row["phases"]) == {"1", "2"}
    assert row["phases"]["2"]["probabilities"] == row["probabilities"]
    assert row["phases"]["1"]["probabilities"] != row["probabilities"]


def test_classes_and_input_are_told_to_those_with_the_token(server):
    status, about = server.ask("GET", "/")
    assert (status, about["classes"], about["phases"], about["kept"]) == (200, list(CLASSES), [1, 2], 2)


@pytest.mark.parametrize("token", [None, "wrong", "", "é"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/predict")])
def test_nobody_without_the_token_gets_in(server, method, path, token):
    status, answer = server.ask(method, path, form(png()) if method == "POST" else None, FORM, token=token)
    assert status == 401
    assert "Authorization" in answer["error"]


def test_health_and_openapi_need_no_token_and_name_no_class(server):
    assert server.ask("GET", "/healthz", token=None) == (200, {"status": "ready", "message": ""})
    status, document = server.ask("GET", "/openapi.json", token=None)
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert set(document["paths"]) == {"/", "/predict", "/explain", "/healthz"}
    assert CLASSES[0] not in json.dumps(document)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x", "text/plain", 415),
        (b"x", None, 415),
        (png(), "image/png", 415),
        (b"x", "multipart/form-data", 422),
        (b"x", FORM, 422),
        (b"", FORM, 422),
        (form(b""), FORM, 422),
        (form(b"no picture"), FORM, 422),
        (form(png()[:60]), FORM, 422),
        (form(png(), field="picture"), FORM, 422),
        (form(png()).replace(b'; filename="p.png"', b""), FORM, 422),
        (form(png())[:-40], FORM, 422),
        (b"{", "application/json", 422),
        (b"[1]", "application/json", 422),
        (b'{"text": 1}', "application/json", 422),
        (b'{"text": "a film"}', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"\xff\xfe", "application/json; charset=utf-16", 422),
    ],
)
def test_a_bad_request_gets_its_status_and_a_sentence(server, body, kind, status):
    got, answer = server.ask("POST", "/predict", body, kind)
    assert got == status
    assert answer["error"]


def test_an_unknown_choice_of_phases_is_refused(server):
    assert server.ask("POST", "/predict?phases=3", form(png()), FORM)[0] == 422


def test_an_unknown_path_or_method_gets_a_sentence(server):
    assert server.ask("GET", "/etc/passwd")[0] == 404
    assert server.ask("GET", "/predict")[0] == 405


def test_a_large_announced_body_is_refused_before_it_is_read(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/predict")
    for name, value in (("Authorization", f"Bearer {TOKEN}"), ("Content-Type", FORM), ("Content-Length", "99000000")):
        connection.putheader(name, value)
    connection.endheaders()  # and not one byte of the body
    assert connection.getresponse().status == 413
    connection.close()


def test_a_large_body_of_no_announced_size_is_refused_on_the_way(server, monkeypatch):
    monkeypatch.setattr(request_body, "MAX_BYTES", 10_000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/predict")
    for name, value in (("Authorization", f"Bearer {TOKEN}"), ("Content-Type", FORM), ("Transfer-Encoding", "chunked")):
        connection.putheader(name, value)
    connection.endheaders()
    for _ in range(11):  # and no end: the answer comes while more could follow
        connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_never_ends_is_given_up(server, monkeypatch):
    monkeypatch.setattr(request_body, "BODY_SECONDS", 0.1)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/predict")
    for name, value in (("Authorization", f"Bearer {TOKEN}"), ("Content-Type", FORM), ("Content-Length", "1000")):
        connection.putheader(name, value)
    connection.endheaders(b"some")
    assert connection.getresponse().status == 408
    connection.close()


def test_a_picture_of_too_many_pixels_is_refused(server):
    blank = encoded(np.zeros((8000, 7000), np.uint8), "PNG")
    status, answer = server.ask("POST", "/predict", form(blank), FORM)
    assert status == 413
    assert answer["error"] == "7000 x 8000 pixels are more than the limit of 50 megapixels; scale it down."


def test_more_requests_than_it_takes_are_told_to_try_again(server, monkeypatch):
    monkeypatch.setattr(prediction_service, "IN_HAND", 0)
    assert server.ask("POST", "/predict", form(png()), FORM)[0] == 429


def test_many_requests_at_once_are_all_answered(server):
    results = []

    def ask():
        results.append(server.ask("POST", "/predict", form(png()), FORM)[0])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 20


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    body=st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(form),
        st.tuples(st.integers(0, len(png()) - 1), st.binary(min_size=1, max_size=8)).map(
            lambda cut: form(png()[: cut[0]] + cut[1] + png()[cut[0] + len(cut[1]) :])
        ),
        st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.text(), x)).map(
            lambda x: json.dumps(x).encode()
        ),
    ),
    kind=st.sampled_from(
        [FORM, "application/json", "multipart/form-data; boundary=", f"{FORM}; charset=utf-7", "image/png", ""]
    ),
)
def test_any_request_is_outlived(server, body, kind):
    status, _ = server.ask("POST", "/predict", body, kind)
    assert status in (200, 400, 413, 415, 422)


def test_after_all_that_it_still_answers_correctly(server):
    status, row = server.ask("POST", "/predict", form(png()), FORM)
    expected = Predictor(server.run).predict(np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8))
    assert (status, list(row["probabilities"].values())) == (200, pytest.approx(expected.tolist(), abs=1e-6))


def test_notes_and_kept_are_honoured_without_a_restart(running):
    server = running(make_run(("no", "yes")))
    server.wait()
    before = server.ask("POST", "/predict", form(png()), FORM)[1]
    server.run.write_notes(kept=1, threshold={"class": "no", "value": 0.0})
    after = server.ask("POST", "/predict?phases=both", form(png()), FORM)[1]
    assert after["label"] == "no"
    assert after["probabilities"] == after["phases"]["1"]["probabilities"] != before["probabilities"]


def test_one_of_several_classes_is_the_answer_from_its_line_on(running):
    server = running(make_run(("glioma", "healthy", "pituitary")))
    server.wait()
    shares = server.ask("POST", "/predict", form(png()), FORM)[1]["probabilities"]
    least, _, most = sorted(shares, key=shares.__getitem__)
    for value, label in ((shares[least] - 1e-6, least), (shares[least] + 1e-6, most)):
        server.run.write_notes(threshold={"class": least, "value": value})
        row = server.ask("POST", "/predict", form(png()), FORM)[1]
        assert (row["label"], row["probability"]) == (label, shares[label])
        assert row["probabilities"] == shares


def test_a_text_run_answers_for_texts_only(running):
    server = running(text_run())
    server.wait()
    status, row = server.ask("POST", "/predict", b'{"text": "a good film \\ud800"}', "application/json")
    assert (status, row["text"], row["error"]) == (200, "a good film \ud800", None)
    assert set(row["probabilities"]) == {"bad", "good"}
    assert server.ask("POST", "/predict", form(png()), FORM)[0] == 422
    long = json.dumps({"text": "word " * 200_001}).encode()
    for path in ("/predict", "/explain"):
        status, said = server.ask("POST", path, long, "application/json")
        assert (status, said["error"]) == (413, "A text may have 1,000,000 characters. Received: 1,000,005.")
    assert server.ask("POST", "/predict", b'{"text": "a good film"}', "application/json")[0] == 200


def test_names_that_are_not_utf8_survive(running):
    server = running(make_run(("a\udcff", "b")))
    server.wait()
    assert set(server.ask("POST", "/predict", form(png()), FORM)[1]["probabilities"]) == {"a\udcff", "b"}


def test_a_damaged_model_is_said_so_and_the_service_lives(running):
    run = make_run(phases=(1,))
    run.phase_model_file(1).write_bytes(b"no model")
    server = running(run)
    assert "damaged" in server.wait()["message"]
    assert server.ask("POST", "/predict", form(png()), FORM)[0] == 503
    assert server.ask("GET", "/")[0] == 200


def test_a_damaged_model_ends_the_shell_command_in_a_sentence_and_not_the_apps_own_service():
    run = make_run(phases=(1,))
    run.phase_model_file(1).write_bytes(b"no model")
    command = [sys.executable, "-m", "core", "serve", str(run.path), "--idle", "600"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "damaged and cannot be loaded" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    asked = service(run)
    try:
        with pytest.raises(RunError, match="damaged"):
            asked.wait()
        assert asked.alive()
    finally:
        asked.stop()


def test_a_run_without_a_model_is_not_served():
    with pytest.raises(RunError, match="no model"):
        build(make_run(phases=()), TOKEN)


def test_a_port_in_use_is_said_so():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="another program"):
        serve(make_run(phases=(1,)), port=taken.getsockname()[1], announce=lambda _: None)


def test_it_ends_when_idle():
    said = []
    run = make_run(phases=(1,))
    file = run.path / "state.json"
    assert serve(run, idle=0.2, state=file, announce=said.append) == 0
    assert "Token" in said[0]
    assert not file.exists()


def test_one_that_may_idle_ends_when_its_run_is_deleted():
    run = make_run(phases=(1,))
    threading.Timer(0.5, run.delete).start()
    assert serve(run, idle=600, announce=lambda _: None) == 0


def test_who_asks_as_soon_as_the_token_is_said_gets_an_answer_and_ctrl_c_ends_in_order():
    run = make_run(phases=(1, 2))
    command = [sys.executable, "-m", "core", "serve", str(run.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
        said = [service.stdout.readline() for _ in range(3)]
        port, token = said[0].rsplit(":", 1)[1].split("/")[0], said[1].split()[1]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        connection.request("POST", "/predict", form(png()), {"Content-Type": FORM, "Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        row = json.loads(response.read())
        service.send_signal(signal.SIGINT)  # while the other phase's model may still be loading
        assert service.wait(30) == 0
        connection.close()
    assert (response.status, row["error"], set(row["probabilities"])) == (200, None, set(CLASSES))
