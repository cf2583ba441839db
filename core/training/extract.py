"""Compute the frozen part once: run the trunk over all examples and keep what it says."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.training import batches
from core.training.network import Network, unwrapped
from core.training.reporter import Reporter
from core.training.room import with_room
from core.training.store import ArraySpec, Entry, FeatureStore, Writer, key_of

BATCH = 32


@dataclass(frozen=True)
class Rows:
    """Which examples to compute, and as which copy of them."""

    index: np.ndarray  # (n,) int, places in the manifest
    views: np.ndarray  # (n,) int, the augmented copy's number, -1 for the original
    contents: tuple[str, ...]  # (n,) hashes of the files
    recipe: dict[str, Any]  # what shapes the examples before the trunk: size, preprocessing, augmentation

    def digest(self) -> str:
        """A key made of contents and copies."""
        digest = hashlib.blake2b(digest_size=16)
        for content, view in zip(self.contents, self.views, strict=True):
            digest.update(f"{content}:{view}\n".encode())
        return digest.hexdigest()


class Target:
    """One stored tensor (with its side tensors): features after pooling, or the activations at a cut."""

    def __init__(self, network: Network, cut: Any | None, rows: Rows) -> None:
        """`cut` is None for the features."""
        self.cut = cut
        self.name = "features" if cut is None else cut.name
        outputs = [network.pooling.output] if cut is None else [cut, *network.side]
        self.specs = [_spec(t, network.length) for t in outputs]
        trunk = network.trunk(cut, features=cut is None)
        self.key = key_of(
            rows=rows.digest(),
            recipe=rows.recipe,
            tensors=self.name,
            specs=[[list(s.shape), s.dtype] for s in self.specs],
            structure=[_recipe_of(layer) for layer in _layers(trunk)],
            weights=_digest(trunk),
        )


@dataclass(frozen=True)
class Extracted:
    """What a pass over the examples left."""

    entries: list[Entry]  # of every target
    features: Callable[..., tf.Tensor] | None  # a batch's tensors -> features float32 (N, F); None: not computed now


def activations(
    network: Network, source: batches.Source, rows: Rows, targets: list[Target], store: FeatureStore, reporter: Reporter
) -> Extracted:
    """The stored entry of every target; what is missing is computed in one pass over the examples.

    Raises:
        StopAskedError: a stop was asked for meanwhile. Nothing half-made stays.
    """
    entries = [store.find(target.key) for target in targets]
    missing = [target for target, entry in zip(targets, entries, strict=True) if entry is None]
    if not missing:
        reporter.event("note", message="The frozen part is in the store already: nothing to compute.")
        return Extracted([entry for entry in entries if entry is not None], None)
    reporter.stage(f"Computing the frozen part once: {len(rows.index):,} examples", len(rows.index))
    run = _graph(network, source, rows, missing)
    made = iter(with_room(lambda batch: _compute(run, source, rows, missing, store, reporter, batch), BATCH, reporter))
    has_features = any(target.cut is None for target in missing)
    return Extracted([entry or next(made) for entry in entries], (lambda *x: run(*x)[0]) if has_features else None)


def _graph(
    network: Network, source: batches.Source, rows: Rows, targets: list[Target]
) -> Callable[..., list[tf.Tensor]]:
    """From a batch's tensors to those of every target, as they are stored; features first."""
    cuts = [t.cut for t in targets if t.cut is not None]
    trunk = network.trunk(cuts[0] if cuts else None, features=len(targets) > len(cuts))
    specs = [spec for target in targets for spec in target.specs]
    return network.inference(
        lambda *x: [_narrowed(t, s) for t, s in zip(_flat(trunk(unwrapped(x), training=False)), specs, strict=True)],
        *source.specs,
        examples=len(rows.index),
    )


def _compute(
    run: Callable[..., list[tf.Tensor]],
    source: batches.Source,
    rows: Rows,
    targets: list[Target],
    store: FeatureStore,
    reporter: Reporter,
    batch: int,
) -> list[Entry]:
    about = {"examples": len(rows.index), **rows.recipe}
    writers: list[Writer] = []
    try:
        for t in targets:
            writers.append(store.create(t.key, len(rows.index), t.specs, {**about, "tensors": t.name}))
        _write_all(run, batches.loaded(source, rows.index, rows.views, batch), targets, writers, reporter)
    except BaseException:
        for writer in writers:
            writer.abandon()
        raise
    return [writer.commit() for writer in writers]


def _write_all(
    run: Any, data: tf.data.Dataset, targets: list[Target], writers: list[Writer], reporter: Reporter
) -> None:
    done, began = 0, tf.timestamp()
    for outputs, ok in batches.passed(run, data):
        values = [v.numpy() for v in outputs]
        for target, writer in zip(targets, writers, strict=True):
            n = len(target.specs)
            writer.append([_filled(v, s.shape) for v, s in zip(values[:n], target.specs, strict=True)], ok.numpy())
            values = values[n:]
        done += len(ok)
        rate = done / max(1e-6, float(tf.timestamp() - began))
        total = reporter.steps
        reporter.status(
            at_once=False, step=done, images_per_second=round(rate, 1), eta_s=round((total - done) / rate, 1)
        )
        reporter.obey()


def array_specs(network: Network, cut: Any | None) -> list[ArraySpec]:
    """What one row of a target takes, without building it."""
    tensors = [network.pooling.output] if cut is None else [cut, *network.side]
    return [_spec(t, network.length) for t in tensors]


def _spec(tensor: Any, length: int) -> ArraySpec:
    """float16 for maps, float32 for vectors, and whatever it is for a mask. An open axis is stored with `length`."""
    shape = tuple(int(d or length) for d in tensor.shape[1:])
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    is_float = dtype.startswith(("float", "bfloat"))
    return ArraySpec(shape, ("float16" if len(shape) > 1 else "float32") if is_float else dtype)


def _filled(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A batch that was cropped to its longest example `(n, l, …)`, with zeros up to the stored shape `(n, L, …)`."""
    if values.shape[1:] == shape:
        return values
    whole = np.zeros((len(values), *shape), values.dtype)
    whole[:, : values.shape[1]] = values
    return whole


def _narrowed(tensor: tf.Tensor, spec: ArraySpec) -> tf.Tensor:
    """As `spec` stores it. Saturating: what float16 cannot hold becomes its largest value, never infinity."""
    return tf.saturate_cast(tensor, spec.dtype) if spec.dtype == "float16" else tf.cast(tensor, spec.dtype)


def _digest(model: keras.Model) -> str:
    """A key made of all weights' bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for weight in model.weights:
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if not isinstance(layer, (keras.Model, keras.layers.InputLayer))
    ]


def _recipe_of(layer: keras.layers.Layer) -> list[Any]:
    """What a layer computes, without its name and flags."""
    settings = {k: v for k, v in layer.get_config().items() if k not in ("name", "trainable", "dtype")}
    return [type(layer).__name__, json.dumps(settings, sort_keys=True, default=str)]


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
