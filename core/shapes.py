"""Whether what is read from a run's files is what readers rely on: a file may be damaged, or written by hand."""

import sys
from typing import Any

_OF_EPOCHS = ("epoch", "batch", "samples")  # events that tell phase and epoch


def is_count(value: Any) -> bool:
    """Whether a value read from a file is a number, finite and not below zero."""
    return isinstance(value, (int, float)) and 0 <= value <= sys.float_info.max


def is_manifest(found: Any) -> bool:
    """Whether a file holds what readers of a manifest rely on."""
    if not isinstance(found, dict):
        return False
    classes, files = found.get("classes"), found.get("files")
    if not isinstance(classes, list) or not isinstance(files, list):
        return False
    texts, labels = (found.get("task"), found.get("root"), *classes), range(len(classes))
    return all(isinstance(text, str) for text in texts) and all(_is_example(file, labels) for file in files)


def _is_example(file: Any, labels: range) -> bool:
    if not isinstance(file, dict) or not isinstance(file.get("label"), int):
        return False
    return isinstance(file.get("path"), str) and isinstance(file.get("split"), str) and file["label"] in labels


def is_headline(found: Any) -> bool:
    """Whether the figures of a phase hold what every page and report draws of them."""
    if not isinstance(found, dict):
        return False
    rows, confusion = found.get("per_class"), found.get("confusion")
    if not isinstance(rows, list) or not isinstance(confusion, list):
        return False
    named = all(isinstance(row, dict) and isinstance(row.get("class"), str) for row in rows)
    square = all(isinstance(row, list) and len(row) == len(confusion) for row in confusion)
    return named and square and is_count(found.get("accuracy")) and is_count(found.get("n"))


def is_event(event: Any) -> bool:
    """Whether a line says what happened, and when if it is of an epoch."""
    if not isinstance(event, dict) or not isinstance(event.get("kind"), str):
        return False
    if event["kind"] not in _OF_EPOCHS:
        return True
    when = is_count(event.get("epoch")) and event.get("phase") in (1, 2)
    lists = (event.get("rows"), event.get("probabilities")) if event["kind"] == "samples" else ()
    return when and all(isinstance(found, list) for found in lists)
