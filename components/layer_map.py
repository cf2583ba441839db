"""The network as a stack of bars, the output on top: frozen in blue, thawed in orange."""

import math
from collections.abc import Sequence
from typing import Any

from components.escape import as_html
from components.numbers import parameters
from components.theme import FROZEN, THAWED, icon, unseen

Structure = dict[str, Any]


def layer_map(
    structure: Structure,
    thawed: frozenset[str],
    head_parameters: int,
    n_classes: int | None,
    shapes: bool = True,
    lora: bool = False,
) -> str:
    """HTML of the map.

    Args:
        structure: blocks and layers, as `core.models.structure` describes them.
        thawed: names of the layers that learn in phase 2.
        head_parameters: how many parameters the new head has.
        n_classes: how many classes it tells apart, None while there is no data.
        shapes: whether the output shapes are those of the chosen image size.
        lora: whether LoRA learns beside those layers, which then stay frozen themselves.
    """
    blocks: Sequence[dict[str, Any]] = structure["blocks"]
    widest = max([head_parameters, *(b["params"] for b in blocks)])
    height = max(7, min(20, 400 // (len(blocks) + 1)))
    answer = f"{n_classes} classes" if n_classes else "classes"
    rows = [_row("head", "warm", head_parameters, answer, widest, "new, learns in both phases")]
    for block in reversed(blocks):
        state = block_state(structure, block["name"], thawed)
        state = "part" if state and lora else state
        rows.append(
            _row(
                block["name"],
                state,
                block["params"],
                _shape(block["output_shape"]) if shapes else "…",
                widest,
                "stays frozen, LoRA learns beside it in phase 2" if state and lora else _WORDS[state],
            )
        )
    return f'<ul class="thaw-map" style="--bar:{height}px" aria-label="Layer map, output first">{"".join(rows)}</ul>'


_WORDS = {"": "stays frozen", "warm": "learns in phase 2", "part": "learns in part in phase 2"}


def block_state(structure: Structure, block: str, thawed: frozenset[str]) -> str:
    """`warm` when all that can learn in the block is thawed, `part` when some is, empty when nothing is."""
    able = [layer["name"] for layer in structure["layers"] if layer["block"] == block and layer["thawable"]]
    warm = sum(name in thawed for name in able)
    return "" if not warm else "warm" if warm == len(able) else "part"


def _row(name: str, state: str, params: int, shape: str, widest: int, words: str) -> str:
    width = 100 * math.log1p(params) / math.log1p(max(widest, 1)) if params else 2
    sign = icon(THAWED if state else FROZEN)
    count = parameters(params) + unseen(f" parameters, {words}")
    return (
        f'<li class="{state}"><span class="name">{sign}{as_html(name)}</span>'
        f'<span class="bar"><i style="width:{max(width, 3):.1f}%"></i></span>'
        f'<span class="shape">{shape}</span><span class="count">{count}</span></li>'
    )


def _shape(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if side is None else str(side) for side in shape)


def legend(lora: bool = False) -> str:
    """What the colours and the length of the bars mean."""
    beside = '<span><b class="part"></b>frozen, LoRA learns beside it</span>' if lora else ""
    return (
        f'<div class="thaw-legend"><span><b></b>frozen</span>{beside}<span><b class="warm"></b>learns</span>'
        "<span>longer bar, more parameters (logarithmic)</span></div>"
    )
