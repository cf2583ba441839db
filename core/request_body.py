"""Reading a prediction request from a stranger: within limits, and refused in a sentence."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_BYTES = 32_000_000  # of a whole request
MAX_PARTS = 32  # of a form; one is needed
BODY_SECONDS = 20.0  # for a body to arrive

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # one line for each bad request would fill the log


class Refused(Exception):  # noqa: N818 -- an answer, not an error of ours
    """A request that gets a status and a sentence."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


@dataclass(frozen=True)
class Example:
    """What a request asks about: the bytes of a file with its name, or a text."""

    file: bytes | None = None
    name: str = ""
    text: str | None = None

    def source(self) -> dict[str, str]:
        """Where the answer's row comes from: the file's `path`, or the `text`."""
        return {"path": self.name} if self.text is None else {"text": self.text}


def check_head(request: Request) -> str:
    """The content type, once type and announced size are found to be acceptable. Nothing of the body is read.

    Raises:
        Refused: 415, 400 or 413.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("multipart/form-data", "application/json"):
        raise Refused(
            415, f"Send multipart/form-data with a `file`, or application/json with a `text`. Received: {kind!r}."
        )
    length = request.headers.get("content-length")
    if length is not None and not length.isdecimal():
        raise Refused(400, "Content-Length must be a number.")
    if length is not None and int(length) > MAX_BYTES:
        raise Refused(413, f"A request may hold {MAX_BYTES // 1_000_000} MB. Received: {int(length) / 1e6:.1f} MB.")
    return kind


async def read_example(request: Request, kind: str) -> Example:
    """The example in a request's body.

    Raises:
        Refused: 413, 408 or 422.
    """
    try:
        body = await asyncio.wait_for(_bounded(request), BODY_SECONDS)
    except TimeoutError:
        raise Refused(408, f"The request did not arrive within {BODY_SECONDS:.0f} seconds.") from None
    except ClientDisconnect:
        raise Refused(400, "The request ended early.") from None
    return _text(body) if kind == "application/json" else _file(request.headers["content-type"], body)


async def _bounded(request: Request) -> bytes:
    """The body, given up as soon as it is too large, whatever its announced length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Refused(413, f"A request may hold {MAX_BYTES // 1_000_000} MB.", {"Connection": "close"})
    return bytes(body)


def _text(body: bytes) -> Example:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(422, "The body is not JSON.") from None
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise Refused(422, 'The body must be a JSON object with a text: {"text": "…"}.')
    return Example(text=data["text"])


def _file(content_type: str, body: bytes) -> Example:
    """The one part named `file`."""
    _, options = parse_options_header(content_type)
    try:
        found = _parts(body, options[b"boundary"])
    except (KeyError, ValueError):
        raise Refused(
            422, "The form cannot be read: it is not multipart/form-data with its boundary, or is cut off."
        ) from None
    files = [(data, about) for data, about in found if about.get(b"name") == b"file" and b"filename" in about]
    if len(files) != 1:
        raise Refused(422, f"The form must have one file, in a field named `file`. Received: {len(files)}.")
    data, about = files[0]
    return Example(file=data, name=about[b"filename"].decode("utf-8", "replace"))


def _parts(body: bytes, boundary: bytes) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Content and options (`name`, `filename`) of each part, all in memory.

    Raises:
        ValueError: the form is malformed or has no end.
        Refused: 413, as soon as it has more parts than a form with a picture needs.
    """
    parts: list[tuple[bytearray, dict[bytes, bytes]]] = []
    header, value, ended = bytearray(), bytearray(), []

    def begin() -> None:
        if len(parts) == MAX_PARTS:
            raise Refused(413, f"A form may have {MAX_PARTS} parts. Send the picture alone, in a field named `file`.")
        parts.append((bytearray(), {}))

    def end_of_header() -> None:
        if header.lower() == b"content-disposition":
            parts[-1][1].update(parse_options_header(bytes(value))[1])
        header.clear()
        value.clear()

    callbacks: MultipartCallbacks = {
        "on_part_begin": begin,
        "on_header_field": lambda data, start, end: header.extend(data[start:end]),
        "on_header_value": lambda data, start, end: value.extend(data[start:end]),
        "on_header_end": end_of_header,
        "on_part_data": lambda data, start, end: parts[-1][0].extend(data[start:end]),
        "on_end": lambda: ended.append(True),
    }
    MultipartParser(boundary, callbacks).write(body)
    if not ended:
        raise ValueError("the form has no end")
    return [(bytes(data), about) for data, about in parts]
