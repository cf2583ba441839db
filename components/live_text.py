"""A text area that hands its text over while people type."""

from pathlib import Path

import streamlit as st

PAUSE = 400  # milliseconds without a further key
_component = st.components.v2.component(
    "thaw_live_text", html="", js=Path(__file__).with_name("live_text.js").read_text(encoding="utf-8")
)


def live_text_area(label: str, key: str, height: int, placeholder: str) -> str:
    """A text area without a visible label; its text, as of the last pause in typing."""
    text = st.text_area(label, key=key, height=height, placeholder=placeholder, label_visibility="collapsed")
    _component(key=f"{key}-live", data={"key": key, "pause": PAUSE})
    return str(text or "")
