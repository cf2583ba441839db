"""Errors in words: no page ever shows a traceback."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from components.escape import as_markdown
from core.errors import ThawError

log = logging.getLogger("thaw.page")


def say(error: Exception) -> None:
    """Show an error as its sentence, with every sign of a name in it as text."""
    st.error(as_markdown(str(error)), icon=":material/error:")


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what goes wrong inside into a sentence; what was not foreseen gets an id that the log explains."""
    try:
        yield
    except ThawError as error:
        say(error)
    except Exception:
        number = secrets.token_hex(4)
        log.exception("Error %s", number)
        st.error(
            f"Something went wrong that the app did not foresee. Its log explains it under the number `{number}`. "
            "Reloading the page often helps; no run is lost.",
            icon=":material/error:",
        )
