"""Where is it wrong: which class is taken for which. A click on a cell shows its pictures."""

from typing import Any

import streamlit as st

from components.charts.matrix import in_words, matrix
from components.escape import as_markdown
from components.guard import guarded
from components.plot import plot
from components.results.clicks import clicked
from components.results.decided import cases_as_shown
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation.confusions import most_confused

Cell = tuple[int, int]  # true class, answer
_MOST_CELLS = 300  # that are listed; a click reaches the others


@st.fragment
@guarded()
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
    picked = most_confused(confusion)
    height = min(760, max(300, 110 + 42 * len(picked)))
    with left:
        figure = matrix(confusion, classes, kind == "shares", report.unit, picked)
        words = in_words(confusion, classes, report.unit)
        result = plot(figure, title="Confusion matrix", text=words, key="confusion", height=height)
        if len(picked) < len(classes):
            words = f"The {len(picked)} of {len(classes):,} classes with the most confusions. {words}"
        st.caption(as_markdown(words))
    with right:
        _cell(report, result)


def _cells(confusion: list[list[int]], chosen: Cell | None) -> list[Cell]:
    """Cells with pictures: the confusions, the most frequent first, then what was found; of very many, some.

    The one that is `chosen` is always among them.
    """
    filled = [(i, j, n) for i, row in enumerate(confusion) for j, n in enumerate(row) if n]
    cells = [(i, j) for i, j, _ in sorted(filled, key=lambda cell: (cell[0] == cell[1], -cell[2]))][:_MOST_CELLS]
    return cells if chosen is None or chosen in cells else [chosen, *cells]


def _follow_click(result: Any, place: str, confusion: list[list[int]]) -> None:
    """Choose the cell that was clicked, if it holds pictures."""
    custom = clicked(result)
    if isinstance(custom, list) and confusion[int(custom[0])][int(custom[1])]:
        st.session_state[place] = (int(custom[0]), int(custom[1]))


def _cell(report: Report, result: Any) -> None:
    """A list of cells, which a click on the matrix sets too, and the pictures of the chosen one."""
    confusion, place = report.best["confusion"], f"cell-{report.run.id}-{report.kept}-{report.split}"
    if report.cases is None:
        return
    _follow_click(result, place, confusion)
    cells, classes = _cells(confusion, st.session_state.get(place)), report.classes
    if not cells:
        return
    cell = st.selectbox(
        "Texts of" if report.is_text else "Pictures of",
        cells,
        key=place,
        format_func=lambda c: _name(c, classes, confusion),
        help="A click on a cell chooses it too.",
    )
    rows = cases_as_shown(report).in_cell(report.kept, cell[0], cell[1], report.rows)
    gallery(report, rows, "cell", most=4 if report.is_text else 9)


def _name(cell: Cell, classes: list[str], confusion: list[list[int]]) -> str:
    true, answer = (classes[i] for i in cell)
    n = confusion[cell[0]][cell[1]]
    return f"{true}, found ({n})" if cell[0] == cell[1] else f"{true} taken for {answer} ({n})"
