"""Where a line and a share come to lie when the temperature changes, so that they go on to divide as they did."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core import decision
from core.evaluation import calibration, thresholds


def moved_along(
    notes: Mapping[str, Any],
    classes: Sequence[str],
    probabilities: np.ndarray,
    labels: np.ndarray,
    now: float | None,
    then: float | None,
) -> dict[str, Any]:
    """What to note with the temperature `then` in place of `now`: `threshold` and `abstain`, where there are any.

    Args:
        notes: a run's, with the line on `classes` and the share as they lie now.
        classes: the C names, in order.
        probabilities: float (N, C) of held-out examples, at no temperature.
        labels: int (N,).
        now: None for no temperature.
        then: None for no temperature.
    """
    before, after = (calibration.apply_temperature(probabilities, t or 1.0) for t in (now, then))
    ratio = (then or 1.0) / (now or 1.0)
    changes: dict[str, Any] = {}
    if line := decision.drawn(classes, notes):
        place, value = line
        was = notes["threshold"].get("was")
        if isinstance(was, Mapping) and was.get("temperature") == then and "value" in was:
            changes["threshold"] = {"class": classes[place], "value": was["value"]}  # back, it is what it was
        else:
            guess = calibration.moved(value, ratio)
            new = thresholds.carried(before[:, place], after[:, place], labels == place, value, guess)
            kept = {"temperature": now, "value": value}
            changes["threshold"] = {"class": classes[place], "value": new, "was": kept}
    if share := decision.least_sure(notes):
        # Of several classes a temperature may change who is surer: then as many get an answer as did.
        everyone, guess = np.ones(len(labels), bool), round(calibration.moved(share, ratio), 12)
        changes["abstain"] = thresholds.carried(before.max(axis=1), after.max(axis=1), everyone, share, guess)
    return changes
