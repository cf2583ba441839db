"""Texts: how they are found and become tokens, which encoder reads them, and the model that takes raw strings."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import catalog, words
from core.config import TEXT_POOLINGS, RunConfig
from core.data import text_scan, texts
from core.data.manifest import Manifest
from core.data.scan import Scan
from core.errors import ConfigError, DataError, unknown
from core.models import own_encoder
from core.models import weights as places
from core.presets import Preset

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from core.training.network import Network

NOUN = "texts"
DEFAULT_BACKBONE = "MiniLM"
TOKENIZED_AT_ONCE = 1024  # texts

_FINE = {"optimizer": "adamw", "schedule": "linear", "weight_decay": 0.01}

PRESETS: dict[str, Preset] = {
    "recommended": Preset(
        "Recommended",
        "A head on the frozen encoder, then its last three layers fine-tuned as BERT's authors did.",
        {
            "sequence_length": 64,
            "unfreeze": "blocks:3",
            "head": {"hidden_units": 256, "dropout": 0.3},
            "phase1": {"epochs": 10, "learning_rate": 1e-3},
            "phase2": {"epochs": 3, "learning_rate": 1e-4, **_FINE},
            "patience": 2,
        },
    ),
    "quick": Preset(
        "Quick look",
        "A first answer soon: short texts, the last layer only.",
        {
            "sequence_length": 32,
            "unfreeze": "blocks:1",
            "phase1": {"epochs": 6, "learning_rate": 5e-3},
            "phase2": {"epochs": 2, "learning_rate": 2e-4, **_FINE},
            "patience": 2,
        },
    ),
    "tutorial": Preset(
        "Tutorial",
        "BERT's classic recipe: the first token, dropout, all encoder layers at 2e-5.",
        {
            "sequence_length": 128,
            "unfreeze": "all",
            "head": {"pooling": "cls", "dropout": 0.1},
            "phase1": {"epochs": 3, "learning_rate": 1e-3},
            "phase2": {"epochs": 3, "learning_rate": 2e-5, **_FINE},
        },
    ),
}


def reads(data: Path) -> bool:
    """Whether a data set is of this modality: a table, or folders of `.txt` files."""
    return texts.is_text(data)


def refuse(config: RunConfig) -> None:
    """Raise ConfigError for settings that no texts could mend."""
    if config.augmentation != "off":
        raise ConfigError(
            f"Texts have no augmented copies: augmentation must be off. Received: {config.augmentation!r}."
        )
    if config.head.pooling not in TEXT_POOLINGS:
        raise ConfigError(unknown("pooling of texts", config.head.pooling, TEXT_POOLINGS))
    row = own_encoder.row_of(config)
    if row.encoder and config.sequence_length > row.encoder.positions:
        raise ConfigError(
            f"The encoder reads at most {row.encoder.positions} tokens: sequence_length must not be above. "
            f"Received: {config.sequence_length}."
        )
    if config.lora_rank >= row.head_width > 0:
        raise ConfigError(
            f"lora_rank must be below {row.head_width}, the width of an attention head of {row.key}; from there on "
            f"LoRA is no smaller than what it replaces. Received: {config.lora_rank}."
        )


def scan(
    config: RunConfig, progress: Callable[[int, int | None], None] | None = None, *, to_train: bool = True
) -> Scan:
    """What the data set of `config` holds. Raises DataError where it cannot train (or score) a classifier."""
    return text_scan.scan(config, progress=progress, to_train=to_train)


def cached(config: RunConfig) -> Scan | None:
    """An earlier scan of the data set of `config` if it still holds; None otherwise."""
    return text_scan.cached(config)


def prepare(config: RunConfig, progress: Callable[[int, int | None], None] | None = None) -> Manifest:
    """The manifest of a run: every usable text with its class, split and content hash."""
    return text_scan.manifest(config, progress=progress)


def read(paths: Sequence[str | Path], config: RunConfig) -> Iterator[str | DataError]:
    """The text of each file, in order, or why there is none."""
    for path in paths:
        try:
            yield texts.text_file(path)
        except DataError as error:
            yield error


def examples(found: Scan, config: RunConfig) -> list[str]:
    """What a model takes of every example of a scan, in order."""
    return text_scan.contents(found, config)


def recipe(config: RunConfig) -> dict[str, Any]:
    """What shapes a text before the trunk sees it; part of the feature store's key."""
    return {"sequence_length": config.sequence_length, "vocabulary": _vocabulary_digest(config)}


def base(row: catalog.Backbone, size: int, weights: str) -> "tuple[keras.Model, tuple[Any, ...]]":
    """An encoder without head, and those of its inputs that later layers read too: the padding mask."""
    from core.models.text_backbones import build_base

    return build_base(row, weights)


def build(config: RunConfig, n_classes: int) -> "Network":
    """The network of a run. Its pipeline yields token ids and padding mask, both int32 `(N, L)`."""
    import keras

    from core.models.heads import classifier, text_pooling
    from core.training.network import Network

    row = catalog.backbone(config.backbone)
    encoder, side = base(row, config.sequence_length, config.weights)
    for place, part in enumerate(p for p in encoder._flatten_layers() if hasattr(p, "seed_generator")):
        part.seed_generator.state.assign([config.seed + place, 0])  # else dropout would start from what Python drew
    pooling = text_pooling(config.head, encoder.output.shape[-1])
    return Network(
        inputs=keras.Model(encoder.inputs, encoder.inputs, name="inputs"),
        base=encoder,
        side=side,
        pooling=pooling,
        classifier=classifier(config.head, pooling.output.shape[-1], n_classes, config.seed),
        length=config.sequence_length,
    )


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
        self.lengths = masks.sum(axis=1)
        self.specs = (tf.TensorSpec((None, None), tf.int32),) * 2
        self.notes = (_truncation(counts, length),)

    def load(self, index: "tf.Tensor") -> "tuple[tuple[tf.Tensor, ...], tf.Tensor]":
        """Texts by their places in the manifest `(B,)`: `((token ids (B, L), padding mask (B, L)), ok (B,))`."""
        import tensorflow as tf

        return (tf.gather(self._ids, index), tf.gather(self._masks, index)), tf.ones_like(index, tf.bool)

    def augment(
        self, tensors: "tuple[tf.Tensor, ...]", index: "tf.Tensor", view: "tf.Tensor"
    ) -> "tuple[tf.Tensor, ...]":
        """Texts have no augmented copies: the batch itself."""
        return tensors


def servable(network: "Network", config: RunConfig, n_classes: int) -> "keras.Model":
    """The model that is saved: raw strings `(N,)` -> probabilities `(N, n_classes)`."""
    import keras

    from core.models.heads import to_probabilities
    from core.models.text_backbones import tokens

    model = tokens(catalog.backbone(config.backbone), config.weights, config.sequence_length)
    text = keras.Input((), dtype="string", name="text")
    ids, mask = model(text)
    logits = network.classifier(network.pooling([network.base([ids, mask]), mask]))
    return keras.Model(text, to_probabilities(logits, n_classes), name="thaw")


def inference(model: "keras.Model") -> Callable[[Any], np.ndarray]:
    """A function from a list of texts to probabilities float32 `(N, n_classes)`."""
    import tensorflow as tf

    run = tf.function(_cropped(model), input_signature=[tf.TensorSpec((None,), tf.string)])
    return lambda batch: run(tf.constant([t.encode("utf-8", "replace") for t in batch])).numpy()


def _cropped(model: "keras.Model") -> Callable[[Any], Any]:
    """A servable that computes no padding beyond a batch's longest text. Another maker's model is left as it is."""
    import tensorflow as tf

    from core.models.heads import to_probabilities

    parts = {layer.name: layer for layer in model.layers}
    if not {"tokens", "encoder", "pooling", "classifier"} <= set(parts):
        return lambda text: model(text, training=False)

    def run(text: Any) -> Any:
        ids, mask = parts["tokens"](text, training=False)
        longest = tf.reduce_max(tf.reduce_sum(mask, axis=1))
        ids, mask = ids[:, :longest], mask[:, :longest]  # (N, L)
        states = parts["encoder"]([ids, mask], training=False)
        logits = parts["classifier"](parts["pooling"]([states, mask], training=False), training=False)
        return to_probabilities(logits, model.output_shape[-1])

    return run


def explained(
    model: "keras.Model", manifest: Manifest, config: RunConfig, rows: Iterable[int], phase: int
) -> dict[str, Any]:
    """What each word of some texts does to their answer, by path."""
    texts, paths = text_scan.contents(manifest, config), [file.path for file in manifest.files]
    return words.look_at_all(((paths[i], texts[i]) for i in rows), inference(model), list(manifest.classes), phase)


def _truncation(counts: np.ndarray, length: int) -> str:
    """How many texts are longer than the sequence length. `counts` are tokens without the encoder's two marks."""
    share, longest = float((counts > length - 2).mean()), int(np.percentile(counts, 95)) + 2
    return (
        f"{100 * share:.1f} % of the texts are longer than {length} tokens and are cut there. "
        f"95 % of them have at most {longest} tokens."
    )


def _vocabulary_digest(config: RunConfig) -> str:
    """A key made of the tokeniser's files."""
    state = places.locate(
        catalog.backbone(config.backbone), "pretrained" if config.weights == "random" else config.weights
    )
    if state.path is None:
        return ""
    folder = state.path if state.path.is_dir() else state.path.parent
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(f for f in folder.rglob("*") if f.suffix in (".txt", ".json", ".model") and f.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()
