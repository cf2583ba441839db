"""The first visit: what this is, and a working example within reach."""

import streamlit as st

from components.data_source import source_row, use_sample
from components.theme import icon

_TOWER = (38, 46, 52, 58, 66, 72, 78, 84, 90, 95, 100)
_WARM = 3  # of the bars of the tower


def welcome() -> None:
    """The headline, the one button, and the three ways to own data."""
    left, right = st.columns([7, 5], gap="large", vertical_alignment="center")
    with left:
        st.html(_HEADLINE)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Show me with handwritten digits", key="hero_start", type="primary", icon=":material/play_arrow:"
            ):
                use_sample("digits", page="train")
        st.caption("1,797 tiny pictures, about a minute, no internet needed.")
    with right:
        st.html(_tower())
    st.space("medium")
    st.subheader("Or bring your own")
    source_row(None)


_HEADLINE = (
    '<div class="thaw-hero"><h1>Teach a trained network<br><em>your own pictures.</em></h1>'
    '<p class="thaw-lead">It has seen a million photos. First it stays frozen while a new head learns '
    "your classes. Then its last layers thaw and adapt. You watch both happen, then try a picture.</p></div>"
)


def _tower() -> str:
    bars = "".join(
        f'<i class="{"warm" if n >= len(_TOWER) - _WARM else ""}" style="height:{height}%"></i>'
        for n, height in enumerate(_TOWER)
    )
    return (
        f'<div class="thaw-tower" aria-hidden="true">{bars}</div><div class="thaw-legend">'
        f"<span><b></b>{icon('ac_unit')} frozen: keeps what it knows</span>"
        f'<span><b class="warm"></b>{icon("local_fire_department")} thawed: learns your pictures</span></div>'
    )
