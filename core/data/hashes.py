"""Content hashes of many files at once."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

_CHUNK = 64  # files a task
_BLOCK = 1 << 20  # bytes read at once


def content_hash(path: str) -> str:
    """BLAKE2b-128 of a file's bytes, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        digest = hashlib.blake2b(digest_size=16)
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def content_hashes(paths: Sequence[str], progress: Callable[[int, int | None], None] | None = None) -> list[str]:
    """The hash of each file, "" for one that cannot be read. Threads: reading and hashing release the GIL."""

    def some(chunk: Sequence[str]) -> list[str]:
        return [_hash_or_nothing(path) for path in chunk]

    chunks = [paths[i : i + _CHUNK] for i in range(0, len(paths), _CHUNK)]
    hashes: list[str] = []
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
        for some_hashes in pool.map(some, chunks):
            hashes += some_hashes
            if progress:
                progress(len(hashes), len(paths))
    return hashes


def _hash_or_nothing(path: str) -> str:
    try:
        return content_hash(path)
    except OSError:
        return ""
