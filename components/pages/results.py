"""Results: how good, where wrong, why, and was phase 2 worth it?"""

from collections.abc import Callable

import streamlit as st

from components import selection, theme
from components.guard import guarded
from components.held import held
from components.results import (
    confusion,
    headline,
    labels,
    map,
    medical,
    mistakes,
    other_data,
    per_class,
    phases,
    rates,
    take_along,
    threshold,
    trust,
    which_split,
    why,
)
from components.results.report import Report, report
from components.run_picker import run_picker, say_missing

# Only the part that is chosen is built, so that the page opens at once however many pictures there are.
_PARTS: dict[str, tuple[str, tuple[Callable[[Report], None], ...]]] = {
    "good": ("In numbers", (threshold.show, per_class.show, rates.show, trust.show, other_data.show)),
    "wrong": ("Where is it wrong?", (confusion.show, mistakes.show, labels.show, map.show)),
    "why": ("Why?", (why.show,)),
    "phases": ("Was phase 2 worth it?", (phases.show,)),
    "take": ("Take it along", (take_along.show,)),
}


def _nothing() -> None:
    theme.empty("insights", "No results yet", "Once a run has been through its first phase, its figures are here.")
    st.page_link(selection.PAGES["train"], label="Train a network", icon=":material/local_fire_department:")


def _part() -> str:
    asked = st.query_params.get("part", "good")
    return asked if asked in _PARTS else "good"


@guarded()
def _choose_part() -> None:
    st.query_params["part"] = st.session_state["part"]


def _parts(found: Report) -> None:
    part = _part()
    st.segmented_control(
        "Questions",
        list(_PARTS),
        format_func=lambda key: _PARTS[key][0],
        required=True,
        label_visibility="collapsed",
        on_change=_choose_part,
        **held("part", part, "default"),
    )
    if part != "take" and found.no_cases:
        st.info(found.no_cases, icon=":material/table_view:")
    for section in _PARTS[part][1]:
        section(found)


with guarded():
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    left.title("How good is it?")
    right = right.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right")
    with right:
        run = run_picker([r for r in selection.finished_runs() if r.evaluation(1)])
    say_missing()
    found = report(run, which_split.asked()) if run else None
    if run is None or found is None:
        _nothing()
    else:
        icon = ":material/edit_note:" if found.is_text else ":material/add_a_photo:"
        if right.button(f"Try a {found.unit}", type="primary", icon=icon, key="to_try"):
            selection.go("try", run=run.id)
        which_split.show(found)
        if medical.is_medical(found):
            medical.show(found)
        headline.show(found)
        _parts(found)
