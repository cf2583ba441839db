"""One control for how much to thaw, and the map that answers it."""

from typing import Any

import streamlit as st

from components import draft
from components.facts import Fact, facts
from components.held import held
from components.layer_map import layer_map, legend
from components.numbers import parameters
from core.config import RunConfig
from core.models import thaw

Structure = dict[str, Any]
MODES = {"none": "Nothing", "blocks": "Last blocks", "layers": "Last layers", "names": "Ticked", "all": "All"}


def mode_of(unfreeze: str) -> str:
    """Which kind of choice a setting is: a key of MODES."""
    return unfreeze.partition(":")[0]


def control(structure: Structure) -> None:
    """The choice of kind, and the slider for those that count."""
    unfreeze = draft.settings().unfreeze
    mode = mode_of(unfreeze)
    st.segmented_control(
        "How much to thaw in phase 2",
        list(MODES),
        format_func=MODES.__getitem__,
        **held("thaw-mode", mode, "default"),
        required=True,
        on_change=_choose_mode,
        args=(structure,),
        help="Frozen layers keep what they learned from a million photos. "
        "Thawed ones adapt to your pictures, slowly, once the new head has learned.",
        wrap=True,
    )
    if mode in ("blocks", "layers"):
        _slider(mode, int(unfreeze.partition(":")[2]), _most(mode, structure))
    elif mode == "names":
        st.caption("Tick layers in the table of all layers below.")


def _choose_mode(structure: Structure) -> None:
    mode = st.session_state["thaw-mode"]
    now = draft.settings().unfreeze
    if mode == "names":
        warm = thaw.resolve(now, structure)
        able = [x["name"] for x in structure["layers"] if x["name"] in warm and x["thawable"]]
        draft.change(unfreeze=f"names:{','.join(able or [_last_able(structure)])}")
    elif mode in ("blocks", "layers"):
        draft.change(unfreeze=f"{mode}:{min(4 if mode == 'layers' else 3, _most(mode, structure))}")
    elif mode:
        draft.change(unfreeze=mode)


def _most(mode: str, structure: Structure) -> int:
    return len(thaw.block_names(structure) if mode == "blocks" else structure["layers"])


def _last_able(structure: Structure) -> str:
    return str(next(layer["name"] for layer in reversed(structure["layers"]) if layer["thawable"]))


def _slider(mode: str, value: int, most: int) -> None:
    st.slider(
        f"Last {mode}",
        1,
        most,
        **held(f"thaw-{mode}", min(value, most)),
        on_change=_slide,
        args=(mode,),
        label_visibility="collapsed",
        format=f"last %d {mode}",
    )


def _slide(mode: str) -> None:
    draft.change(unfreeze=f"{mode}:{st.session_state[f'thaw-{mode}']}")


def answer(structure: Structure, exact: bool, config: RunConfig, n_classes: int | None) -> None:
    """The map, and what learns in each phase."""
    warm = thaw.learning(config, structure)
    learn = thaw.counts(structure, config, n_classes or 2)
    st.html(layer_map(structure, warm, learn["phase1"], n_classes, shapes=exact) + legend())
    st.html(
        facts(
            [
                Fact(
                    parameters(learn["phase1"]),
                    "learn in phase 1",
                    "Only the new head. Everything else is frozen.",
                    "ice",
                ),
                Fact(parameters(learn["phase2"]), "learn in phase 2", "The head and what is thawed.", "ember"),
                Fact(parameters(learn["total"]), "in all"),
            ]
        )
    )
