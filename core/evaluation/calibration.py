"""Whether a probability of 80 % is right 80 % of the time, and the one number that helps when it is not."""

from typing import Any

import numpy as np

BINS = 10
_TINY = 1e-30  # stands in for a probability of 0 before a logarithm


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


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature (0.05 to 20) with the lowest log loss (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar  # slow to import, and predictions need only the functions above

    def loss(log_temperature: float) -> float:
        return log_loss(apply_temperature(probabilities, float(np.exp(log_temperature))), labels)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def temperature(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> dict[str, Any] | None:
    """A temperature fitted on one half of the examples and judged on the other.

    Returns:
        `value`, `n_fit`, `n_judged`, and on the other half `ece_before`, `ece_after`, `loss_before`, `loss_after`;
        None with fewer than 20 examples.
    """
    if len(labels) < 20:
        return None
    order = np.random.default_rng(seed).permutation(len(labels))
    fit, judge = order[: len(order) // 2], order[len(order) // 2 :]
    value = fit_temperature(probabilities[fit], labels[fit])
    before, truth = probabilities[judge], labels[judge]
    after = apply_temperature(before, value)
    return {
        "value": value,
        "n_fit": len(fit),
        "n_judged": len(judge),
        "ece_before": expected_calibration_error(before, truth),
        "ece_after": expected_calibration_error(after, truth),
        "loss_before": log_loss(before, truth),
        "loss_after": log_loss(after, truth),
    }
