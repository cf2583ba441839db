"""The structure of every backbone as plain data, kept in files. Needs no TensorFlow.

A structure is

```
{"backbone": key, "image_size": pixels,
 "blocks": [{"name", "layers": how many, "params", "output_shape": [h, w, c]}],
 "layers": [{"name", "type", "block", "output_shape": [h, w, c], "params", "thawable": params that would train,
             "cut": whether all that comes later depends on its output alone, or on a plain sum behind it}],
 "feature_shape": [h, w, c],
 "lora": {layer: parameters that LoRA adds for each rank}}  (only where there is attention)
```

with layers in the order of `base.layers`. Those of the default sizes, and of the sizes that presets ask for, are
shipped beside this file; others are made once, by a process of their own, and kept in the cache folder.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from core import environment
from core.catalog import backbone
from core.errors import ConfigError
from core.files import read_json, replace_atomically

SHIPPED = Path(__file__).with_name("structures")
_ROOT = Path(__file__).parents[2]  # where `core` can be imported
_VERSION = 2  # of the layout above; part of the cached file's name
_LAYER_KEYS = ("name", "type", "block", "output_shape", "params", "thawable", "cut")


def block(name: str, layers: list[dict[str, Any]]) -> dict[str, Any]:
    """What a structure says of a block with these of its layers, one or more."""
    return {
        "name": name,
        "layers": len(layers),
        "params": sum(x["params"] for x in layers),
        "output_shape": layers[-1]["output_shape"],
    }


def structure(key: str, image_size: int) -> dict[str, Any] | None:
    """The structure of a backbone at a size, or None where it has not been described yet.

    Raises:
        ConfigError: there is no backbone of that name.
    """
    row = backbone(key)
    packed = read_json(_shipped(key, image_size, SHIPPED)) or read_json(_cached(row.key, image_size))
    return _unpack(packed) if packed else None


def start_describe(key: str, image_size: int) -> subprocess.Popen[bytes]:
    """Describe a backbone in a process of its own; `structure` finds the answer seconds later.

    What it prints, errors included, is in a `.log` file beside the answer.

    Raises:
        ConfigError: there is no backbone of that name, or it takes no pictures that small.
        ThawError: the answer cannot be kept; says why and what to do.
    """
    row = backbone(key)
    if image_size < row.smallest_size:
        raise ConfigError(f"{row.title} takes pictures of at least {row.smallest_size} pixels. Received: {image_size}.")
    answer = _cached(key, image_size)
    command = [sys.executable, "-m", "core.models.describe", key, str(image_size)]
    environ = {**os.environ, "THAW_CACHE_DIR": str(environment.cache_dir())}
    with environment.kept_in_cache("The output shapes cannot be worked out"):
        answer.parent.mkdir(parents=True, exist_ok=True)
        log = open(answer.with_suffix(".log"), "wb")
    with log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay a zombie
    return process


def write(described: dict[str, Any], folder: Path | None = None) -> Path:
    """Keep a structure: in `folder` as the shipped one, or in the cache folder."""
    key = described["backbone"]
    size = described["image_size"]
    path = _shipped(key, size, folder) if folder else _cached(key, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_atomically(path, _pack(described).encode("ascii"))
    return path


def _shipped(key: str, image_size: int, folder: Path) -> Path:
    own = image_size == backbone(key).default_size
    return folder / (f"{key}.json" if own else f"{key}-{image_size}.json")


def _cached(key: str, image_size: int) -> Path:
    return environment.cache_dir() / "structures" / f"{key}-{image_size}-v{_VERSION}.json"


def _pack(described: dict[str, Any]) -> str:
    """JSON with one short row a layer, its keys named once."""
    rows = [json.dumps([layer[k] for k in _LAYER_KEYS], separators=(",", ":")) for layer in described["layers"]]
    rest = {k: v for k, v in described.items() if k != "layers"} | {"layer_keys": _LAYER_KEYS}
    head = json.dumps(rest, separators=(",", ":"))
    return head[:-1] + ',"layers":[\n' + ",\n".join(rows) + "\n]}\n"


def _unpack(packed: dict[str, Any]) -> dict[str, Any]:
    layers = [dict(zip(packed["layer_keys"], row, strict=True)) for row in packed["layers"]]
    return {k: v for k, v in packed.items() if k != "layer_keys"} | {"layers": layers}
