"""Predictions of a finished run. Keras is imported when the first model is loaded."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from core import tasks, words
from core.data.pixels import read_pixels
from core.data.reading import AS_STORED, Reading, reading
from core.decision import answer, temperature
from core.errors import ConfigError, DataError, RunError, unknown
from core.record import Run

AHEAD = 4  # pictures that are decoded while the model works
TEXTS_AT_ONCE = 32


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
        self.classes, self.task = _labels(run)
        config = run.config()
        self.reading, self._calibrate = reading(config), config.calibrate
        self._judged: Any = None
        self._call = tasks.task(self.task).inference(load_model(run, self.phase))

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Probabilities of one picture.

        Args:
            pixels: uint8 (H, W, 3), RGB, of any size, as `read_pixels` gives them with `reading`.

        Returns:
            float32 (C,), in the order of `classes`.
        """
        return self._call(pixels[None])[0]  # (1, H, W, 3) -> (1, C) -> (C,)

    def predict_text(self, text: str) -> np.ndarray:
        """Probabilities of one text, float32 (C,)."""
        return self._call([text])[0]

    def predict_all(self, examples: Iterable[Any]) -> Iterator[np.ndarray]:
        """Probabilities float32 (C,) of each example, pixels or a text; texts go through the model in batches."""
        if self.task == "image":
            yield from map(self.predict, examples)
            return
        rest = iter(examples)
        while batch := list(islice(rest, TEXTS_AT_ONCE)):
            yield from self._call(batch)

    def words(self, text: str, label: str | None = None) -> words.Words:
        """What each word of a text does to the probability of a class, by default the most probable one.

        Raises:
            ConfigError: the class is unknown.
        """
        if label is not None and label not in self.classes:
            raise ConfigError(unknown("class", label, self.classes))
        return words.look(text, self._call, list(self.classes), self.phase, label)

    def answer(self, probabilities: np.ndarray) -> dict[str, Any]:
        """`label`, `probability` and `probabilities`, by the run's notes as they are now."""
        notes = self.run.notes()
        if self._calibrate:
            notes = {**notes, "temperature": temperature(notes, True, self._figures())}
        return answer(probabilities, self.classes, notes)

    def _figures(self) -> Any:
        """Those of this phase, read once they are there: judging writes them after the model."""
        self._judged = self._judged or self.run.evaluation(self.phase)
        return self._judged

    def predict_files(self, paths: Sequence[str | Path]) -> list[dict[str, Any]]:
        """A row for each file, in the order given: `path`, `label`, `probability`, `probabilities`, `error`.

        A file that cannot be read gets its `error` and no label; the others get their answer.
        """
        return [{"path": str(path), **row} for path, row in zip(paths, self._rows_of(paths), strict=True)]

    def predict_texts(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """A row for each text, in the order given: as `predict_files`, with `text` in place of `path`."""
        if self.task != "text":
            return [
                {"text": text, **failed("This run was trained on pictures, it cannot read texts.")} for text in texts
            ]
        answers = self.predict_all(texts)
        return [{"text": text, **self.answer(p), "error": None} for text, p in zip(texts, answers, strict=True)]

    def _rows_of(self, paths: Sequence[str | Path]) -> Iterator[dict[str, Any]]:
        for example in tasks.task(self.task).read(paths, self.run.config()):
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
        return [p for p in (1, 2) if p in self._loaded or self.run.phase_model_file(p).is_file()]


def failed(error: str) -> dict[str, Any]:
    """The row of an example that got no answer."""
    return {"label": None, "probability": None, "probabilities": {}, "error": error}


def decoded(paths: Iterable[str | Path], how: Reading = AS_STORED) -> Iterator[np.ndarray | DataError]:
    """Pixels of each picture in order, or why there are none; a few are decoded ahead, by threads."""

    def read(path: str | Path) -> np.ndarray | DataError:
        try:
            return read_pixels(path, how)
        except DataError as error:
            return error

    with ThreadPoolExecutor(AHEAD) as pool:
        rest = iter(paths)
        waiting = [pool.submit(read, path) for path in islice(rest, AHEAD)]
        while waiting:
            result = waiting.pop(0).result()
            waiting += [pool.submit(read, path) for path in islice(rest, 1)]
            yield result


def load_model(run: Run, phase: int) -> Any:
    """The Keras model of a phase, loaded in safe mode from the run's own folder.

    Raises:
        RunError: it is missing, damaged, or of code that safe mode does not load.
    """
    file = run.phase_model_file(phase)
    if not file.is_file():
        raise RunError(
            f"The run {run.name()!r} has no model of phase {phase} yet: it is {run.state()}. "
            "Let it train, or resume it, until that phase has a model."
        )
    import keras

    if _labels(run)[1] == "text":
        import keras_hub  # noqa: F401 -- registers the layers of text models
    try:
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 -- Keras raises nearly anything for a damaged archive
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RunError(
            f"The model {file.name} of the run {run.name()!r} is damaged and cannot be loaded: {reason}"
        ) from None


def _labels(run: Run) -> tuple[tuple[str, ...], str]:
    """The classes in order, and the task."""
    dataset = run.dataset()
    try:
        return tuple(map(str, dataset["classes"])), str(dataset["task"])  # type: ignore[index]
    except (TypeError, KeyError):
        raise RunError(f"The run {run.name()!r} has no classes: dataset.json is missing or damaged.") from None
