"""Pictures of a report with their answer; each opens large."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from components.guard import guarded
from components.picture_grid import picture_grid
from components.pictures import Card
from components.results import picture
from components.results.decided import probabilities
from components.results.report import Report
from components.thumbnails import thumbnails
from core import decision
from core.decision import Line


def gallery(
    report: Report,
    rows: Sequence[int] | np.ndarray,
    key: str,
    most: int = 12,
    phase: int | None = None,
    line: Line | None = None,
) -> None:
    """The first of `rows` as cards, more on demand; says so where there is none, or where the files are gone.

    Args:
        report: the run's.
        rows: of the report's cases, in the order to show.
        key: of the grid, for this place on the page.
        most: how many are shown at first.
        phase: whose answers are shown; the kept one by default.
        line: by which the title calls them; by default each is called by its most probable class.
    """
    cases = report.cases
    if cases is None:
        return
    if not len(rows):
        st.caption("None.")
        return
    place = f"{key}-more-{report.run.id}-{int(rows[0])}-{len(rows)}"
    limit = most + st.session_state.get(place, 0)
    shown = [int(row) for row in rows[:limit]]
    items = cards_of(report, shown, phase or report.kept, line)
    opened = picture_grid(items, key)
    if not report.is_text and not any(item.picture for item in items):
        st.caption("The picture files are no longer where they were, so only the answers can be shown.")
    if len(rows) > limit:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{limit} of {len(rows):,}", width="content")
            st.button("Show more", key=f"{key}-more", type="tertiary", on_click=_more, args=(place, most))
    if opened is not None:
        picture.open_large(report, cases.paths[shown[opened]], line=line)


def cards_of(report: Report, rows: Sequence[int], phase: int, line: Line | None = None) -> list[Card]:
    """Cards of rows of the report's cases, with the answers of a phase by a line or, without one, the likeliest."""
    cases = report.cases
    assert cases is not None
    rows = list(rows)
    pictures = (
        [None] * len(rows) if report.is_text else thumbnails([cases.file(row) for row in rows], 320, report.reading)
    )
    shares = probabilities(report, rows, phase)  # (N, C)
    answers = decision.chosen(shares, line)
    return [
        Card(
            small,
            cases.classes[cases.labels[row]],
            cases.classes[answer],
            float(share[answer]),
            right=bool(answer == cases.labels[row]),
            text=report.text(cases.paths[row])[:400],
        )
        for row, small, answer, share in zip(rows, pictures, answers, shares, strict=True)
    ]


@guarded()
def _more(place: str, most: int) -> None:
    st.session_state[place] = st.session_state.get(place, 0) + 2 * most
