"""The structure of the chosen backbone, described once for each image size by a process of its own."""

import subprocess
from typing import Any

import streamlit as st

from components.escape import as_markdown
from components.guard import guarded
from core.catalog import backbone
from core.config import RunConfig
from core.errors import ThawError
from core.models import own_encoder
from core.models import structure as structures

Structure = dict[str, Any]
Asked = subprocess.Popen[bytes] | str  # the process that describes a backbone, or why there can be none


def image_size(config: RunConfig) -> int:
    """Pixels a side that the run will use; of texts the default length, since their encoders are alike at any."""
    if config.task == "text":
        return backbone(config.backbone).default_size
    return config.image_size or backbone(config.backbone).default_size


def structure(config: RunConfig) -> tuple[Structure | None, bool]:
    """The structure, and whether it is of this very image size.

    While the size is being described, that of the backbone's own size stands in: blocks, layers and parameters are
    the same there, only the output shapes differ.
    """
    if config.task == "text" and config.has_own_weights:
        return own_encoder.structure_of(config), True  # of the folder's encoder, whatever the catalogue's is like
    key, size = config.backbone, image_size(config)
    found = _known(key, size)
    if found is not None:
        return found, True
    if size >= backbone(key).smallest_size:
        _describe(key, size)
    return _known(key, backbone(key).default_size), False


def _describe(key: str, size: int) -> None:
    """Ask for a structure, once; what is remembered is the process that works at it, or why there is none."""
    asked: dict[tuple[str, int], Asked] = st.session_state.setdefault("described", {})
    if (key, size) not in asked:
        try:
            asked[key, size] = structures.start_describe(key, size)
        except ThawError as error:
            asked[key, size] = str(error)


def complaint(config: RunConfig) -> str | None:
    """Why the backbone cannot be built at the chosen size, as a sentence; None where it can."""
    row = backbone(config.backbone)
    if image_size(config) >= row.smallest_size:
        return None
    return f"{row.title} takes pictures of at least {row.smallest_size} pixels. Received: {config.image_size}."


def _known(key: str, size: int) -> Structure | None:
    memory: dict[tuple[str, int], Structure] = st.session_state.setdefault("structures", {})
    if (key, size) not in memory:
        found = structures.structure(key, size)
        if found is None:
            return None
        memory[key, size] = found
    return memory[key, size]


def wait_for(config: RunConfig) -> None:
    """Look for the structure once a second, and run the page again once it is there."""
    st.fragment(guarded()(_look), run_every=1.0)(config)


def _look(config: RunConfig) -> None:
    if _known(config.backbone, image_size(config)) is not None:
        st.rerun()
    size = image_size(config)
    asked = st.session_state.get("described", {}).get((config.backbone, size))
    at = f"output shapes at {size} × {size} pixels"
    if isinstance(asked, str):
        st.caption(as_markdown(asked))
    elif asked is not None and asked.poll() is not None:
        st.caption(f"The {at} could not be worked out; those shown are of the network's usual size.")
    else:
        st.caption(f"Working out the {at}: once, in some seconds.")
