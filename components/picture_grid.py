"""Cards that open: a grid of pictures or texts, each of them a button."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from components.pictures import Card, cards

_component = st.components.v2.component(
    "thaw_grid",
    html='<div class="thaw-grid"></div>',
    js=Path(__file__).with_name("picture_grid.js").read_text(encoding="utf-8"),
    isolate_styles=False,  # the cards are dressed by the page's own style sheet
)


def picture_grid(items: Sequence[Card], key: str, dozen: bool = False) -> int | None:
    """Draw cards; the place of the one that was clicked in this run of the script, or None."""
    html = cards(items, dozen=dozen, openable=True)
    stamp = hashlib.blake2b(html.encode("utf-8", "replace"), digest_size=8).hexdigest()
    result = _component(key=key, data={"html": html, "stamp": stamp}, on_opened_change=lambda: None)
    opened = getattr(result, "opened", None)
    return int(opened) if opened is not None and opened.isdecimal() and int(opened) < len(items) else None
