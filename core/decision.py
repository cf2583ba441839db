"""From probabilities to an answer, by what people decided about the run. Needs no TensorFlow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.calibration import apply_temperature


def answer(probabilities: np.ndarray, classes: Sequence[str], notes: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one example.

    Args:
        probabilities: float (C,), in the order of `classes`.
        classes: the C names.
        notes: a run's notes. `temperature` (above 0) rescales the probabilities; `threshold`
            (`{"class": name, "value": 0…1}`, two classes) decides instead of the larger probability; `abstain` (0…1)
            gives no label where the largest probability is below it. Notes that make no sense are passed over.

    Returns:
        `label` (None when abstaining), its `probability` (when abstaining, the largest), and `probabilities` by class.
    """
    temperature = _number(notes.get("temperature"))
    if temperature and temperature > 0 and temperature != 1:
        probabilities = apply_temperature(probabilities, temperature)
    index = _by_threshold(probabilities, classes, notes.get("threshold"))
    if index is None:
        index = int(probabilities.argmax())
    abstain = _number(notes.get("abstain"))
    unsure = abstain is not None and float(probabilities.max()) < abstain
    return {
        "label": None if unsure else classes[index],
        "probability": float(probabilities.max() if unsure else probabilities[index]),
        "probabilities": dict(zip(classes, map(float, probabilities), strict=True)),
    }


def temperature(notes: Mapping[str, Any], calibrate: bool, figures: Mapping[str, Any] | None) -> float | None:
    """The temperature that answers are given with, None for none.

    Args:
        notes: a run's notes; what they say, None included, comes first.
        calibrate: whether the settings ask for the temperature that was found.
        figures: those of the model's phase on held-out examples.
    """
    if "temperature" in notes or not calibrate:
        return _number(notes.get("temperature"))
    return _number(((figures or {}).get("temperature") or {}).get("value"))


def _by_threshold(probabilities: np.ndarray, classes: Sequence[str], threshold: Any) -> int | None:
    """The class that a threshold on one of two classes chooses; None where there is no such threshold."""
    if len(classes) != 2 or not isinstance(threshold, Mapping) or threshold.get("class") not in classes:
        return None
    value = _number(threshold.get("value"))
    if value is None:
        return None
    chosen = list(classes).index(threshold["class"])
    return chosen if float(probabilities[chosen]) >= value else 1 - chosen


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
