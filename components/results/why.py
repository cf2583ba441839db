"""Why: where the network looked, and how its answers came about."""

import numpy as np
import streamlit as st

from components.guard import guarded
from components.picture_grid import picture_grid
from components.results import picture, scrubber, word_views
from components.results.decided import cases_as_shown
from components.results.gallery import cards_of
from components.results.report import Report

_EACH = 6


def show(report: Report) -> None:
    """Pictures to ask about, or texts with their words, and the epochs."""
    if report.is_text:
        word_views.samples(report)
    else:
        _looked(report)
    scrubber.show(report)


@st.fragment
@guarded()
def _looked(report: Report) -> None:
    if report.cases is None or report.kept not in report.cases.probabilities:
        return
    cases = cases_as_shown(report)
    st.subheader("Where it looked")
    st.caption("Open a picture to see what spoke for a class, before and after thawing: mistakes first, then hits.")
    wrong = cases.mistakes(report.kept, report.rows)[:_EACH]
    hits = cases.right(report.kept, report.rows)
    spread = (
        hits[np.linspace(0, len(hits) - 1, min(2 * _EACH - len(wrong), len(hits))).astype(int)] if len(hits) else hits
    )
    rows = [int(row) for row in [*wrong, *spread]]
    opened = picture_grid(cards_of(report, rows, report.kept), "why", dozen=True)
    if opened is not None:
        picture.open_large(report, cases.paths[rows[opened]], explain=True)
