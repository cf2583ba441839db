"""The look: style sheet, icons in HTML, and the words for frozen and thawed."""

from pathlib import Path

import streamlit as st

_STYLE = Path(__file__).with_name("style.css")
ICON = Path(__file__).with_name("icon.svg")
FROZEN, THAWED = "ac_unit", "local_fire_department"  # Material icons of the two phases


def apply_style() -> None:
    """Put the style sheet into the page. It takes no place of its own."""
    st.html(_STYLE)
    # A dialog or a popover hangs outside the app's element, which says whether the theme is light or dark.
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    st.html(
        f'<style>:is([data-testid="stDialog"], [data-testid="stPopoverBody"]) {{ color-scheme: {scheme}; }}</style>'
    )


def icon(name: str) -> str:
    """A Material icon inside HTML, silent for screen readers."""
    return f'<span class="thaw-icon" aria-hidden="true">{name}</span>'


def unseen(text: str) -> str:
    """Words for screen readers alone; `text` is HTML already."""
    return f'<span class="thaw-hidden">{text}</span>'


def phase_chip(phase: int, way: str = "thawed") -> str:
    """A small label for a phase, in its colour; `way` is how the backbone adapts in phase 2."""
    if phase == 1:
        return f'<span class="thaw-phase">{icon(FROZEN)}Phase 1, frozen</span>'
    return f'<span class="thaw-phase ember">{icon(THAWED)}Phase 2, {way}</span>'


def empty(symbol: str, title: str, text: str) -> None:
    """What an empty place says: what will be here, and how to get it."""
    st.html(f'<div class="thaw-empty">{icon(symbol)}<b>{title}</b>{text}</div>')
