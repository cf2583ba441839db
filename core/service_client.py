"""The page's side of the prediction service: find the one of a run, or start it, and ask it. Needs no TensorFlow."""

import hashlib
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from filelock import FileLock

from core import environment
from core.any_text import AS_BYTES
from core.errors import DataError, RunError
from core.files import read_json
from core.record import Run
from core.request_body import MAX_BYTES

IDLE_SECONDS = 900  # a service that nobody asks for that long ends
START_SECONDS = 20.0  # until its address must be known
STOP_SECONDS = 20.0  # for requests in hand to end
ROOT = Path(__file__).resolve().parent.parent

_children: list[subprocess.Popen[bytes]] = []  # started here; polled so that ended ones leave no zombie


def service(run: Run) -> "Service":
    """The run's service, started if there is none. Its model may still be loading: see `Service.ready`.

    Raises:
        RunError: the service ended at once, or its files cannot be kept; says why.
    """
    _children[:] = [child for child in _children if child.poll() is None]
    found = Service(run)
    if not found.alive():
        with environment.kept_in_cache("The prediction service cannot be started", RunError):
            found.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(found.file.with_suffix(".lock")):
                if not found.alive():
                    _start(found)
    return found


class Service:
    """One run's prediction service on this machine."""

    def __init__(self, run: Run) -> None:
        """Nothing is started or asked yet."""
        self.run = run
        key = hashlib.blake2b(os.fsencode(run.path.resolve()), digest_size=8).hexdigest()
        self.file = environment.cache_dir() / "services" / f"{key}.json"
        self.log = self.file.with_suffix(".log")

    def address(self) -> dict[str, Any]:
        """`pid`, `port` and `token`; empty when none is known."""
        state = read_json(self.file, {})
        return state if isinstance(state, dict) and {"pid", "port", "token"} <= set(state) else {}

    def alive(self) -> bool:
        """Whether it answers, and answers for this run."""
        try:
            status, about = self._ask("GET", "/", timeout=5)
        except (OSError, http.client.HTTPException):
            return False
        return status == 200 and about.get("run_dir") == str(self.run.path.absolute())

    def ready(self) -> bool:
        """Whether its model is loaded.

        Raises:
            RunError: the model cannot be loaded; says why.
        """
        try:
            status, health = self._ask("GET", "/healthz", timeout=5)
        except (OSError, http.client.HTTPException):
            return False
        if health.get("status") == "failed":
            raise RunError(str(health.get("message")))
        return status == 200

    def wait(self, seconds: float = 60.0) -> None:
        """Return once the model is loaded.

        Raises:
            RunError: it cannot be loaded, or takes longer.
        """
        until = time.monotonic() + seconds
        while not self.ready():
            if time.monotonic() > until:
                raise RunError(f"The model was not loaded within {seconds:.0f} seconds. See {self.log}.")
            time.sleep(0.1)

    def predict(self, data: bytes, name: str = "picture", *, phases: str = "both") -> dict[str, Any]:
        """The answer for a picture: a row of `python -m core predict`, and `phases` with each phase's own.

        Raises:
            DataError: the picture cannot be read.
            RunError: the service cannot answer now.
        """
        body, kind = _form(data, name)
        return {**self._post(f"/predict?phases={phases}", body, kind), "path": name}

    def explain(
        self, data: bytes, *, label: str | None = None, method: str = "gradcam", phase: int | None = None
    ) -> dict[str, Any]:
        """Where a picture speaks for a class: `class`, `method`, `phase`, `probability` and `grid`, rows of 0 to 1.

        Raises:
            DataError: the picture cannot be read, or class or method is unknown.
            RunError: the service cannot answer now.
        """
        query = _query({"class": label, "method": method, "phase": phase})
        return self._post(f"/explain?{query}", *_form(data, "picture"))

    def predict_text(self, text: str, *, phases: str = "both") -> dict[str, Any]:
        """The answer for a text, as `predict`."""
        return self._post(f"/predict?phases={phases}", json.dumps({"text": text}).encode(), "application/json")

    def explain_text(self, text: str, *, label: str | None = None, phase: int | None = None) -> dict[str, Any]:
        """What each word of a text does to a class or the most probable one, as `core.words.Words.to_json` gives it.

        Raises:
            DataError: the service refuses the text, or the class is unknown.
            RunError: the service cannot answer now.
        """
        query = _query({"class": label, "phase": phase})
        return self._post(f"/explain?{query}", json.dumps({"text": text}).encode(), "application/json")

    def stop(self) -> None:
        """End the service, if it is alive, and wait for that."""
        if not self.alive():
            return
        pid = self.address()["pid"]
        os.kill(pid, signal.SIGTERM)
        for child in _children:
            if child.pid == pid:
                child.wait(STOP_SECONDS)

    def _post(self, path: str, body: bytes, kind: str) -> dict[str, Any]:
        try:
            status, row = self._ask("POST", path, body, {"Content-Type": kind})
        except (OSError, http.client.HTTPException) as error:
            raise RunError(f"The prediction service does not answer ({type(error).__name__}). Try again.") from None
        if status == 200:
            return row
        raise (DataError if status in (413, 415, 422) else RunError)(str(row.get("error") or f"status {status}"))

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> tuple[int, dict[str, Any]]:
        state = self.address()
        if not state:
            raise ConnectionError("no address is known")
        connection = http.client.HTTPConnection("127.0.0.1", state["port"], timeout=timeout)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {state['token']}", **(headers or {})})
            response = connection.getresponse()
            try:
                data = json.loads(response.read())
            except ValueError:
                data = {}
            return response.status, data if isinstance(data, dict) else {}
        finally:
            connection.close()


def _query(asked: dict[str, Any]) -> str:
    """What is asked as the end of an address, without what is left open."""
    return urlencode({name: value for name, value in asked.items() if value is not None}, errors="surrogatepass")


def _form(data: bytes, name: str) -> tuple[bytes, str]:
    """A form with one file: body and content type.

    Raises:
        DataError: it is larger than the service takes.
    """
    edge = secrets.token_hex(16)
    about = f'name="file"; filename="{quote(name, safe=" .", errors=AS_BYTES)}"'
    head = f"--{edge}\r\nContent-Disposition: form-data; {about}\r\n\r\n"
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    if len(body) > MAX_BYTES:
        raise DataError(
            f"The picture has {len(body) / 1e6:.1f} MB; at most {MAX_BYTES // 1_000_000} MB can be tried. "
            "Save it smaller or as JPEG."
        )
    return body, f"multipart/form-data; boundary={edge}"


def _start(found: Service) -> None:
    """Start a service in a session of its own and wait for its address."""
    found.file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "core", "serve", str(found.run.path.absolute())]
    with open(found.log, "wb") as log:
        child = subprocess.Popen(
            [*command, "--idle", str(IDLE_SECONDS), "--state", str(found.file.absolute())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # it prints the token there
            stderr=log,
            start_new_session=True,
        )
    _children.append(child)
    until = time.monotonic() + START_SECONDS
    while not found.alive():
        if child.poll() is not None or time.monotonic() > until:
            said = found.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise RunError(f"The prediction service did not start. {said[-1] if said else 'It said nothing.'}")
        time.sleep(0.05)
