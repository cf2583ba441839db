"""Load what the pages need most time for while the first browser is still loading the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from threading import Thread

DEAR = ("PIL.Image", "scipy.special")  # over half of what the first visit to a fresh server would import


@asynccontextmanager
async def early(_app: object) -> AsyncIterator[None]:
    """The server's life: it takes visits at once, and the libraries come in beside them."""
    Thread(target=_load, name="early", daemon=True).start()
    yield


def _load() -> None:
    for name in DEAR:
        import_module(name)
