"""Text encoders of the catalogue as functional Keras models, and the tokenisers that belong to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub

from core.catalog import Backbone
from core.errors import WeightsError
from core.models import fetch_preset
from core.models import weights as places


def build_base(row: Backbone, weights: str = "pretrained") -> tuple[keras.Model, tuple[Any, ...]]:
    """An encoder without head and pooler.

    Args:
        row: a row of the catalogue.
        weights: `pretrained`, `random`, or a folder in the format of KerasHub or of Hugging Face.

    Returns:
        A functional model from token ids `(N, L)` and padding mask `(N, L)`, int32, 1 for a token and 0 for padding,
        to hidden states `(N, L, width)`; and the mask, which every encoder layer reads. L is open.

    Raises:
        WeightsError: the weights cannot be had, are damaged, or are of another kind of network.
    """
    encoder = _random(row) if weights == "random" else _loaded(row, folder(row, weights))
    ids = keras.Input((None,), dtype="int32", name="token_ids")
    mask = keras.Input((None,), dtype="int32", name="padding_mask")
    feed = {"token_ids": ids, "padding_mask": mask}
    expected = set(encoder.input) if isinstance(encoder.input, dict) else set()
    if not set(feed) <= expected <= {*feed, "segment_ids"}:
        raise WeightsError(f"{row.title} must be an encoder of BERT's kind. Received: {type(encoder).__name__}.")
    if "segment_ids" in expected:
        feed["segment_ids"] = keras.ops.zeros_like(ids)
    # Layer by layer, instead of as a call of the encoder: the new graph then holds its layers, not the encoder as one.
    states = encoder._run_through_graph([feed[t.name] for t in encoder.inputs], lambda operation: operation)
    if isinstance(states, dict):
        states = states["sequence_output"]
    return keras.Model([ids, mask], states, name="encoder"), (mask,)


def tokens(row: Backbone, weights: str, length: int) -> keras.Model:
    """Raw strings `(N,)` -> token ids and padding mask, both int32 `(N, length)`.

    Longer texts are cut; the first and the last token are the encoder's own marks. Made of KerasHub's tokeniser and
    Keras's operations, so that it works eagerly, in graphs, and after loading in safe mode.

    Raises:
        WeightsError: there is no tokeniser where the weights are.
    """
    tokenizer = _tokenizer(row, weights)
    tokenizer.sequence_length = length - 2
    moved = _pad_first(tokenizer)
    ops, text = keras.ops, keras.Input((), dtype="string", name="text")
    ids = tokenizer(text)  # (N, length - 2)
    filled = _filled(ids, tokenizer.pad_token_id)
    mask = ops.pad(filled, [[0, 0], [2, 0]], constant_values=1)  # (N, length): the two marks count
    inner = ops.pad(filled, [[0, 0], [1, 1]])
    start = ops.pad(ops.zeros_like(ops.pad(filled, [[0, 0], [1, 0]])), [[0, 0], [1, 0]], constant_values=1)
    end = mask - inner - start
    marks = tokenizer.start_token_id * start + tokenizer.end_token_id * end + tokenizer.pad_token_id * (1 - mask)
    ids = ops.pad(ids * filled, [[0, 0], [1, 1]]) + marks
    if moved:
        ids += moved * (ops.cast(ops.equal(ids, 0), "int32") - ops.cast(ops.equal(ids, moved), "int32"))
    return keras.Model(text, [ids, mask], name="tokens")


def _filled(ids: Any, pad: int) -> Any:
    """1 up to the last token of a text and 0 after it, int32 `(N, L)`.

    KerasHub fills with 0 in graphs and, of some tokenisers, with their own `pad` elsewhere. RoBERTa has `<s>` at 0,
    which like `<pad>` may be written in a text, so only what nothing else follows is padding.
    """
    ops = keras.ops
    other = ops.cast(ops.logical_and(ops.not_equal(ids, 0), ops.not_equal(ids, pad)), "int32")
    return ops.cast(ops.greater(ops.flip(ops.cumsum(ops.flip(other, 1), 1), 1), 0), "int32")


def _pad_first(tokenizer: Any) -> int:
    """Have a WordPiece tokeniser give 0 to its padding alone, and say which id it had.

    KerasHub fills with 0 whatever stands there in the vocabulary: where that is a word, or the unknown one, it changes
    places with the padding's, and the two ids are to be changed back.
    """
    pad = int(tokenizer.pad_token_id)
    if pad and isinstance(tokenizer, keras_hub.tokenizers.WordPieceTokenizer):
        known = list(tokenizer.get_vocabulary())
        known[0], known[pad] = known[pad], known[0]
        tokenizer.set_vocabulary(known)
        return pad
    return 0


def counter(row: Backbone, weights: str) -> Callable[[Any], Any]:
    """Raw strings `(N,)` -> how many tokens each has without the encoder's two marks, int64 `(N,)`; in a graph only.

    Raises:
        WeightsError: as for `tokens`.
    """
    tokenizer = _tokenizer(row, weights)
    return lambda text: tokenizer(text).row_lengths()


def folder(row: Backbone, weights: str) -> Path:
    """The folder with the encoder's configuration, weights and vocabulary; a preset is downloaded first.

    Raises:
        WeightsError: it cannot be had. Says what to put where, within 15 seconds of the last byte received.
    """
    state = places.locate(row, "pretrained" if weights == "random" else weights)
    if state.state == places.DOWNLOAD:
        return _download(row)
    if state.path is None or state.state == places.MISSING:
        raise WeightsError(state.message)
    return state.path if state.path.is_dir() else state.path.parent


def _random(row: Backbone) -> Any:
    assert row.encoder is not None
    e = row.encoder
    build = getattr(keras_hub.models, f"{e.family}Backbone")
    return build(e.vocabulary, e.layers, e.heads, e.width, e.hidden, max_sequence_length=e.positions)


def _loaded(row: Backbone, path: Path) -> Any:
    try:
        return keras_hub.models.Backbone.from_preset(str(path))
    except Exception as error:  # noqa: BLE001 -- KerasHub raises nearly anything for a folder that it cannot read
        raise WeightsError(_unusable(row, path, error)) from None


def _tokenizer(row: Backbone, weights: str) -> Any:
    path = folder(row, weights)
    try:
        tokenizer = keras_hub.tokenizers.Tokenizer.from_preset(str(path))
    except Exception as error:  # noqa: BLE001 -- as above
        raise WeightsError(_unusable(row, path, error)) from None
    if (path / "tokenizer_config.json").is_file() and getattr(tokenizer, "lowercase", False):
        tokenizer.strip_accents = True  # as Hugging Face's lower-casing BERT does; its converter forgets
    return tokenizer


def _unusable(row: Backbone, path: Path, error: Exception) -> str:
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return (
        f"The folder {str(path)!r} holds no weights for {row.title} that can be used: {reason} "
        "It must be a KerasHub preset (config.json, model.weights.h5, tokenizer.json, assets/) or a Hugging Face "
        "folder (config.json, model.safetensors, tokenizer.json, vocab.txt)."
    )


def _download(row: Backbone) -> Path:
    """Fetch a preset through Kaggle's client, which keeps it in its cache."""
    here, cache = places.preset_folders(row)
    try:
        return fetch_preset.fetch(places.preset_handle(row), cache)
    except OSError as error:
        raise WeightsError(
            f"The pretrained weights of {row.title} are not on this machine and could not be downloaded ({error}). "
            f"Put config.json, {row.weights_file}, tokenizer.json and the folder assets of the preset into {here}; "
            f"they are published at {row.weights_url}. Or start again later: what has arrived is kept. "
            "Or choose MiniLM, or give --weights FOLDER."
        ) from None
