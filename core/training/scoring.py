"""Judge the complete float32 network on examples that it did not learn from. Stored features are never used here."""

import numpy as np

from core.models.freeze import frozen
from core.training import batches
from core.training.fitting import probabilities
from core.training.network import Network
from core.training.reporter import Reporter

BATCH = 32


def score(network: Network, source: batches.Source, rows: np.ndarray, n_classes: int, reporter: Reporter) -> np.ndarray:
    """Probabilities `(len(rows), n_classes)` float32, from the network as it is now."""
    complete = network.complete()
    run = frozen(lambda *x: probabilities(complete(list(x), training=False), n_classes), *source.specs)
    parts = []
    for tensors, _ in batches.loaded(source, rows, np.full(len(rows), -1), BATCH):
        parts.append(run(*tensors)[0].numpy())
        reporter.status(at_once=False, step=sum(map(len, parts)))
    return np.concatenate(parts) if parts else np.zeros((0, n_classes), "float32")


def unreadable(source: batches.Source, rows: np.ndarray, reporter: Reporter) -> list[int]:
    """Which of the rows cannot be decoded; a pass over the examples without the network."""
    found: list[int] = []
    done = 0
    for _, ok in batches.loaded(source, rows, np.full(len(rows), -1), BATCH):
        found += rows[done : done + len(ok)][~ok.numpy()].tolist()
        done += len(ok)
        reporter.status(at_once=False, step=done)
    return found
