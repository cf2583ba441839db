"""Which run a page is about: the one that the address names, else the newest that has a model."""

from collections.abc import Sequence

import streamlit as st

from components import selection
from components.escape import as_markdown, shortened, shown
from components.guard import guarded
from components.held import held
from components.numbers import moment
from core.record import Run


def say_missing() -> None:
    """Tell where the address names a run that does not exist."""
    name = selection.missing_run()
    if name is not None:
        words = f"There is no run {shortened(name, 100)!r}. It may have been deleted or renamed."
        st.warning(as_markdown(words), icon=":material/search_off:")


def run_picker(runs: Sequence[Run], label: str = "Run") -> Run | None:
    """A list to choose from; None where there is nothing to choose."""
    if not runs:
        return None
    by_id = {run.id: run for run in runs}
    chosen = selection.chosen_run()
    current = chosen.id if chosen and chosen.id in by_id else runs[0].id
    names = {run.id: f"{shown(run.name())} · {moment(run.created())}" for run in runs}
    st.selectbox(
        label,
        list(by_id),
        format_func=names.__getitem__,
        **held("run-picker", current, "index", list(by_id).index(current)),
        label_visibility="collapsed",
        on_change=guarded()(lambda: selection.choose(run=st.session_state["run-picker"])),
    )
    return by_id[current]
