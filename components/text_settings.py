"""How texts are read: how many tokens of each, and which columns of a table."""

import streamlit as st

from components.draft import bound


def text_settings() -> None:
    """Sequence length and columns."""
    st.markdown("**Texts**", help="A text becomes tokens: words, or parts of rare ones.")
    st.slider(
        "Sequence length, tokens",
        8,
        512,
        step=8,
        help="Longer texts are cut there. Only texts that are that long cost the time of that length.",
        **bound("sequence_length"),
    )
    st.text_input("Text column", placeholder="Found by itself", help="Of a table.", **bound("text_column"))
    st.text_input("Label column", placeholder="Found by itself", help="Of a table.", **bound("label_column"))
    st.text_input(
        "Split column", placeholder="Found by itself", help="With train, validation and test.", **bound("split_column")
    )
