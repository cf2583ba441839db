"""Compute the frozen part once: run the trunk over all examples and keep what it says."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.errors import NoRoomError
from core.models.cuts import cut_points
from core.models.recipe import recipe
from core.training import batches
from core.training.network import Network, unwrapped
from core.training.reporter import Reporter
from core.training.room import with_room
from core.training.store import ArraySpec, Entry, FeatureStore, Writer, as_stored, key_of

ONCE = "Computing the frozen part once"
FROM_STORED = "Computing the frozen part from what is stored of it"  # at an earlier cut
BATCH = 32
PASSES = 2  # at most, over examples some of which could not be read at first and can be now


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
        layer = None if cut is None else cut._keras_history.operation
        self.name = "features" if layer is None else layer.name  # for people
        outputs = [network.pooling.output] if cut is None else [cut, *network.side]
        self.specs = [_spec(t, network.length) for t in outputs]
        trunk = network.trunk(cut, features=cut is None)
        self.key = key_of(
            rows=rows.digest(),
            recipe=rows.recipe,
            specs=[[list(s.shape), s.dtype] for s in self.specs],
            trunk=recipe(trunk),
            weights=_digest(trunk),
        )


@dataclass(frozen=True)
class Extracted:
    """What a pass over the examples left."""

    entries: list[Entry | None]  # of every target; None: the store had no room for it
    features: Callable[..., tf.Tensor] | None  # a batch's tensors -> features float32 (N, F); None: not computed now


def activations(
    network: Network,
    source: batches.Source,
    rows: Rows,
    targets: list[Target],
    store: FeatureStore,
    reporter: Reporter,
    unchanged: Callable[[], None] = lambda: None,
    exact: bool = True,
) -> Extracted:
    """The stored entry of every target; what is missing is computed in one pass over the examples.

    Where only activations at a cut are missing and those at an earlier one are stored, the pass begins there and reads
    no example. A target that the store can make no room for gets none, and a note says so. After a pass `unchanged`
    raises where the examples are no longer what they were: then nothing of it is stored.

    What is `exact` is what Keras says to the bit. Folding BatchNormalization is quicker, but turns one value of eighty
    in a map to its neighbour in float16, and features by millionths: phase 2 then leads elsewhere, and nobody without
    Thaw could reproduce a run. Phase 1 comes to the same either way.

    Raises:
        StopAskedError: a stop was asked for meanwhile. Nothing half-made stays.
    """
    found = {target.key: _found(target, rows, source, store, exact) for target in targets}
    missing = [target for target in targets if found[target.key] is None]
    if targets and not missing:
        reporter.event("note", message="The frozen part is in the store already: nothing to compute.")
    features = None
    with _writers(missing, rows, store, reporter) as writers:
        made = [target for target in missing if target.key in writers]
        if made:
            n = len(rows.index)
            places = [writers[target.key] for target in made]
            earlier = _stored_before(network, made, rows, source, store)
            said = f"{FROM_STORED if earlier else ONCE}: {n:,} examples"
            reporter.stage(said, n)
            if earlier:
                start, entry = earlier
                for writer in places:
                    writer.about["from"] = start.name
                run, data = _graph_between(network, start, made), partial(_stored_batches, entry, rows, source)
            else:
                run = _graph(network, source, made, 0 if exact else n)
                if not exact and network.folds(n):
                    for writer in places:
                        writer.about["folded"] = True
                features = (lambda *x: run(*x)[0]) if any(target.cut is None for target in made) else None
                data = partial(batches.loaded, source, rows.index, rows.views)

            def once(batch: int) -> int:
                _write_all(run, data(batch), made, places, reporter)
                unchanged()
                return batch

            batch = with_room(once, BATCH, reporter)
            for _ in range(PASSES - 1):
                if not _readable_now(places[0].unreadable, rows, source):
                    break
                reporter.stage(said, n)
                batch = with_room(once, batch, reporter)
            found |= {key: writer.commit() for key, writer in writers.items()}
    _tell_origins(found.values(), reporter)
    return Extracted([found[target.key] for target in targets], features)


def _tell_origins(entries: Iterable[Entry | None], reporter: Reporter) -> None:
    """Say of each entry that was computed from stored maps, in this run or in another one, that it was."""
    for about in [entry.about for entry in entries if entry and "from" in entry.about]:
        message = f"What is stored at {about['tensors']} was computed from what was stored at {about['from']}: it is "
        reporter.event("note", message=f"{message}rounded twice.", stored_from=about["from"])


def _found(target: Target, rows: Rows, source: batches.Source, store: FeatureStore, exact: bool = True) -> Entry | None:
    """The stored entry, unless an example that could not be read for it can be read now, as when a drive is back, or it
    was computed less exactly than it is needed.
    """
    entry = store.find(target.key)
    if not entry:
        return None
    if (exact and entry.about.get("folded")) or _readable_now(sorted(entry.unreadable), rows, source):
        return None if store.forget(entry) else store.find(target.key)
    return entry


def _readable_now(lost: list[int], rows: Rows, source: batches.Source) -> bool:
    """Whether any of the rows that could not be read can be read now."""
    if not lost:
        return False
    return any(ok.numpy().any() for _, ok in batches.loaded(source, rows.index[lost], rows.views[lost], BATCH))


@contextmanager
def _writers(targets: list[Target], rows: Rows, store: FeatureStore, reporter: Reporter) -> Iterator[dict[str, Writer]]:
    """Entries in the making, by key, of the targets that there is room for. On an error nothing of them stays."""
    writers: dict[str, Writer] = {}
    config = reporter.run.config()
    about = {"examples": len(rows.index), **rows.recipe, "backbone": config.backbone, "data": Path(config.data).name}
    try:
        for t in targets:
            try:
                writers[t.key] = store.create(t.key, len(rows.index), t.specs, {**about, "tensors": t.name})
            except NoRoomError as error:
                reporter.event("note", message=f"{error} That part is computed again every epoch.")
        yield writers
    except BaseException:
        for writer in writers.values():
            writer.abandon()
        raise


def _stored_before(
    network: Network, targets: list[Target], rows: Rows, source: batches.Source, store: FeatureStore
) -> tuple[Target, Entry] | None:
    """The stored activations at the last earlier cut from which every target can be computed as well as from examples.

    Features are not: maps are stored in float16.
    """
    if any(target.cut is None for target in targets):
        return None
    known = {entry["about"].get("tensors") for entry in store.entries()}
    earlier = takewhile(lambda tensor: tensor is not targets[0].cut, cut_points(network.base, network.side))
    for cut in reversed([tensor for tensor in earlier if tensor._keras_history.operation.name in known]):
        start = Target(network, cut, rows)
        if entry := _found(start, rows, source, store):
            return start, entry
    return None


def _graph(
    network: Network, source: batches.Source, targets: list[Target], examples: int
) -> Callable[..., list[tf.Tensor]]:
    """From a batch's tensors to those of every target, as they are stored; features first. See `inference`."""
    cuts = [t.cut for t in targets if t.cut is not None]
    trunk = network.trunk(cuts[0] if cuts else None, features=len(targets) > len(cuts))
    return _as_kept(network, trunk, source.specs, targets, examples)


def _graph_between(network: Network, start: Target, targets: list[Target]) -> Callable[..., list[tf.Tensor]]:
    """The same from the stored activations of an earlier cut."""
    trunk = network.between(start.cut, targets[0].cut)
    return _as_kept(network, trunk, [tf.TensorSpec(t.shape, t.dtype) for t in trunk.inputs], targets, 0)


def _as_kept(
    network: Network, trunk: keras.Model, inputs: Sequence[tf.TensorSpec], targets: list[Target], examples: int
) -> Callable[..., list[tf.Tensor]]:
    specs = [spec for target in targets for spec in target.specs]
    return network.inference(
        lambda *x: [_narrowed(t, s) for t, s in zip(_flat(trunk(unwrapped(x), training=False)), specs, strict=True)],
        *inputs,
        examples=examples,
    )


def _stored_batches(entry: Entry, rows: Rows, source: batches.Source, batch: int) -> batches.Batches:
    """What `batches.loaded` gives of the examples, of their stored activations at a cut."""
    ok = np.ones(entry.rows, bool)
    ok[sorted(entry.unreadable)] = False
    lengths = None if source.lengths is None else source.lengths[rows.index]
    for x, readable in batches.stored(entry, np.arange(entry.rows)[None], ok, batch, lengths=lengths):
        yield tuple(_flat(x)), readable
        entry.let_go()


def _write_all(
    run: Any, data: batches.Batches, targets: list[Target], writers: list[Writer], reporter: Reporter
) -> None:
    """One pass over the examples, from its beginning."""
    for writer in writers:
        writer.begin_again()
    done, began = 0, tf.timestamp()
    for outputs, ok in batches.passed(run, data, reporter.obey):
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


def array_specs(network: Network, cut: Any | None) -> list[ArraySpec]:
    """What one row of a target takes, without building it."""
    tensors = [network.pooling.output] if cut is None else [cut, *network.side]
    return [_spec(t, network.length) for t in tensors]


def _spec(tensor: Any, length: int) -> ArraySpec:
    """How a tensor is stored; an open axis with `length`."""
    shape = tuple(int(d or length) for d in tensor.shape[1:])
    return as_stored(shape, keras.backend.standardize_dtype(tensor.dtype))


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


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
