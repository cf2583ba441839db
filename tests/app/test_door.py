"""Behind sign-in, a real server takes no file from a stranger and gives none away, session or not."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a long text that means nothing at all"


class Visitor:
    """Somebody with an address to go to, and perhaps a cookie that the app signed."""

    def __init__(self, address, user=None):
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=30)
        self.http.get("/_stcore/health")  # sets the cookie against forged requests
        if user:
            payload = {"is_logged_in": True, "origin": address, "email": user}
            signed = create_signed_value(SECRET, "_streamlit_user", json.dumps(payload))
            self.http.cookies.set("_streamlit_user", signed.decode())

    @contextlib.contextmanager
    def session(self):
        """The id of a live session, as the page's own first message tells it."""
        token = self.http.cookies["_streamlit_xsrf"]
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        with connect(
            f"ws{self.address[4:]}/_stcore/stream",
            origin=self.address,
            subprotocols=["streamlit", token],
            additional_headers={"Cookie": cookies},
            max_size=None,
        ) as socket:
            asked = BackMsg()
            asked.rerun_script.query_string = ""
            socket.send(asked.SerializeToString())
            yield next(m.new_session.initialize.session_id for m in said(socket) if m.HasField("new_session"))

    def token(self):
        return {"X-Xsrftoken": self.http.cookies["_streamlit_xsrf"]}

    def path(self, session, name="a-file"):
        return f"/_stcore/upload_file/{session}/{name}"

    def put(self, session, data=bytes(1000), name="a-file"):
        return self.http.put(self.path(session, name), files={"file": ("a.zip", data)}, headers=self.token())


@pytest.fixture
def visit():
    """Makes visitors who leave when the test ends."""
    with contextlib.ExitStack() as leaving:

        def come(address, user=None):
            visitor = Visitor(address, user)
            leaving.callback(visitor.http.close)
            return visitor

        yield come


def said(socket):
    while True:
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=30))
        yield message


@contextlib.contextmanager
def served(folder, *options, auth=True, **environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, secrets = f"http://127.0.0.1:{port}", folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "{address}/oauth2callback"\ncookie_secret = "{SECRET}"\nclient_id = "thaw"\n'
        'client_secret = "s"\nserver_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"\n'
        if auth
        else ""
    )
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [*command, f"--secrets.files={secrets}", *options],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with served(tmp_path_factory.mktemp("door")) as address:
        yield address


MEDIA = "/media/0123456789abcdef.bin"


def test_a_stranger_with_a_session_uploads_nothing_and_is_given_no_file(app, visit):
    stranger = visit(app)
    with stranger.session() as session:
        answer = stranger.put(session)
        assert (answer.status_code, answer.text) == (403, "Sign in first.")
        assert stranger.http.delete(stranger.path(session), headers=stranger.token()).status_code == 403
        for path in (MEDIA, "/%6dedia/0123456789abcdef.bin", "/_stcore/metrics"):
            assert stranger.http.get(path).status_code == 403


@pytest.mark.parametrize(
    "cookie", ["", "guess", "2|1:0|10:1|15:_streamlit_user|4:e30=|0", json.dumps({"is_logged_in": True})]
)
def test_a_cookie_that_the_app_did_not_sign_opens_nothing(app, cookie, visit):
    stranger = visit(app)
    headers = {"Cookie": f"_streamlit_user={cookie}"}
    assert stranger.http.get(MEDIA, headers=headers).status_code == 403


def test_whoever_is_signed_in_uploads_and_is_given_files(app, visit):
    guest = visit(app, user="ada@example.org")
    with guest.session() as session:
        assert guest.put(session).status_code == 204
        assert guest.put("no-session").status_code == 400
    assert guest.http.get(MEDIA).status_code == 404  # no such file, which only those inside are told


def test_an_open_address_without_sign_in_takes_no_file_either(tmp_path, visit):
    with served(tmp_path, "--server.address=0.0.0.0", auth=False, THAW_PUBLIC="0") as address:
        stranger = visit(address)
        with stranger.session() as session:
            assert stranger.put(session).status_code == 403
            assert "THAW_PUBLIC" in stranger.http.get(MEDIA).text


def test_uploads_have_a_limit_together_whoever_sends_them(tmp_path, visit):
    with served(tmp_path, "--server.maxUploadSize=1", auth=False) as address:
        first, second = visit(address), visit(address)
        with first.session() as one, second.session() as two:
            assert first.put(one, bytes(1_000_000)).status_code == 204
            assert first.put(one, bytes(1_000_000), name="another").status_code == 204
            refused = second.put(two, bytes(200_000))
            assert (refused.status_code, "together" in refused.text) == (413, True)
            assert "\n" not in refused.text
            assert second.http.put(second.path(two), content=iter([b"x"]), headers=second.token()).status_code == 411
            assert first.http.delete(first.path(one), headers=first.token()).status_code == 204
            assert second.put(two, bytes(200_000)).status_code == 204


def test_a_slip_in_the_secrets_of_a_running_app_shuts_the_door_instead_of_opening_it(tmp_path, visit):
    with served(tmp_path) as address:
        stranger, guest = visit(address), visit(address, user="ada@example.org")
        assert stranger.http.get(MEDIA).text == "Sign in first."
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(secrets.read_text().replace("[auth]", "[auth"))
        end = time.monotonic() + 60
        while (answer := stranger.http.get(MEDIA)).text == "Sign in first." and time.monotonic() < end:
            time.sleep(0.1)
        assert (answer.status_code, "mends secrets.toml" in answer.text) == (403, True)
        assert guest.http.get(MEDIA).status_code == 403
