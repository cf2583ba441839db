"""The texts of a manifest as tensors, for training."""

from typing import TYPE_CHECKING

import numpy as np

from core import catalog
from core.config import RunConfig
from core.data import text_scan
from core.data.manifest import Manifest

if TYPE_CHECKING:
    import tensorflow as tf

TOKENIZED_AT_ONCE = 1024  # texts


class Source:
    """The texts of a manifest as tensors. All are turned into tokens at the start, which takes about 0.1 ms each."""

    def __init__(self, manifest: Manifest, config: RunConfig) -> None:
        """Read and tokenise every text."""
        import tensorflow as tf

        from core.models.text_backbones import counter, tokens

        row, length = catalog.backbone(config.backbone), config.sequence_length
        model, count = tokens(row, config.weights, length), counter(row, config.weights)
        spec = tf.TensorSpec((None,), tf.string)
        run = tf.function(lambda x: (*model(x), count(x)), input_signature=[spec])
        raw = [t.encode("utf-8", "replace") for t in text_scan.contents(manifest, config)]
        parts = [run(tf.constant(raw[i : i + TOKENIZED_AT_ONCE])) for i in range(0, len(raw), TOKENIZED_AT_ONCE)]
        ids, masks, counts = (np.concatenate([p[k].numpy() for p in parts]) for k in range(3))
        self._ids, self._masks = tf.constant(ids), tf.constant(masks)
        self.lengths: np.ndarray | None = masks.sum(axis=1)
        self.specs: tuple[tf.TensorSpec, ...] = (tf.TensorSpec((None, None), tf.int32),) * 2
        self.notes: tuple[str, ...] = (_truncation(counts, length),)

    def load(self, index: "tf.Tensor") -> "tuple[tuple[tf.Tensor, ...], tf.Tensor]":
        """Texts by their places in the manifest `(B,)`: `((token ids (B, L), padding mask (B, L)), ok (B,))`."""
        import tensorflow as tf

        return (tf.gather(self._ids, index), tf.gather(self._masks, index)), tf.ones_like(index, tf.bool)

    def augment(
        self, tensors: "tuple[tf.Tensor, ...]", index: "tf.Tensor", view: "tf.Tensor"
    ) -> "tuple[tf.Tensor, ...]":
        """Texts have no augmented copies: the batch itself."""
        return tensors


def _truncation(counts: np.ndarray, length: int) -> str:
    """How many texts are longer than the sequence length. `counts` are tokens without the encoder's two marks."""
    share, longest = float((counts > length - 2).mean()), int(np.percentile(counts, 95)) + 2
    return (
        f"{100 * share:.1f} % of the texts are longer than {length} tokens and are cut there. "
        f"95 % of them have at most {longest} tokens."
    )
