"""Labels that people put right and examples that they set aside: notes beside a run, never a change to their data.

In `notes.json`, `corrections` maps a path relative to the data to `{"label": class}` or `{"exclude": true}`. A run that
is trained with corrections keeps its own copy of them, so it stays explained when the earlier run is gone.
"""

import dataclasses
from typing import Any

import numpy as np

from core.data.manifest import Manifest
from core.errors import ConfigError, RunError, unknown
from core.record import Run

Corrections = dict[str, dict[str, Any]]


def noted(run: Run) -> Corrections:
    """The corrections that people have noted beside a run and that make sense."""
    found = run.notes().get("corrections")
    rows = found.items() if isinstance(found, dict) else ()
    return {path: dict(row) for path, row in rows if isinstance(row, dict) and ("label" in row or row.get("exclude"))}


def set_label(run: Run, path: str, name: str) -> None:
    """Note that an example is of another class; its own class takes the note back.

    Raises:
        ConfigError: the class or the path is unknown.
    """
    dataset = run.dataset() or {"classes": [], "files": []}
    if name not in dataset["classes"]:
        raise ConfigError(unknown("class", name, dataset["classes"]))
    label = next((f["label"] for f in dataset["files"] if f["path"] == path), None)
    if label is None:
        raise ConfigError(f"The run {run.name()!r} has no example {path!r}.")
    _note(run, path, None if dataset["classes"][label] == name else {"label": name})


def exclude(run: Run, path: str) -> None:
    """Note that an example is to be left out."""
    _note(run, path, {"exclude": True})


def undo(run: Run, path: str) -> None:
    """Take back what was noted about an example."""
    _note(run, path, None)


def _note(run: Run, path: str, row: dict[str, Any] | None) -> None:
    rest = {known: value for known, value in noted(run).items() if known != path}
    run.write_notes(corrections={**rest, path: row} if row else rest)


def to_apply(run: Run) -> Corrections:
    """What a new run is to be trained with: the corrections that this one was trained with, and those noted since.

    Raises:
        RunError: none were noted.
        ConfigError: one names a class that the run does not have.
    """
    new = noted(run)
    if not new:
        raise RunError(f"No corrections are noted beside the run {run.name()!r}.")
    classes = list((run.dataset() or {}).get("classes", ()))
    for row in new.values():
        if "label" in row and row["label"] not in classes:
            raise ConfigError(unknown("class", row["label"], classes))
    return {**run.corrections(), **new}


def relabelled(manifest: Manifest, corrections: Corrections) -> Manifest:
    """The manifest with the corrected labels; splits stay as they are."""
    place = {name: label for label, name in enumerate(manifest.classes)}
    labels = {path: place[row["label"]] for path, row in corrections.items() if row.get("label") in place}
    if not labels:
        return manifest
    files = (f._replace(label=labels.get(f.path, f.label)) for f in manifest.files)
    return dataclasses.replace(manifest, files=tuple(files))


def excluded(manifest: Manifest, corrections: Corrections) -> np.ndarray:
    """Which files are to be left out, bool (N,)."""
    return np.array([bool(corrections.get(f.path, {}).get("exclude")) for f in manifest.files], bool)
