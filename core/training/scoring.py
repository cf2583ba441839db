"""Judge the complete float32 network on examples that it did not learn from. Stored features are never used here."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from core.errors import DataError
from core.training import batches
from core.training.fitting import probabilities
from core.training.network import Network, unwrapped
from core.training.reporter import Reporter
from core.training.room import with_room

Answering = Callable[..., tuple[tf.Tensor, tf.Tensor]]  # a batch's tensors -> probabilities (N, C), features (N, F)

BATCH = 32
FEATURES_KEPT = 20_000  # examples whose features are returned: enough to look at, and never a memory full


def answering(
    network: Network,
    source: batches.Source,
    examples: int,
    n_classes: int,
    features: Callable[..., tf.Tensor] | None = None,
) -> Answering:
    """A graph of the complete network as it is now, for so many `examples` of a source.

    `features` is one of its float32 backbone with its pooling as they are now, where there is one already: a batch's
    tensors -> `(N, F)`. Making one takes seconds.
    """
    felt = features or _features(network, source, examples)
    shares = tf.function(
        lambda x: probabilities(network.classifier(x, training=False), n_classes),
        autograph=False,
        reduce_retracing=True,
    )

    def run(*tensors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = felt(*tensors)
        return shares(values), values

    return run


def score(
    answer: Answering,
    network: Network,
    source: batches.Source,
    rows: np.ndarray,
    n_classes: int,
    reporter: Reporter,
    *,
    optional: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """What the network as it is now says about some examples.

    Args:
        answer: `answering` of the network.
        network: as it is now.
        source: reads the examples.
        rows: their places in the manifest, int `(M,)`.
        n_classes: classes.
        reporter: hears how far it is.
        optional: a stop ends it.

    Returns:
        Probabilities float32 `(len(rows), n_classes)`, and the features that they are made from, float32 `(M, F)`, of
        the first rows (of `FEATURES_KEPT` at most).

    Raises:
        StopAskedError: a stop was asked for, and it is `optional`.
    """
    meanwhile = reporter.obey if optional else lambda: None
    return with_room(
        lambda batch: _pass(answer, source, rows, n_classes, network, batch, reporter, meanwhile), BATCH, reporter
    )


def _features(network: Network, source: batches.Source, examples: int) -> Callable[..., tf.Tensor]:
    """A graph of the backbone with its pooling as they are now: a batch's tensors -> `(N, F)`."""
    trunk = network.trunk(None)
    graph = network.inference(
        lambda *x: keras.tree.flatten(trunk(unwrapped(x), training=False))[0], *source.specs, examples=examples
    )
    return lambda *tensors: graph(*tensors)[0]


def _pass(
    answer: Answering,
    source: batches.Source,
    rows: np.ndarray,
    n_classes: int,
    network: Network,
    batch: int,
    reporter: Reporter,
    meanwhile: Callable[[], None],
) -> tuple[np.ndarray, np.ndarray]:
    """`score` with batches of a size."""
    kept = min(len(rows), FEATURES_KEPT)
    said = np.zeros((len(rows), n_classes), "float32")
    felt = np.zeros((kept, network.pooling.output.shape[-1]), "float32")
    done, order = 0, batches.reading_order(source.lengths, rows, FEATURES_KEPT)
    data = batches.loaded(source, rows[order], np.full(len(rows), -1), batch) if len(rows) else ()
    for (shares, features), ok in batches.passed(answer, data, meanwhile):
        if not ok.numpy().all():
            raise DataError("An example can no longer be read since the run began. Put it back, then resume.")
        places = order[done : done + len(ok)]
        said[places] = shares.numpy()
        among = places < kept
        felt[places[among]] = features.numpy()[among]
        done += len(ok)
        reporter.status(at_once=False, step=done)
    return said, felt


def unreadable(source: batches.Source, rows: np.ndarray, reporter: Reporter) -> list[int]:
    """Which of the rows cannot be decoded; a pass over the examples without the network.

    Raises:
        StopAskedError: a stop was asked for.
    """
    found: list[int] = []
    done = 0
    for _, ok in batches.loaded(source, rows, np.full(len(rows), -1), BATCH):
        found += rows[done : done + len(ok)][~ok.numpy()].tolist()
        done += len(ok)
        reporter.status(at_once=False, step=done)
        reporter.obey()
    return found
