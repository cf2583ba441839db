"""From the settings of a run to its manifest: scan, split, and the hash of every file."""

import os
from collections.abc import Callable, Sequence

from core.config import RunConfig
from core.data.hashes import content_hashes
from core.data.manifest import Example, Manifest
from core.data.patients import patients
from core.data.scan import scan
from core.data.split import assign_splits
from core.errors import DataError


def manifest(config: RunConfig, *, progress: Callable[[int, int | None], None] | None = None) -> Manifest:
    """The manifest of a run on pictures.

    A file that disappears or becomes unreadable between the scan and its hash is left out.

    Raises:
        DataError: the folder cannot train a classifier; the message says why.
    """
    found = scan(config.data, progress=progress)
    files = assign_splits(
        found, validation_share=config.validation_share, seed=config.seed, patients=patients(found, config)
    )
    hashed = _hashed(found.root, files, progress)
    for label, name in enumerate(found.classes):
        if not any(f.label == label for f in hashed):
            raise DataError(f"The pictures of {name!r} disappeared while they were read. Is the folder still there?")
    return Manifest("image", found.root, found.classes, tuple(hashed))


def _hashed(root: str, files: Sequence[Example], progress: Callable[[int, int | None], None] | None) -> list[Example]:
    """The files that can be read, each with its hash."""
    paths = [os.path.join(root, f.path) for f in files]  # noqa: PTH118
    hashes = content_hashes(paths, progress)
    return [Example(f.path, f.label, f.split, h, f.patient) for f, h in zip(files, hashes, strict=True) if h]
