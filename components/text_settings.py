"""How texts are read: how many tokens of each, and which columns of a table."""

import streamlit as st

from components.column_settings import column_settings
from components.draft import bound


def text_settings(path: str | None) -> None:
    """Sequence length and columns of the data set at `path`."""
    st.markdown("**Texts**", help="A text becomes tokens: words, or parts of rare ones.")
    st.slider(
        "Sequence length, tokens",
        8,
        512,
        step=8,
        help="Longer texts are cut there. Only texts that are that long cost the time of that length.",
        **bound("sequence_length"),
    )
    column_settings(path)
