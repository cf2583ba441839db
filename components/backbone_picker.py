"""The backbone as a card, and the catalogue to pick another from."""

import streamlit as st

from components import draft
from components.guard import guarded
from components.numbers import megabytes, parameters, percent
from core.catalog import BACKBONES, Backbone
from core.config import RunConfig
from core.models import weights
from core.presets import with_backbone


def card(config: RunConfig) -> None:
    """The chosen backbone, and a button that opens the catalogue."""
    row = BACKBONES[config.backbone]
    with st.container(border=True):
        head, button = st.columns([3, 1], vertical_alignment="center")
        head.markdown(
            f"**{row.title}**  \n:gray[{_facts(row)}]",
        )
        if button.button("Change", key="backbone", width="stretch", help=_HELP[row.task]):
            _catalogue()
        state = weights.locate(row, config.weights)
        st.markdown(f":small[{_words(state.state)} {_escaped(state, row, config)}]")


_HELP = {
    "image": "The backbone: a network that learned to see from a million photos. Yours starts from what it knows.",
    "text": "The backbone: a network that learned to read from millions of sentences. Yours starts from what it knows.",
}


def _facts(row: Backbone) -> str:
    top1 = f", {percent(row.top1)} on ImageNet" if row.top1 else ""
    size = f"{row.encoder.layers} layers" if row.encoder else f"{row.default_size} pixels"
    return f"{parameters(row.parameters)} parameters, {size}{top1}"


_ICONS = {
    "here": ":green[:material/check_circle:]",
    "download": ":material/download:",
    "missing": ":orange[:material/warning:]",
    "file": ":material/description:",
}


def _words(state: str) -> str:
    return _ICONS.get(state, "")


def _escaped(state: weights.WeightsState, row: Backbone, config: RunConfig) -> str:
    if config.weights == "random":
        return ":orange-badge[Random weights: this is not transfer learning]"
    if state.state == "here":
        return "Pretrained weights are on this machine"
    if state.state == "download":
        return f"Pretrained weights will be downloaded ({megabytes(row.weights_mb)})"
    yours = "folder" if row.task == "text" else "file"
    return f"Weights from your {yours}" if state.state == "file" else "Pretrained weights are not on this machine"


@st.dialog("Choose a backbone", width="large")
@guarded()
def _catalogue() -> None:
    task = BACKBONES[draft.settings().backbone].task
    st.caption("Larger networks know more and take longer. Those marked with a tick need no download.")
    here = {key: weights.locate(row, "pretrained").state for key, row in BACKBONES.items() if row.task == task}
    ordered = sorted(here, key=lambda key: (here[key] != "here", list(BACKBONES).index(key)))
    columns = st.columns(2)
    for number, key in enumerate(ordered):
        row = BACKBONES[key]
        with columns[number % 2].container(border=True):
            st.markdown(f"**{row.title}** {_words(here[key])}  \n:gray[{_facts(row)}]")
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button("Choose", key=f"choose-{key}", disabled=key == draft.settings().backbone):
                    _choose(key)
                    st.rerun()
                size = "" if here[key] == "here" else f" · {megabytes(row.weights_mb)} to download"
                st.markdown(f":small[[paper]({row.paper}) · {row.licence}{size}]")


def _choose(key: str) -> None:
    """Another backbone, with settings that fit it."""
    draft.put(with_backbone(draft.settings(), key))
