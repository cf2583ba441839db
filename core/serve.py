"""Predictions of one run over HTTP, on this machine only: `python -m core serve RUN`.

TensorFlow is imported by a thread after the address is known, so `GET /healthz` answers from the first second.
"""

import asyncio
import contextlib
import json
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ConfigError, RunError, ThawError
from core.prediction_service import PredictionService, as_json
from core.record import Run
from core.request_body import Refused

HOST = "127.0.0.1"
CONNECTIONS = 128
SHUTDOWN_SECONDS = 5  # for requests in hand to end


def build(
    run: Run,
    token: str,
    *,
    idle: float = 0.0,
    on_idle: Callable[[], None] = lambda: None,
    on_failed: Callable[[str], None] = lambda why: None,
) -> Starlette:
    """The web application. The model is loaded by a thread once it has started.

    Args:
        run: a run with a model.
        token: what callers must send.
        idle: seconds without a request after which `on_idle` is called, at once if the run is deleted; 0 for never.
        on_idle: ends the server.
        on_failed: is told, by that thread, why the model cannot be loaded. The server goes on and answers with that.
    """
    service = PredictionService(run, token)

    def load() -> None:
        service.load()
        if service.state == "failed":
            on_failed(service.message)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=load, daemon=True).start()
        watch = asyncio.create_task(_watch_idle(service, idle, on_idle)) if idle else None
        yield
        if watch:
            watch.cancel()

    return Starlette(
        routes=[
            Route("/predict", service.predict, methods=["POST"]),
            Route("/explain", service.explain, methods=["POST"]),
            Route("/", service.about),
            Route("/healthz", service.health),
            Route("/openapi.json", service.openapi),
        ],
        exception_handlers={Refused: _refused, HTTPException: _http, ThawError: _unavailable, Exception: _failed},
        lifespan=lifespan,
    )


async def _watch_idle(service: PredictionService, idle: float, on_idle: Callable[[], None]) -> None:
    """Wait until nobody has asked for `idle` seconds, or the run was deleted; what is in hand is finished first."""
    while service.in_hand or (time.monotonic() - service.last_request < idle and service.run.exists()):
        await asyncio.sleep(min(1.0, idle / 4))
    on_idle()


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return as_json({"error": error.message}, error.status, error.headers)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return as_json({"error": error.detail}, error.status_code, dict(error.headers or {}))


async def _unavailable(_: Request, error: Exception) -> Response:
    return as_json({"error": str(error)}, 503)


async def _failed(_: Request, error: Exception) -> Response:
    """An id that the log explains: uvicorn logs the traceback after this."""
    mark = uuid.uuid4().hex[:8]
    error.add_note(f"Answered with the error id {mark}.")
    return as_json({"error": f"The request failed. The service's log explains it under {mark}."}, 500)


def serve(
    run: Run, *, port: int = 0, idle: float = 0.0, state: Path | None = None, announce: Callable[[str], None] = print
) -> int:
    """Serve until Ctrl-C, or until idle; the exit status.

    Args:
        run: a run with a model.
        port: 0 for a free one.
        idle: seconds without a request after which it ends; 0 for never.
        state: a file, readable by this user alone, that says address and token while the service lives. Who looks there
            asks the service what became of its model; without it a model that cannot be loaded ends the service.
        announce: is told address and token.

    Raises:
        ConfigError: the port is taken.
        RunError: the run has no model, or none that can be loaded.
    """
    token, failed = secrets.token_urlsafe(24), list[str]()

    def end(why: str = "") -> None:
        failed.extend([why] if why else [])
        server.should_exit = True

    app = build(run, token, idle=idle, on_idle=end, on_failed=end if state is None else lambda why: None)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            raise ConfigError(f"Port {port} cannot be used: another program has it. Name another --port.") from None
        listener.listen(CONNECTIONS)  # who asks before the server accepts waits a moment, and is not refused
        port = listener.getsockname()[1]
        announce(f"Predictions of {run.name()} at http://{HOST}:{port}/predict\nToken: {token}\nCtrl-C ends it.")
        if state:
            write_privately(state, {"pid": os.getpid(), "port": port, "token": token, "run": str(run.path)})
        try:
            with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once it has shut down
                server.run(sockets=[listener])
        finally:
            if state:
                state.unlink(missing_ok=True)
    if failed and run.exists():  # one that was deleted meanwhile is no longer asked for
        raise RunError(failed[0])
    return 0


def write_privately(path: Path, data: dict[str, Any]) -> None:
    """Write JSON to a file that this user alone may read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(data, file)
    os.replace(beside, path)
