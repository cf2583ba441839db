"""Was phase 2 worth it: the same pictures after both phases."""

import streamlit as st

from components.escape import as_html
from components.facts import Fact, facts
from components.numbers import duration, percent, points
from components.results.gallery import gallery
from components.results.report import Report


def show(report: Report) -> None:
    """Both accuracies, what was mended and broken, and which model is kept."""
    st.header("Was phase 2 worth it?")
    if 2 not in report.figures:
        st.markdown("There was no phase 2 in this run: the network stayed frozen.")
        return
    one, two = report.figures[1], report.figures[2]
    if "verdict" in two:
        st.html(f'<div class="thaw-verdict">{as_html(two["verdict"])}</div>')
    shown = [
        Fact(percent(one["accuracy"]), "after phase 1, frozen", tone="ice"),
        Fact(percent(two["accuracy"]), "after phase 2, thawed", tone="ember"),
        Fact(points(two["accuracy"] - one["accuracy"]), "difference"),
    ]
    if two.get("seconds"):
        shown.append(Fact(duration(two["seconds"]), "for phase 2"))
    if report.status.get("seconds_total"):
        shown.append(Fact(duration(report.status["seconds_total"]), "for the whole run"))
    st.html(facts(shown))
    _choice(report)
    _galleries(report)


def _choice(report: Report) -> None:
    names = {1: ":blue[:material/ac_unit:] Phase 1", 2: ":orange[:material/local_fire_department:] Phase 2"}
    st.segmented_control(
        "Keep and use the model of",
        [1, 2],
        format_func=names.__getitem__,
        default=report.kept,
        required=True,
        key="keep",
        on_change=lambda: report.run.write_notes(kept=st.session_state["keep"]),
    )


def _galleries(report: Report) -> None:
    cases = report.cases
    if cases is None or not {1, 2} <= set(cases.probabilities):
        return
    mended, broken = cases.changed(cases.rows("validation"))
    left, right = st.columns(2, gap="large")
    for place, title, rows in ((left, "Mended", mended), (right, "Broken", broken)):
        with place:
            st.subheader(f"{title}: {len(rows)}")
            gallery(report, rows, most=8, phase=2)
