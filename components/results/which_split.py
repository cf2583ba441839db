"""Test or held out: which examples the page is about, where a run has both."""

import streamlit as st

from components.guard import guarded
from components.held import held
from components.results.report import Report

_NAMES = {"test": "Test {}s", "validation": "Held-out {}s"}


def asked() -> str:
    """The split that the address asks for; by default test, which chose nothing."""
    found = st.query_params.get("split", "test")
    return found if found in _NAMES else "test"


def show(report: Report) -> None:
    """The switch; nothing without a test split."""
    if report.test:
        st.segmented_control(
            "Figures on",
            list(_NAMES),
            format_func=lambda split: _NAMES[split].format(report.unit),
            required=True,
            label_visibility="collapsed",
            on_change=_choose,
            **held("split", report.split, "default"),
        )


@guarded()
def _choose() -> None:
    st.query_params["split"] = st.session_state["split"]
