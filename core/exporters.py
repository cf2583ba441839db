"""What a run can be taken along as. A new format is one decorated function."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.any_text import AS_BYTES
from core.errors import ConfigError, RunError, unknown
from core.files import replace_atomically
from core.predict import load_model
from core.record import Run


class Exporter(NamedTuple):
    """One format."""

    title: str
    ending: str  # of the default name
    write: Callable[[Run, Path], None]  # writes to a path that does not exist yet


EXPORTERS: dict[str, Exporter] = {}
_Write = Callable[[Run, Path], None]


def exporter(name: str, title: str, ending: str) -> Callable[[_Write], _Write]:
    """Register a function as the format `name`."""

    def register(write: _Write) -> _Write:
        EXPORTERS[name] = Exporter(title, ending, write)
        return write

    return register


@exporter("keras", "The kept model, preprocessing inside, as one Keras file", ".keras")
def _keras(run: Run, out: Path) -> None:
    if not run.has_model(run.kept()):
        raise RunError(f"The run {run.name()!r} has no model yet: it is {run.state()}.")
    shutil.copyfile(run.phase_model_file(run.kept()), out)


@exporter("tf_saved_model", "The kept model as a TensorFlow SavedModel folder, for TensorFlow Serving", "-saved_model")
def _tf_saved_model(run: Run, out: Path) -> None:
    model = load_model(run, run.kept())
    import keras

    # Not `model.export`: called without `training=False`, a model that begins with Resizing runs BatchNormalization in
    # training mode, because Keras lets Resizing's own default of `training=True` reach the layers after it.
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [keras.InputSpec(shape=spec.shape, dtype=spec.dtype) for spec in model.inputs]
    archive.add_endpoint("serve", lambda x: model(x, training=False), input_signature=signature)
    archive.write_out(out, verbose=False)


@exporter("settings", "The settings, as `train --config` reads them", "-settings.json")
def _settings(run: Run, out: Path) -> None:
    replace_atomically(out, json.dumps(run.config().to_json(), indent=2).encode())


@exporter("code", "A standalone train.py that reproduces the run with TensorFlow and Keras alone", "-train.py")
def _code(run: Run, out: Path) -> None:
    from core.exports.train_script import script

    replace_atomically(out, script(run).encode("utf-8", AS_BYTES))


@exporter("report", "The report: one HTML file with charts and pictures inside, to read and to print", "-report.html")
def _report(run: Run, out: Path) -> None:
    from core.exports.report import report

    replace_atomically(out, report(run).encode("utf-8", "replace"))


@exporter("card", "A model card in Markdown", "-model-card.md")
def _card(run: Run, out: Path) -> None:
    from core.exports.model_card import card

    replace_atomically(out, card(run).encode("utf-8", "replace"))


def export(run: Run, name: str, out: str | Path | None = None) -> Path:
    """Write `run` in the format `name`; the path that was written.

    It is written beside its place and then moved there, so that a failure leaves nothing half done.

    Args:
        run: a run with a model.
        name: a key of `EXPORTERS`.
        out: where to; by default this folder, named after the run. A file there is replaced.

    Raises:
        ConfigError: the format is unknown, or a folder is in the way.
        RunError: the run has no model, or a damaged one.
    """
    if name not in EXPORTERS:
        raise ConfigError(unknown("format", name, sorted(EXPORTERS)))
    chosen = EXPORTERS[name]
    path = (Path(out) if out else Path(run.id + chosen.ending)).absolute()
    if path.is_dir():
        raise ConfigError(f"A folder is already at {str(path)!r}. Remove it, or name another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as beside:
        made = Path(beside) / path.name
        chosen.write(run, made)
        os.replace(made, path)
    return path
