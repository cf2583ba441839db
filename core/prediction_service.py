"""The endpoints of the prediction service, and what they refuse."""

import hmac
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import Response

from core import tasks
from core.errors import ConfigError, DataError, RunError, TooLargeError
from core.explain_request import Asked
from core.openapi import document
from core.predict import Predictor, Predictors
from core.record import Run
from core.request_body import Example, Refused, check_head, read_example
from core.strict_json import strict_json

AT_ONCE = 2  # requests that are decoded and answered at the same time
IN_HAND = 32  # requests accepted; the next one is told to try again
LOAD_SECONDS = 60.0  # that a request waits for the model


class PredictionService:
    """The endpoints of one run and their state."""

    def __init__(self, run: Run, token: str) -> None:
        """`run` must have classes.

        Raises:
            RunError: its manifest is missing or damaged, or it has no model.
        """
        self.run, self.token = run, token
        dataset = run.dataset()
        self.predictors = Predictors(run)
        if not isinstance(dataset, dict) or not self.predictors.phases():
            raise RunError(f"The run {run.name()!r} has no model to serve: it is {run.state()}.")
        self.classes, self.task = [str(name) for name in dataset["classes"]], str(dataset["task"])
        self._modality = tasks.task(self.task)
        self._explain = self._modality.explainer(self.predictors)
        self.state, self.message = "loading", "Loading the model"
        self.in_hand = 0
        self.last_request = time.monotonic()
        self._slots = anyio.CapacityLimiter(AT_ONCE)

    def load(self) -> None:
        """Load every phase's model, the kept one first, and let each answer once."""
        try:
            kept = self.predictors.kept()
            _warm(kept)
            self.state, self.message = "ready", ""
            for phase in self.predictors.phases():
                if phase != kept.phase:
                    _warm(self.predictors.of(phase))
        except Exception as error:  # noqa: BLE001 -- whatever it is, the service goes on and says so
            if self.state != "ready":
                self.state, self.message = "failed", str(error) or type(error).__name__

    async def predict(self, request: Request) -> Response:
        """`POST /predict`: one row of `python -m core predict`."""
        self._admit(request)
        phases = request.query_params.get("phases", "kept")
        if phases not in ("kept", "both"):
            raise Refused(422, f"phases must be kept or both. Received: {phases!r}.")
        return as_json(await self._answered(request, lambda example: self.answer(example, phases == "both")))

    async def explain(self, request: Request) -> Response:
        """`POST /explain`: what in an example speaks for a class, as numbers or as a picture."""
        self._admit(request)
        asked = Asked.of(request.query_params, self._modality.EXPLAINING)
        return await self._answered(request, lambda example: self.explanation(example, asked))

    async def _answered(self, request: Request, answer: Callable[[Example], Any]) -> Any:
        """What `answer`, in a thread, makes of the example in the request."""
        kind = check_head(request)
        if self.in_hand >= IN_HAND:
            raise Refused(429, "Too many requests at once. Try again in a second.", {"Retry-After": "1"})
        self.in_hand += 1
        try:
            await self._loaded()
            example = await read_example(request, kind)
            return await anyio.to_thread.run_sync(answer, example, limiter=self._slots)
        finally:
            self.in_hand -= 1
            self.last_request = time.monotonic()

    async def _loaded(self) -> None:
        """Wait for the model: who asks as soon as the address is known shall get an answer.

        Raises:
            Refused: 503, the model cannot be loaded, or not in time.
        """
        with anyio.move_on_after(LOAD_SECONDS):
            while self.state == "loading":
                await anyio.sleep(0.05)
        if self.state != "ready":
            raise Refused(503, self.message, {"Retry-After": "2"})

    def answer(self, example: Example, both: bool) -> dict[str, Any]:
        """The row for one example; runs in a thread.

        Raises:
            Refused: 422 for what cannot be read, 413 for what is too large.
            RunError: the model cannot be loaded any more.
        """
        content = self._content(example)
        kept = self.predictors.kept()
        row: dict[str, Any] = {**example.source(), **_answer(kept, content), "error": None}
        if both:
            models = {phase: self.predictors.of(phase) for phase in self.predictors.phases()}
            row["phases"] = {str(phase): _answer(model, content) for phase, model in models.items()}
        return row

    def explanation(self, example: Example, asked: Asked) -> Response:
        """What speaks for a class in one example; runs in a thread.

        Raises:
            Refused: 422 for what cannot be read or explained, and for a class that there is not, 413 for too large.
        """
        content, phase = self._content(example), asked.phase or self.run.kept()
        try:
            found = self._explain(content, asked.label, asked.method, phase)
        except ConfigError as error:
            raise Refused(422, str(error)) from None
        said, draw = found.to_json(), self._modality.EXPLAINING.draw
        if draw is None or asked.format == "json":
            return as_json(said)
        about = {name: quote(str(value)) for name, value in said.items() if not isinstance(value, list)}
        headers = {f"X-Thaw-{name.capitalize()}": value for name, value in about.items()}
        return Response(draw(content, found), 200, headers, "image/png")

    async def about(self, request: Request) -> Response:
        """`GET /`: what the model knows and takes."""
        self._admit(request)
        return as_json(
            {
                "run_id": self.run.id,
                "run_dir": str(self.run.path),
                "name": self.run.name(),
                "task": self.task,
                "classes": self.classes,
                "phases": self.predictors.phases(),
                "kept": self.run.kept(),
                "input": self._modality.SENT_AS,
            }
        )

    async def health(self, _: Request) -> Response:
        """`GET /healthz`: 200 once it can answer. Needs no token and tells nothing of the run."""
        return as_json({"status": self.state, "message": self.message}, 200 if self.state == "ready" else 503)

    async def openapi(self, _: Request) -> Response:
        """`GET /openapi.json`: how to ask."""
        return as_json(document(self.task))

    def _admit(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self.token.encode()):
            raise Refused(401, "Send the header `Authorization: Bearer TOKEN`.", {"WWW-Authenticate": "Bearer"})
        self.last_request = time.monotonic()

    def _content(self, example: Example) -> Any:
        """What the model takes of an example: pixels, or a text."""
        sent = example.text if self._modality.TYPED else example.file
        if sent is None:
            raise Refused(422, f"This run answers for {self._modality.NOUN}.")
        try:
            return self._modality.received(sent, self.predictors.kept().config)
        except TooLargeError as error:
            raise Refused(413, str(error)) from None
        except DataError as error:
            raise Refused(422, str(error)) from None


def _answer(model: Predictor, content: Any) -> dict[str, Any]:
    return model.answer(model.predict(content))


def _warm(predictor: Predictor) -> None:
    """The first answer is slow; give it to nobody."""
    predictor.predict(predictor.task.blank())


def as_json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response of plain data."""
    return Response(strict_json(data), status, headers, "application/json")
