"""Score the kept model of a run on another labelled folder."""

from pathlib import Path
from typing import Any

import numpy as np

from core.data.scan import Scan, scan
from core.errors import DataError
from core.evaluation.metrics import figures
from core.predict import Predictor, decoded
from core.record import Run


def evaluate(run: Run, data: str | Path) -> dict[str, Any]:
    """Figures of the kept model on every usable picture of a folder, whatever split it lies in.

    Args:
        run: a run with a model.
        data: a folder whose class folders bear names of the run's classes; some may be missing.

    Returns:
        The keys of `evaluation/phaseN.json`, with `phase`, `data`, and `left_out`: files without an answer.

    Raises:
        DataError: the folder cannot be used, or has a class that the run does not know.
        RunError: the run has no model.
    """
    found = scan(data)
    predictor = Predictor(run)
    labels = _labels_for(found, predictor.classes)
    rows, truth, left_out = [], [], [problem.path for problem in found.problems if problem.kind == "unreadable"]
    paths = [Path(found.root) / file.path for file in found.files]
    for file, label, pixels in zip(found.files, labels, decoded(paths), strict=True):
        if isinstance(pixels, DataError):
            left_out.append(file.path)
        else:
            rows.append(predictor.predict(pixels))
            truth.append(label)
    if not rows:
        raise DataError(f"No picture in {str(data)!r} could be read.")
    result = figures(np.stack(rows), np.array(truth), predictor.classes)
    return {**result, "phase": predictor.phase, "data": str(data), "left_out": left_out}


def _labels_for(found: Scan, classes: tuple[str, ...]) -> list[int]:
    """Each file's label as an index into the run's own classes."""
    strange = sorted(set(found.classes) - set(classes))
    if strange:
        raise DataError(
            f"The data has classes that the run does not know: {', '.join(strange[:10])}. "
            f"Its classes are: {', '.join(classes[:10])}."
        )
    return [classes.index(found.classes[file.label]) for file in found.files]
