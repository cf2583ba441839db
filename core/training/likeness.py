"""What `insight.json` says: which examples resemble which, and whose labels that makes doubtful."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation import label_errors, neighbours
from core.training.examples import Examples

MOST_SUSPECTS = 200  # kept of the labels that look wrong
TOLD = 4  # classes that are kept of a training example's probabilities, the likeliest first


@dataclass(frozen=True)
class Felt:
    """Examples that the frozen network has looked at, by their place in the manifest, with their features."""

    judged: np.ndarray  # int (M,), held out and test
    of_judged: np.ndarray  # float32 (M, F)
    training: np.ndarray  # int (N,)
    of_training: np.ndarray  # float32 (N, F)
    values: np.ndarray  # float32 (M + N, K), principal components of both
    shown: np.ndarray  # int, those of `training` that the map shows


def likeness(examples: Examples, felt: Felt) -> dict[str, Any]:
    """`neighbours` of held-out and test examples, `label_errors`, and both for training examples in `learned_from`.

    Training examples that can be opened are those on the map and those whose label is doubted. Their probabilities
    are a head's that has not seen them: the network's own, of what it learned from, would say little.
    """
    rows = np.concatenate([felt.judged, felt.training])
    usable = np.isin(rows, examples.rows("train", "validation"))
    rows, values, labels = rows[usable], felt.values[usable], examples.labels[rows[usable]]
    p = label_errors.out_of_fold(values, labels, examples.config.seed)
    p = p if p is not None and p.shape[1] == examples.n_classes else None
    doubted = [] if p is None else label_errors.suspects(p, labels)
    kept = rows[[s.row for s in doubted[:MOST_SUSPECTS]]] if doubted else rows[:0]
    opened = np.flatnonzero(np.isin(felt.training, np.concatenate([felt.shown, kept])))
    shares = None if p is None else p[np.isin(rows, felt.training)][opened]
    return {
        "label_errors": None if p is None else _label_errors(examples, rows, p, doubted),
        "neighbours": _neighbours(examples, felt),
        "learned_from": _learned_from(examples, felt, opened, shares),
    }


def _label_errors(
    examples: Examples, rows: np.ndarray, p: np.ndarray, doubted: list[label_errors.Suspect]
) -> dict[str, Any]:
    """Labels of training and held-out examples that a head on the other examples' features does not believe."""
    labels, classes, files = examples.labels[rows], examples.manifest.classes, examples.place(rows)
    return {
        "n": len(rows),
        "accuracy": float((p.argmax(axis=1) == labels).mean()),
        "found": len(doubted),
        "rows": [
            {
                "file": files[s.row],
                "label": classes[labels[s.row]],
                "suggested": classes[s.suggested],
                "p_given": round(s.p_given, 4),
                "p_suggested": round(s.p_suggested, 4),
            }
            for s in doubted[:MOST_SUSPECTS]
        ],
    }


def _neighbours(examples: Examples, felt: Felt) -> dict[str, Any]:
    rows, similarity = neighbours.nearest(felt.of_judged, felt.of_training)
    places = np.array(examples.place(felt.training))
    return {
        "files": examples.place(felt.judged),
        "searched": len(felt.training),
        "nearest": places[rows].tolist(),
        "similarity": similarity.round(4).tolist(),
    }


def _learned_from(examples: Examples, felt: Felt, opened: np.ndarray, shares: np.ndarray | None) -> dict[str, Any]:
    """The nearest others of `opened`, int places within `felt.training`, and its likeliest classes if they are known.

    `shares` are float (len(opened), C), or None.
    """
    rows, similarity = neighbours.nearest_others(opened, felt.of_training)
    places = np.array(examples.place(felt.training))
    found = {
        "files": places[opened].tolist(),
        "nearest": places[rows].tolist(),
        "similarity": similarity.round(4).tolist(),
    }
    if shares is None:
        return found
    likeliest = np.argsort(-shares, axis=1, kind="stable")[:, :TOLD]
    told = np.take_along_axis(shares, likeliest, axis=1).round(4)
    return {**found, "classes": likeliest.tolist(), "shares": told.tolist()}
