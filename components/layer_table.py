"""All layers in a table; ticking one thaws it."""

from typing import Any

import streamlit as st

from components import draft
from components.guard import guarded
from core.models import thaw

Structure = dict[str, Any]


def layer_table(structure: Structure) -> None:
    """The table, last layer first. A tick turns the choice into single layers."""
    state = _snapshot(structure)
    able = _able(structure)
    rows = [
        {
            "learns": layer["name"] in state["base"] and bool(able[layer["name"]]),
            "layer": layer["name"],
            "kind": layer["type"],
            "block": layer["block"],
            "output": " × ".join(str(side) for side in layer["output_shape"]),
            "parameters": layer["params"],
            "can learn": able[layer["name"]],
        }
        for layer in reversed(structure["layers"])
    ]
    key = f"layers-{state['version']}"
    st.data_editor(
        rows,
        key=key,
        hide_index=True,
        height=420,
        disabled=["layer", "kind", "block", "output", "parameters", "can learn"],
        column_config={
            "learns": st.column_config.CheckboxColumn("Learns", help="In phase 2", width="small"),
            "layer": st.column_config.TextColumn("Layer", width="medium"),
            "kind": st.column_config.TextColumn("Kind"),
            "block": st.column_config.TextColumn("Block"),
            "output": st.column_config.TextColumn("Output"),
            "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
            "can learn": st.column_config.NumberColumn(
                "Can learn",
                format="localized",
                help="Parameters that learn once thawed, or of LoRA beside it. BatchNormalization never does.",
            ),
        },
        on_change=_tick,
        args=(key, structure),
    )


def _able(structure: Structure) -> dict[str, int]:
    """How many parameters of each layer learn once it is chosen, or of LoRA beside it."""
    rank, beside = draft.settings().lora_rank, structure.get("lora", {})
    return {x["name"]: beside.get(x["name"], 0) * rank if rank else x["thawable"] for x in structure["layers"]}


def _shown(structure: Structure) -> tuple[Any, ...]:
    """What decides over the ticks."""
    return structure["backbone"], draft.settings().unfreeze, draft.settings().lora_rank


def _snapshot(structure: Structure) -> dict[str, Any]:
    """What the table shows as ticked before its own ticks; renewed when the choice was made elsewhere."""
    state: dict[str, Any] = st.session_state.setdefault("layer-table", {"version": 0})
    now = _shown(structure)
    if state.get("shown") != now:
        state.update(shown=now, base=thaw.resolve(draft.settings().unfreeze, structure), version=state["version"] + 1)
    return state


@guarded()
def _tick(key: str, structure: Structure) -> None:
    state = st.session_state["layer-table"]
    names = [layer["name"] for layer in reversed(structure["layers"])]
    able = {name for name, count in _able(structure).items() if count}
    warm = set(state["base"])
    for row, cells in st.session_state[key]["edited_rows"].items():
        (warm.add if cells.get("learns") else warm.discard)(names[int(row)])
    ticked = [name for name in reversed(names) if name in warm & able]
    draft.change(unfreeze=f"names:{','.join(ticked)}" if ticked else "none")
    state["shown"] = _shown(structure)
