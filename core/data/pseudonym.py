"""A name for a patient that tells who is the same and not who it is."""

import contextlib
import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

from core import environment
from core.any_text import AS_BYTES

_KEY_BYTES = 32


def pseudonym(identity: str) -> str:
    """A keyed BLAKE2b-64 of a patient's id, hexadecimal.

    Hospital numbers are short enough to be found by trying them all, so a plain hash would give them away. The key
    lies under the cache folder, readable by its owner only, and in no run: without it a run tells nobody's id.
    """
    key = _key(environment.cache_dir() / "patients.key")
    return hashlib.blake2b(identity.encode("utf-8", AS_BYTES), digest_size=8, key=key).hexdigest()


@lru_cache(maxsize=8)
def _key(file: Path) -> bytes:
    """The installation's key, made when first wanted. Where it cannot be kept, this process has one of its own."""
    fresh = secrets.token_bytes(_KEY_BYTES)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.key")
        beside.touch(0o600)
        beside.write_bytes(fresh)
        with contextlib.suppress(FileExistsError):
            os.link(beside, file)  # appears whole, and never over another process's
        beside.unlink()
    try:
        kept = file.read_bytes()
    except OSError:
        return fresh
    return kept if len(kept) == _KEY_BYTES else fresh
