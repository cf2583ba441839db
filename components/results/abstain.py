"""What it buys to say "none of these" when unsure."""

from typing import Any

import numpy as np
import streamlit as st

from components.charts.calibration import coverage
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.numbers import percent, plural
from components.plot import plot
from components.results.clicks import last
from components.results.decided import follow, line, probabilities
from components.results.gallery import gallery
from components.results.report import Report
from core import decision
from core.evaluation import abstention, thresholds


@st.fragment
@guarded()
def show(report: Report) -> None:
    """Accuracy against coverage, and the share that is chosen on it."""
    assert report.cases is not None
    follow(report)
    st.subheader("“None of these”", help="Where even its best answer is less sure than this, it gives none.")
    held_out = report.held_out_rows  # a test split takes part in no choice
    found, labels = probabilities(report, held_out), report.cases.labels[held_out]
    share, drawn = min(1.0, decision.least_sure(report.run.notes())), line(report)
    now = abstention.at(found, labels, share, drawn)
    curve = abstention.coverage_curve(found, labels, line=drawn)
    words = f"{_buys(now, f'held-out {report.unit}s')} A click on the line shows what would be left to people."
    figure = coverage(curve, now)
    result = plot(figure, title="Accuracy against coverage", text=words, key="coverage", height=300)
    if len(test := report.test_rows):
        on_test = abstention.at(probabilities(report, test), report.cases.labels[test], share, drawn)
        words += f" {_buys(on_test, f'test {report.unit}s')}"
    st.caption(f"{words} Answers are those by the line." if drawn else words)
    key = f"abstain-{report.run.id}"
    st.slider(
        "Give no answer below",
        0.0,
        0.999,
        step=0.001,
        format="percent",
        on_change=guarded()(lambda: report.run.write_notes(abstain=st.session_state[key] or None)),
        **held(key, min(0.999, round(share, 3))),
    )
    if share != min(0.999, round(share, 3)):
        st.caption(f"It lies at {100 * share:.7g} %; the slider shows it rounded.")
    st.html(
        facts(
            [
                Fact(percent(now["coverage"]), "answered"),
                Fact(percent(now["accuracy"]), "right of those"),
                Fact(f"{len(labels) - now['n']:,}", "left to people"),
            ]
        )
    )
    _left(report, held_out, found, last(result, f"coverage-{report.run.id}"), share)


def _buys(row: dict[str, Any], examples: str) -> str:
    return f"Answering {percent(row['coverage'])} of the {examples}, it is right on {percent(row['accuracy'])}."


def _left(report: Report, rows: np.ndarray, found: np.ndarray, share: float | None, now: float) -> None:
    """What goes unanswered from the point on that was clicked, the least sure first."""
    if share is None:
        return
    sure = found.max(axis=1)
    left = np.flatnonzero(sure < share)
    line = thresholds.just_below(sure, share)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plural(len(left), report.unit)} less than {percent(share, 2)} sure**", width="content")
        if line != now:
            st.button(
                "Give no answer to these",
                key="coverage-set",
                icon=":material/block:",
                on_click=guarded()(lambda: report.run.write_notes(abstain=line)),
            )
    gallery(report, rows[left[np.argsort(sure[left])]], "coverage-left", most=4 if report.is_text else 8)
