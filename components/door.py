"""The door for files: what sign-in keeps behind pages, it keeps behind Streamlit's routes for files too.

Streamlit asks nobody there: whoever opens a connection gets a session, and may upload into the server's memory and
read how it fares.
"""

import json
from collections.abc import Mapping

import streamlit as st
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from components import sign_in
from components.numbers import megabytes

_BEHIND = ("/_stcore/upload_file/", "/media/", "/_stcore/metrics")  # routes that Streamlit opens to everybody
_TOGETHER = 2  # times the limit of one upload that all may take


class Door:
    """Refuses uploads and files to those who may not see the pages, and uploads that are too many together."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._arriving = 0  # bytes announced by uploads that are on their way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        path = scope["path"] if scope["type"] == "http" else ""
        if not any(route in path for route in _BEHIND):
            await self._app(scope, receive, send)
        elif reason := sign_in.refusal(lambda: _signed_in(HTTPConnection(scope).cookies)):
            await PlainTextResponse(reason, 403)(scope, receive, send)
        elif scope["method"] == "PUT":
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = HTTPConnection(scope).headers.get("content-length", "")
        if not announced.isdecimal():
            await PlainTextResponse("Say how long the upload is.", 411)(scope, receive, send)
            return
        size, most = int(announced), _TOGETHER * st.get_option("server.maxUploadSize") * 2**20
        if _held() + self._arriving + size > most:
            await PlainTextResponse(_too_many(most), 413)(scope, receive, send)
            return
        self._arriving += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._arriving -= size


def _signed_in(cookies: Mapping[str, str]) -> bool:
    """Whether the cookies hold what this app signed when somebody came back from the provider."""
    try:
        known = json.loads(_get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME) or b"{}")
    except ValueError:
        return False
    return known.get("is_logged_in") is True


def _held() -> int:
    """Bytes of all uploads in memory."""
    families = runtime.get_instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for stats in families.values() for stat in stats)


def _too_many(most: int) -> str:
    return (
        f"Uploads may take {megabytes(most / 1e6)} together. Try again when others are done, "
        "or put the data into a folder that the app may read."
    )
