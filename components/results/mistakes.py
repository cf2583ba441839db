"""Pictures that it got wrong, was unsure of, or got right."""

import streamlit as st

from components.results.gallery import gallery
from components.results.report import Report

_KINDS = {"mistakes": "Surest mistakes", "unsure": "Least sure", "right": "Surest right"}


@st.fragment
def show(report: Report) -> None:
    """A gallery of one kind at a time."""
    cases = report.cases
    if cases is None or report.kept not in cases.probabilities:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Pictures")
        kind = st.segmented_control(
            "Show",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            default="mistakes",
            required=True,
            key="kind",
            label_visibility="collapsed",
        )
    pick = {"mistakes": cases.mistakes, "unsure": cases.unsure, "right": cases.right}[kind]
    gallery(report, pick(report.kept, cases.rows("validation")), most=14)
