"""Whether a probability of 80 % is right 80 % of the time, and the one number that helps when it is not."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

BINS = 10
_TINY = 1e-30  # stands in for a probability of 0 before a logarithm
_NEAR_ONE = 1 - 2.0**-25  # halfway from 1 to the next lower float32: stands in for a line at 1
_SPREAD = math.log(2)  # of the prior on the logarithm of a temperature: half and twice are still likely


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> list[dict[str, Any]]:
    """The reliability diagram: the most probable class, by how sure the model was.

    Args:
        probabilities: float (N, C).
        labels: int (N,).
        bins: equal slices of 0…1, each closed above.

    Returns:
        A row for each bin: `lower`, `upper`, `n`, and the mean `confidence` and `accuracy` (None in an empty bin).
    """
    confidence = probabilities.max(axis=1)  # (N,)
    right = probabilities.argmax(axis=1) == labels  # (N,)
    slot = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for k in range(bins):
        inside = slot == k
        n = int(inside.sum())
        rows.append(
            {
                "lower": k / bins,
                "upper": (k + 1) / bins,
                "n": n,
                "confidence": float(confidence[inside].mean()) if n else None,
                "accuracy": float(right[inside].mean()) if n else None,
            }
        )
    return rows


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """The mean gap between confidence and accuracy over the bins, weighted by size (Guo et al. 2017)."""
    rows = [row for row in reliability(probabilities, labels, bins) if row["n"]]
    return sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / max(1, len(labels))


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in nats, as scikit-learn's: rows scaled to 1, clipped at the float's epsilon."""
    p = probabilities / probabilities.sum(axis=1, keepdims=True)
    of_truth = p[np.arange(len(labels)), labels]  # (N,)
    return float(-np.log(np.clip(of_truth, np.finfo(p.dtype).eps, 1.0)).mean())


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities with their logits divided by `temperature`: (N, C) or (C,), same order of classes."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), _TINY)) / temperature
    scaled = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return scaled / scaled.sum(axis=-1, keepdims=True)


def moved(value: float, temperature: float) -> float:
    """Where a line on one of two classes' probabilities comes to lie when their logits are divided by `temperature`."""
    if value <= 0:
        return 0.0
    value = value if value < 1 else _NEAR_ONE
    logit = (math.log(value) - math.log1p(-value)) / temperature
    shrunk = math.exp(-min(abs(logit), 700.0))
    return min(1 / (1 + shrunk), 1 - 2.0**-53) if logit >= 0 else shrunk / (1 + shrunk)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature (0.05 to 20) with the lowest log loss (Guo et al. 2017), drawn a little towards 1.

    A few dozen examples without a mistake would ask for boundless sureness. A normal prior on the temperature's
    logarithm, log 2 wide, outweighs them and is outweighed by hundreds.
    """
    from scipy.optimize import minimize_scalar  # slow to import, and predictions need only the functions above

    def loss(log_temperature: float) -> float:
        found = log_loss(apply_temperature(probabilities, float(np.exp(log_temperature))), labels)
        return found + (log_temperature / _SPREAD) ** 2 / (2 * max(1, len(labels)))

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def usable(found: Any) -> float | None:
    """The temperature that `temperature` found, None where it raised the log loss of those that judged it."""
    if not isinstance(found, Mapping):
        return None
    value, before, after = (found.get(name) for name in ("value", "loss_before", "loss_after"))
    worse = isinstance(before, (int, float)) and isinstance(after, (int, float)) and after > before
    return None if worse or isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)


def temperature(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> dict[str, Any] | None:
    """A temperature fitted on one half of the examples and judged on the other.

    Returns:
        `value`, `n_fit`, `n_judged`, and on the other half `ece_before`, `ece_after`, `loss_before`, `loss_after`;
        None with fewer than 20 examples. Where the loss rose, `value` is 1: no temperature; `fitted` is what was tried.
    """
    if len(labels) < 20:
        return None
    order = np.random.default_rng(seed).permutation(len(labels))
    fit, judge = order[: len(order) // 2], order[len(order) // 2 :]
    fitted = fit_temperature(probabilities[fit], labels[fit])
    before, truth = probabilities[judge], labels[judge]
    after = apply_temperature(before, fitted)
    losses = log_loss(before, truth), log_loss(after, truth)
    return {
        "value": fitted if losses[1] <= losses[0] else 1.0,
        "fitted": fitted,
        "n_fit": len(fit),
        "n_judged": len(judge),
        "ece_before": expected_calibration_error(before, truth),
        "ece_after": expected_calibration_error(after, truth),
        "loss_before": losses[0],
        "loss_after": losses[1],
    }
