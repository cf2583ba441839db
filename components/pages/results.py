"""Results: how good, where wrong, why, and was phase 2 worth it?"""

import streamlit as st

from components import selection, theme
from components.downloads import download_buttons
from components.guard import guarded
from components.results import confusion, headline, mistakes, per_class, phases, rates
from components.results.report import Report, report
from components.run_picker import run_picker


def _nothing() -> None:
    theme.empty("insights", "No results yet", "Once a run has been through its first phase, its figures are here.")
    st.page_link(selection.PAGES["train"], label="Train a network", icon=":material/local_fire_department:")


def _sections(found: Report) -> None:
    headline.show(found)
    st.header("Where is it wrong?")
    confusion.show(found)
    mistakes.show(found)
    per_class.show(found)
    rates.show(found)
    phases.show(found)
    st.header("Take it along")
    download_buttons(found.run, "results")


with guarded():
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    left.title("How good is it?")
    right = right.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right")
    with right:
        run = run_picker([r for r in selection.finished_runs() if r.evaluation(1)])
    found = report(run) if run else None
    if run is None or found is None:
        _nothing()
    else:
        if right.button("Try a picture", type="primary", icon=":material/add_a_photo:", key="to_try"):
            selection.go("try", run=run.id)
        _sections(found)
