"""Score the kept model of a run on another labelled data set."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.data.scan import Scan
from core.errors import DataError
from core.evaluation.metrics import figures
from core.evaluation.shift import against
from core.predict import Predictor
from core.record import Run

_NO_ANSWER = ("unreadable", "unsupported", "empty", "unlabelled", "too_large", "permission", "link")


def evaluate(run: Run, data: str | Path) -> dict[str, Any]:
    """Figures of the kept model on every usable example of another data set, whatever split it lies in.

    Args:
        run: a run with a model.
        data: a folder or table whose classes bear names of the run's classes; all but one may be missing.

    Returns:
        The keys of `evaluation/phaseN.json`: `phase`, `epochs`, `best_epoch` and `seconds` are the model's own, and
        what other data cannot tell, as `split` or what phase 2 changed, is None. Beside them `data`, `left_out`: files
        without an answer, `own`: whether these are the data that the run was trained on, and `against`: how the figures
        differ from those on the run's own test or held-out examples, None where these are not known or the data are
        its own.

    Raises:
        DataError: the folder cannot be used, or has a class that the run does not know.
        RunError: the run has no model.
    """
    config, predictor = run.config().replace(data=str(data)), Predictor(run)
    task = predictor.task
    found = task.scan(config, to_train=False)
    labels = _labels_for(found, predictor.classes)
    truth, left_out = [], [problem.path for problem in found.problems if problem.kind in _NO_ANSWER]

    def readable() -> Iterator[Any]:
        for file, label, example in zip(found.files, labels, task.examples(found, config), strict=True):
            if isinstance(example, DataError):
                left_out.append(file.path)
            else:
                truth.append(label)
                yield example

    rows = list(predictor.predict_all(readable()))
    if not rows:
        raise DataError(f"None of the {task.NOUN} in {str(data)!r} could be read.")
    result = figures(np.stack(rows), np.array(truth), predictor.classes)
    own = _overlap(Path(data).resolve(), Path(run.config().data).resolve())
    known = run.evaluation(predictor.phase) or {}
    return {
        **dict.fromkeys(known),
        "split": None,
        **result,
        **{key: known.get(key) for key in ("epochs", "best_epoch", "seconds")},
        "phase": predictor.phase,
        "data": str(data),
        "left_out": left_out,
        "own": own,
        "against": None if own else against(known, result, task.NOUN),
    }


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _quoted(names: Sequence[str]) -> str:
    """The first ten of the names."""
    return ", ".join(map(repr, names[:10]))


def _labels_for(found: Scan, classes: tuple[str, ...]) -> list[int]:
    """Each file's label as an index into the run's own classes."""
    strange = sorted(set(found.classes) - set(classes))
    if strange:
        raise DataError(
            f"The data has classes that the run does not know: {_quoted(strange)}. Its classes are: {_quoted(classes)}."
        )
    return [classes.index(found.classes[file.label]) for file in found.files]
