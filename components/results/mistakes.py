"""Examples that it got wrong, was unsure of, or got right."""

import numpy as np
import streamlit as st

from components.guard import guarded
from components.results.decided import cases_as_shown
from components.results.gallery import gallery
from components.results.report import Report

_KINDS = {"mistakes": "Surest mistakes", "losses": "Top losses", "unsure": "Least sure", "right": "Surest right"}
_HELP = {
    "mistakes": "Wrong, and sure of it.",
    "losses": "Where the true class got the least probability, right or wrong: what costs the most in training.",
    "unsure": "The best answer is the least probable.",
    "right": "Right, and sure of it.",
}


@st.fragment
@guarded()
def show(report: Report) -> None:
    """A gallery of one kind at a time."""
    cases = report.cases
    if cases is None or report.kept not in cases.probabilities:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Texts" if report.is_text else "Pictures")
        kind = st.segmented_control(
            "Show",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            default="mistakes",
            required=True,
            key="kind",
            label_visibility="collapsed",
        )
    st.caption(_HELP[kind])
    gallery(report, _rows(report, kind), "pictures", most=6 if report.is_text else 14)


def _rows(report: Report, kind: str) -> np.ndarray:
    cases, rows = cases_as_shown(report), report.rows
    if kind == "losses":
        of_truth = cases.probabilities[report.kept][rows, cases.labels[rows]]
        return rows[np.argsort(of_truth, kind="stable")]
    pick = {"mistakes": cases.mistakes, "unsure": cases.unsure, "right": cases.right}[kind]
    return pick(report.kept, rows)
