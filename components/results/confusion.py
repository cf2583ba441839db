"""Where is it wrong: which class is taken for which. A click on a cell shows its pictures."""

from typing import Any

import streamlit as st

from components.charts.matrix import in_words, matrix
from components.escape import as_markdown
from components.plot import plot
from components.results.gallery import gallery
from components.results.report import Report


@st.fragment
def show(report: Report) -> None:
    """The matrix beside the pictures of the cell that was clicked."""
    classes, confusion = report.classes, report.best["confusion"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("What is taken for what")
        kind = st.segmented_control(
            "Cells hold",
            ["counts", "shares"],
            default="counts",
            required=True,
            key="cells",
            label_visibility="collapsed",
        )
    left, right = st.columns([1, 1], gap="large")
    height = min(760, max(300, 110 + 42 * len(classes)))
    with left:
        figure = matrix(confusion, classes, kind == "shares")
        words = in_words(confusion, classes)
        result = plot(figure, title="Confusion matrix", text=words, key="confusion", height=height)
        st.caption(as_markdown(words))
    with right:
        _cell(report, _clicked(result, report))


def _clicked(result: Any, report: Report) -> tuple[int, int] | None:
    """The cell that was clicked last; at first the most frequent confusion."""
    place = f"cell-{report.run.id}"
    custom = (getattr(result, "clicked", None) or {}).get("custom")
    if isinstance(custom, list) and len(custom) >= 2:
        st.session_state[place] = (int(custom[0]), int(custom[1]))
    confusion = report.best["confusion"]
    wrong = [(n, i, j) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n]
    first = max(wrong)[1:] if wrong else None
    cell: tuple[int, int] | None = st.session_state.get(place, first)
    return cell


def _cell(report: Report, cell: tuple[int, int] | None) -> None:
    if cell is None or report.cases is None or max(cell) >= len(report.classes):
        return
    true, predicted = (report.classes[i] for i in cell)
    words = "found" if cell[0] == cell[1] else f"taken for **{as_markdown(predicted)}**"
    st.markdown(f"**{as_markdown(true)}** {words}")
    gallery(report, report.cases.in_cell(report.kept, *cell, report.cases.rows("validation")), most=9)
    st.caption("Click a cell of the matrix to see its pictures.")
