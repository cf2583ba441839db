"""Predictions of a finished run. Keras is imported when the first model is loaded."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from core import tasks
from core.decision import answer, of_phase
from core.errors import DataError, RunError
from core.record import Run


class Predictor:
    """The model of one phase of a run, as an inference graph. Safe to use from several threads."""

    def __init__(self, run: Run, phase: int | None = None) -> None:
        """Load a model.

        Args:
            run: a run with a model.
            phase: 1 or 2, by default the one that the run keeps.

        Raises:
            RunError: there is no such model yet, it is damaged, or it needs code that is not Keras's own.
        """
        self.run = run
        self.phase = phase or run.kept()
        self.classes, task = labels(run)
        self.task, self.config = tasks.task(task), run.config()
        self._judged: tuple[Any, Any] = (None, None)  # what changes when the figures are written anew, and they
        self._call = self.task.inference(load_model(run, self.phase))

    def predict(self, example: Any) -> np.ndarray:
        """Probabilities of one example.

        Args:
            example: pixels, uint8 (H, W, 3), RGB, of any size, as `read_pixels` gives them with the run's reading; or
                a text.

        Returns:
            float32 (C,), in the order of `classes`.
        """
        return self._call([example])[0]

    def probabilities(self, examples: Sequence[Any]) -> np.ndarray:
        """Probabilities float32 (N, C) of at most as many examples as the task takes at once."""
        return self._call(examples)

    def predict_all(self, examples: Iterable[Any]) -> Iterator[np.ndarray]:
        """Probabilities float32 (C,) of each example; as many go through the model together as the task allows."""
        rest = iter(examples)
        while batch := list(islice(rest, self.task.AT_ONCE)):
            yield from self._call(batch)

    def answer(self, probabilities: np.ndarray) -> dict[str, Any]:
        """`label`, `probability` and `probabilities`, by the run's notes as they are now."""
        kept, calibrate = self.run.kept() == self.phase, self.config.calibrate
        figures = self._figures() if calibrate or not kept else None
        return answer(probabilities, self.classes, of_phase(self.run.notes(), calibrate, figures, kept))

    def _figures(self) -> Any:
        """Those of this phase, read again when they are written anew: judging does it after the model."""
        with suppress(OSError):  # not there yet, or no longer
            file = self.run.evaluation_file(self.phase).stat()
            written = file.st_ino, file.st_mtime_ns
            if written != self._judged[0]:
                self._judged = written, self.run.evaluation(self.phase)
        return self._judged[1]

    def predict_files(self, paths: Sequence[str | Path]) -> list[dict[str, Any]]:
        """A row for each file, in the order given: `path`, `label`, `probability`, `probabilities`, `error`.

        A file that cannot be read gets its `error` and no label; the others get their answer.
        """
        return [{"path": str(path), **row} for path, row in zip(paths, self._rows_of(paths), strict=True)]

    def predict_texts(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """A row for each text, in the order given: as `predict_files`, with `text` in place of `path`."""
        if not self.task.TYPED:
            why = f"This run was trained on {self.task.NOUN}, it cannot read texts."
            return [{"text": text, **failed(why)} for text in texts]
        answers = self.predict_all(texts)
        return [{"text": text, **self.answer(p), "error": None} for text, p in zip(texts, answers, strict=True)]

    def _rows_of(self, paths: Sequence[str | Path]) -> Iterator[dict[str, Any]]:
        for example in self.task.read(paths, self.config):
            if isinstance(example, DataError):
                yield failed(str(example))
            else:
                yield {**self.answer(next(self.predict_all([example]))), "error": None}


class Predictors:
    """The models of a run by phase, each loaded when it is first asked for, and again when its file was replaced."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._loaded: dict[int, tuple[int, Predictor]] = {}  # phase -> when its file was written, the model
        self._locks = {phase: threading.Lock() for phase in (1, 2)}  # one may answer while the other is loaded

    def kept(self) -> Predictor:
        """The model that the run keeps now."""
        return self.of(self.run.kept())

    def of(self, phase: int) -> Predictor:
        """The model of a phase. One whose file has gone since still answers."""
        with self._locks[phase]:
            written, known = self._loaded.get(phase, (0, None))
            try:
                now = self.run.phase_model_file(phase).stat().st_mtime_ns
            except OSError:
                now = written
            if known is None or now != written:
                known = Predictor(self.run, phase)
                self._loaded[phase] = now, known
            return known

    def phases(self) -> list[int]:
        """The phases that have a model."""
        return [p for p in (1, 2) if p in self._loaded or self.run.has_model(p)]


def failed(error: str) -> dict[str, Any]:
    """The row of an example that got no answer."""
    return {"label": None, "probability": None, "probabilities": {}, "error": error}


def load_model(run: Run, phase: int) -> Any:
    """The Keras model of a phase, loaded in safe mode from the run's own folder.

    Raises:
        RunError: it is missing, damaged, or of code that safe mode does not load.
    """
    file = run.phase_model_file(phase)
    if not run.has_model(phase):
        raise RunError(
            f"The run {run.name()!r} has no model of phase {phase} yet: it is {run.state()}. "
            "Let it train, or resume it, until that phase has a model."
        )
    import keras

    for library in tasks.task(labels(run)[1]).LIBRARIES:
        import_module(library)
    try:
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 -- Keras raises nearly anything for a damaged archive
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RunError(
            f"The model {file.name} of the run {run.name()!r} is damaged and cannot be loaded: {reason}"
        ) from None


def labels(run: Run) -> tuple[tuple[str, ...], str]:
    """The classes in order, and the task.

    Raises:
        RunError: the run has no data yet, or a damaged list of them.
    """
    dataset = run.dataset()
    try:
        return tuple(map(str, dataset["classes"])), str(dataset["task"])  # type: ignore[index]
    except (TypeError, KeyError):
        raise RunError(f"The run {run.name()!r} has no classes: dataset.json is missing or damaged.") from None
