"""One control for how much to thaw, and the map that answers it."""

from typing import Any

import streamlit as st

from components import draft
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.layer_map import layer_map, legend
from components.nouns import noun
from components.numbers import parameters
from core import presets
from core.config import RunConfig
from core.models import own_encoder, thaw

Structure = dict[str, Any]
WAYS = {"thaw": "Thawing", "lora": "LoRA"}
LORA_RANK = 8  # where LoRA starts
MODES = {"none": "Nothing", "blocks": "Last blocks", "layers": "Last layers", "names": "Ticked", "all": "All"}


def mode_of(unfreeze: str) -> str:
    """Which kind of choice a setting is: a key of MODES."""
    return unfreeze.partition(":")[0]


def control(structure: Structure) -> None:
    """The choice of kind, and the slider for those that count."""
    unfreeze, one = draft.settings().unfreeze, noun(draft.settings().task)
    mode = mode_of(unfreeze)
    st.segmented_control(
        "How much to thaw in phase 2",
        list(MODES),
        format_func=MODES.__getitem__,
        **held("thaw-mode", mode, "default"),
        required=True,
        on_change=_choose_mode,
        args=(structure,),
        help=f"Frozen layers keep what they learned from millions of {one}s. "
        f"Thawed ones adapt to your {one}s, slowly, once the new head has learned.",
        wrap=True,
    )
    if mode in ("blocks", "layers"):
        _slider(mode, int(unfreeze.partition(":")[2]), _most(mode, structure))
    elif mode == "names":
        st.caption("Tick layers in the table of all layers below.")
    if structure.get("lora") and mode != "none":
        _ways()


def _ways() -> None:
    """Thaw the chosen layers, or leave them frozen and let LoRA learn beside them."""
    rank = draft.settings().lora_rank
    left, right = st.columns(2)
    with left:
        st.segmented_control(
            "Adapt by",
            list(WAYS),
            format_func=WAYS.__getitem__,
            **held("thaw-way", "lora" if rank else "thaw", "default"),
            required=True,
            on_change=_choose_way,
            help="Thawing lets every weight of these layers learn. LoRA keeps them frozen and lets two small matrices "
            "learn beside the attention of each: far fewer parameters, at a higher learning rate.",
        )
    if rank:
        with right:
            st.select_slider(
                "Rank",
                sorted({rank, *_ranks()}),
                **held("lora-rank", rank),
                on_change=guarded()(lambda: draft.change(lora_rank=st.session_state["lora-rank"])),
                help="How narrow LoRA's matrices are. A higher rank can learn more, and has more to learn.",
            )


def _ranks() -> list[int]:
    """Powers of two below the width of an attention head, beyond which LoRA is no smaller than what it replaces."""
    most = own_encoder.row_of(draft.settings()).head_width
    return [rank for rank in (1, 2, 4, 8, 16, 32) if rank < most]


@guarded()
def _choose_way() -> None:
    draft.put(presets.with_lora(draft.settings(), LORA_RANK if st.session_state["thaw-way"] == "lora" else 0))


@guarded()
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
    if most < 2:  # the encoder in somebody's folder may have one layer, and a slider needs two ends
        return
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


@guarded()
def _slide(mode: str) -> None:
    draft.change(unfreeze=f"{mode}:{st.session_state[f'thaw-{mode}']}")


def answer(structure: Structure, exact: bool, config: RunConfig, n_classes: int | None) -> None:
    """The map, and what learns in each phase."""
    warm = thaw.learning(config, structure)
    learn = thaw.counts(structure, config, n_classes or 2)
    lora = config.lora_rank > 0
    st.html(layer_map(structure, warm, learn["phase1"], n_classes, exact, lora) + legend(lora))
    st.html(
        facts(
            [
                Fact(
                    parameters(learn["phase1"]),
                    "learn in phase 1",
                    "Only the new head. Everything else is frozen.",
                    "ice",
                ),
                Fact(
                    parameters(learn["phase2"]),
                    "learn in phase 2",
                    f"The head and {'LoRA' if lora else 'what is thawed'}.",
                    "ember",
                ),
                Fact(parameters(learn["total"]), "in all"),
            ]
        )
    )
