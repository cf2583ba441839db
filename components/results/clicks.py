"""What a click on a chart says: each point carries what its pictures are found by."""

from typing import Any

import streamlit as st


def clicked(result: Any) -> Any:
    """What the point carries that was clicked in this run of the script; None where none was.

    Args:
        result: what `plot` returned.
    """
    return (getattr(result, "clicked", None) or {}).get("custom")


def last(result: Any, place: str) -> Any:
    """The same of the point that was clicked last; `place` names where it is remembered."""
    custom = clicked(result)
    if custom is not None:
        st.session_state[place] = custom
    return st.session_state.get(place)
