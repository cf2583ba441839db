"""What is taken for what at a line on one class, and the examples of a cell or a bar beside it."""

from typing import Any

import numpy as np
import streamlit as st

from components.charts.matrix import matrix
from components.escape import as_markdown
from components.numbers import interval, plural
from components.plot import plot
from components.results.decided import answered, probabilities
from components.results.gallery import gallery
from components.results.report import Report
from core import decision
from core.decision import Line
from core.evaluation.confusions import counted, most_confused

# A bar between two probabilities, 0 for the class or 1 for the rest; or a cell: truth and answer, by class.
Picked = tuple[float | None, float | None, int, int | None]


def matrix_at(report: Report, line: Line, words: str) -> Any:
    """What is taken for what at the line, of what gets an answer; returns its click."""
    assert report.cases is not None
    rows = answered(report, report.held_out_rows)
    answers = decision.chosen(probabilities(report, rows), line)
    cells = counted(report.cases.labels[rows], answers, len(report.classes))
    picked = most_confused(cells)
    figure = matrix(cells, report.classes, False, report.unit, picked)
    return plot(figure, title="At this line", text=words, key="threshold-matrix", height=186 + 42 * len(picked))


def examples(report: Report, line: Line, picked: Picked) -> None:
    """The examples of the bar or the cell that was clicked, those nearest to the line first."""
    (positive, value), (lower, upper, side, answer) = line, picked
    assert report.cases is not None
    among = answered(report, report.held_out_rows)
    shares, labels = probabilities(report, among), report.cases.labels[among]
    found = shares[:, positive]
    if lower is None or upper is None:
        true, called = side, answer or 0
        inside = (labels == true) & (decision.chosen(shares, line) == called)
        names = [as_markdown(report.classes[k]) for k in (true, called)]
        words = f"{names[0]}, rightly so called" if true == called else f"{names[0]} called {names[1]}"
    else:
        inside = ((labels == positive) == (side == 0)) & (found >= lower) & ((found < upper) | (upper == 1))
        names = [as_markdown(name) for name in (report.classes[positive], rest(report, positive))]
        words = f"{names[side]} with {interval((lower, upper))} for {names[0]}"
    rows = np.flatnonzero(inside)
    st.markdown(f"**{words}**: {plural(len(rows), report.unit)}")
    rows = rows[np.argsort(np.abs(found[rows] - value), kind="stable")]
    gallery(report, among[rows], "line", most=4 if report.is_text else 7, line=line)


def rest(report: Report, positive: int) -> str:
    """What is not of a class: the other of two, else no name of its own."""
    return report.classes[1 - positive] if len(report.classes) == 2 else f"not {report.classes[positive]}"
