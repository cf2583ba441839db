"""From the settings of a run to its manifest: scan, split, and the hash of every file."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.config import RunConfig
from core.data.findings import content_hash
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
    """The files that can be read, each with its hash. Threads: reading and hashing both release the GIL."""

    def one(file: Example) -> Example | None:
        try:
            return replace(file, hash=content_hash(os.path.join(root, file.path)))  # noqa: PTH118
        except OSError:
            return None

    hashed = []
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
        for done, file in enumerate(pool.map(one, files, chunksize=1), start=1):
            if file is not None:
                hashed.append(file)
            if progress and done % 500 == 0:
                progress(done, len(files))
    return hashed
