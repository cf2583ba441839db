"""Widgets that show a value which lives elsewhere: in the settings, in a file, or in the address."""

from typing import Any

import streamlit as st


def held(key: str, value: Any, first: str = "value", first_value: Any = None) -> dict[str, Any]:
    """The arguments that tie a widget to a value.

    A widget that is new gets the value as its own default: a browser that answers before it has seen a value set
    from here would otherwise send the widget's default back, as if somebody had chosen it. One that is there
    already is set where it differs.

    Args:
        key: the widget's key.
        value: what it should hold.
        first: the name of the widget's argument for its default: `value`, `default` or `index`.
        first_value: what that argument takes, where that is not the value itself.
    """
    if key not in st.session_state:
        return {"key": key, first: value if first_value is None else first_value}
    if st.session_state[key] != value:
        st.session_state[key] = value
    return {"key": key}
