"""The settings form: what will learn? It reruns alone, so a control answers at once."""

import streamlit as st

from components import backbone_picker, draft, length_table, network, thaw_control
from components.cost_words import in_words
from components.escape import as_markdown
from components.guard import guarded, say
from components.held import held
from components.layer_table import layer_table
from components.start import start_row
from components.train_settings import all_settings
from core import cost
from core.catalog import backbone
from core.config import RunConfig
from core.data.scan import Scan
from core.data.split import sizes
from core.models import thaw
from core.presets import presets


@st.fragment
@guarded()
def train_form(data: Scan | None, path: str | None) -> None:
    """Preset, backbone and thawing on the left, the layer map on the right, the rest folded away, Start."""
    with guarded():
        config = draft.settings()
        structure, exact = network.structure(config)
        left, right = st.columns([5, 6], gap="large")
        with left:
            _preset(config)
            backbone_picker.card(config)
            if structure is not None:
                thaw_control.control(structure)
            _sentence(config, structure if exact else None, data)
            complaint = draft.error() or network.complaint(config)
            if complaint:
                st.error(as_markdown(complaint), icon=":material/error:")
            start_row(data, path)
        with right:
            if structure is None:
                st.skeleton(height=420)
            else:
                _answer(structure, exact, config, data)
            if not exact and network.complaint(config) is None:
                network.wait_for(config)
        _folded(structure, config, data)


def _folded(structure: network.Structure | None, config: RunConfig, data: Scan | None) -> None:
    """What is folded away costs nothing until it is opened."""
    settings = st.expander("All settings", icon=":material/tune:", key="fold-settings", on_change="rerun")
    if settings.open:
        with settings:
            all_settings(config, data, structure)
    if structure is not None:
        layers = st.expander("All layers", icon=":material/table_rows:", key="fold-layers", on_change="rerun")
        if layers.open:
            with layers:
                layer_table(structure)


def _answer(structure: network.Structure, exact: bool, config: RunConfig, data: Scan | None) -> None:
    try:
        thaw_control.answer(structure, exact, config, len(data.classes) if data else None)
    except draft.ConfigError as error:
        say(error)


def _preset(config: RunConfig) -> None:
    known = presets(config.task or "image")
    st.segmented_control(
        "Start from",
        list(known),
        format_func=lambda name: known[name].title,
        **held("preset", config.preset if config.preset in known else None, "default"),
        required=True,
        on_change=guarded()(lambda: draft.start_from(st.session_state["preset"])),
        wrap=True,
    )
    if config.preset in known:
        st.caption(known[config.preset].summary)
    if config.preprocessing == "unit":
        _offer_right_scaling(config)


def _offer_right_scaling(config: RunConfig) -> None:
    title = backbone(config.backbone).title
    st.warning(
        f"This recipe divides pixels by 255. {title} was not trained with that, so it sees less than it could.",
        icon=":material/info:",
    )
    st.button(
        f"Use {title}'s own preprocessing",
        key="right-scaling",
        on_click=guarded()(draft.change),
        kwargs={"preprocessing": "backbone"},
    )


def _sentence(config: RunConfig, structure: network.Structure | None, data: Scan | None) -> None:
    """What the choice costs, before Start."""
    if data is None:
        return
    if structure is None:
        st.caption("Working out what this costs.")
        return
    try:
        warm = thaw.learning(config, structure)
    except draft.ConfigError:
        return
    words = in_words(config, cost.estimate(config, structure, warm, *sizes(data.files, config.validation_share)))
    st.caption(f"{words} {length_table.cut_words(config, data)}" if data.task == "text" else words)
