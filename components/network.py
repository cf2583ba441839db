"""The structure of the chosen backbone, described once by a process of its own."""

from typing import Any

import streamlit as st

from core.catalog import backbone
from core.config import RunConfig
from core.models import structure as structures

Structure = dict[str, Any]


def image_size(config: RunConfig) -> int:
    """Pixels a side that the run will use."""
    return config.image_size or backbone(config.backbone).default_size


def structure(config: RunConfig) -> Structure | None:
    """The structure, or None while it is being described; the page then looks again by itself."""
    key, size = config.backbone, image_size(config)
    found = _known(key, size)
    if found is None:
        asked: set[tuple[str, int]] = st.session_state.setdefault("described", set())
        if (key, size) not in asked:
            structures.start_describe(key, size)
            asked.add((key, size))
    return found


def _known(key: str, size: int) -> Structure | None:
    memory: dict[tuple[str, int], Structure] = st.session_state.setdefault("structures", {})
    if (key, size) not in memory:
        found = structures.structure(key, size)
        if found is None:
            return None
        memory[key, size] = found
    return memory[key, size]


def wait_for(config: RunConfig) -> None:
    """Keep the place of the map and look for the structure once a second."""
    st.caption(f"Looking into {backbone(config.backbone).title}: its blocks are described once, which takes seconds.")
    st.skeleton(height=380)
    st.fragment(_look, run_every=1.0)(config)


def _look(config: RunConfig) -> None:
    if _known(config.backbone, image_size(config)) is not None:
        st.rerun()
