"""From probabilities to an answer, by what people decided about the run. Needs no TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.calibration import apply_temperature, usable

Line = tuple[int, float]  # a class, and the probability from which on it is the answer
NONE = -1  # the answer where there is none


def chosen(probabilities: np.ndarray, line: Line | None = None, share: float = 0.0) -> np.ndarray:
    """The answer to each example, int (N,): what predictions, cards and titles all go by.

    Args:
        probabilities: float (N, C).
        line: calls everything from it on by its class, and the rest by the most probable of the others; None for the
            most probable class.
        share: the answer is NONE where even the largest probability is below it.
    """
    answers = probabilities.argmax(axis=1)
    if line is not None:
        place, value = line
        others = np.where(np.arange(probabilities.shape[1]) == place, -1.0, probabilities)  # (N, C)
        answers = np.where(probabilities[:, place] >= value, place, others.argmax(axis=1))
    return np.where(probabilities.max(axis=1) < share, NONE, answers)


def answer(probabilities: np.ndarray, classes: Sequence[str], notes: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one example.

    Args:
        probabilities: float (C,), in the order of `classes`.
        classes: the C names.
        notes: a run's notes. `temperature` (above 0) rescales the probabilities; `threshold` draws a line (see
            `drawn`); `abstain` (0…1) gives no label where the largest probability is below it. Notes that make no sense
            are passed over.

    Returns:
        `label` (None when abstaining), its `probability` (when abstaining, the largest), and `probabilities` by class.
    """
    probabilities = probabilities.astype(np.float64)  # a line between two float32 is not rounded to one of them
    temperature = _number(notes.get("temperature"))
    if temperature and temperature > 0 and temperature != 1:
        probabilities = apply_temperature(probabilities, temperature)
    index = int(chosen(probabilities[None], drawn(classes, notes), least_sure(notes))[0])
    unsure = index == NONE
    return {
        "label": None if unsure else classes[index],
        "probability": float(probabilities.max() if unsure else probabilities[index]),
        "probabilities": dict(zip(classes, map(float, probabilities), strict=True)),
    }


def drawn(classes: Sequence[str], notes: Mapping[str, Any]) -> Line | None:
    """The line that people drew to set one class apart from the other or all others; None where there is none.

    It is `threshold` of a run's notes: `{"class": name, "value": 0…1}`.
    """
    threshold = notes.get("threshold")
    if not isinstance(threshold, Mapping) or threshold.get("class") not in classes:
        return None
    value = _number(threshold.get("value"))
    return (list(classes).index(threshold["class"]), value) if value is not None and 0 <= value <= 1 else None


def least_sure(notes: Mapping[str, Any]) -> float:
    """The share below which people want no answer: `abstain` of a run's notes; 0 for none."""
    share = _number(notes.get("abstain"))
    return share if share is not None and share > 0 else 0.0


def temperature(
    notes: Mapping[str, Any], calibrate: bool, figures: Mapping[str, Any] | None, kept: bool = True
) -> float | None:
    """The temperature that answers are given with, None for none.

    Args:
        notes: a run's notes; what they say, None included, comes first.
        calibrate: whether the settings ask for the temperature that was found; one that helped no others is not used.
        figures: those of the model's phase on held-out examples.
        kept: whether it is the kept model, which the noted temperature was fitted for; another one has its own.
    """
    noted = "temperature" in notes
    if kept and (noted or not calibrate):
        return _number(notes.get("temperature"))
    on = _number(notes["temperature"]) if noted else calibrate
    return _number(usable((figures or {}).get("temperature"))) if on else None


def of_phase(
    notes: Mapping[str, Any], calibrate: bool, figures: Mapping[str, Any] | None, kept: bool
) -> dict[str, Any]:
    """What the model of a phase answers by, as `answer` takes it; the arguments are `temperature`'s.

    A line and a share were chosen on the kept model's probabilities and say nothing of another's.
    """
    own = dict(notes) if kept else {}
    return {**own, "temperature": temperature(notes, calibrate, figures, kept)}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
