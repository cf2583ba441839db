"""Results of a run with the Medical preset: how many of the ill are found and how many of the healthy let go."""

from typing import Any

import streamlit as st

from components.escape import as_markdown, shown
from components.facts import Fact, facts
from components.guard import guarded
from components.numbers import interval, percent
from components.results.decided import answered
from components.results.report import Report
from core import decision
from core.evaluation import diagnostic

NOTICE = (
    "This is no medical device. It is for research and teaching: nothing here may decide about a patient. "
    "Figures on held-out pictures of one clinic say little about those of another."
)
_GOALS = [0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0]


def is_medical(report: Report) -> bool:
    """Whether the run started from the Medical preset."""
    return report.config.preset == "medical"


@st.fragment
@guarded()
def show(report: Report) -> None:
    """The notice, sensitivity and specificity of each class, and the threshold that a wanted sensitivity costs."""
    st.info(f"{NOTICE} {report.patients_unknown}".strip(), icon=":material/info:")
    rows = diagnostic.by_class(report.best["confusion"], report.classes_as_named)
    if len(rows) > 2:
        _table(rows)
    positive = _to_find(report)
    if len(rows) == 2:
        _by_the_more_probable(report, rows[positive])
    _threshold(report, positive)


def _table(rows: list[dict[str, Any]]) -> None:
    st.subheader("Each class against the others")
    st.dataframe(
        [
            {
                "Class": shown(row["class"]),
                "Sensitivity": percent(row["sensitivity"]),
                "likely": interval(row["sensitivity_interval"]),
                "Specificity": percent(row["specificity"]),
                "likely ": interval(row["specificity_interval"]),
                "Of it": row["positive"],
            }
            for row in rows
        ],
        hide_index=True,
        alt="Sensitivity and specificity of each class with exact 95 % intervals",
    )
    st.caption("Intervals are exact (Clopper and Pearson), 95 %.")


def _to_find(report: Report) -> int:
    """The class that stands against the other, or all others."""
    names, line = report.classes_as_named, decision.drawn(report.classes_as_named, report.run.notes())
    return st.segmented_control(
        "What is to be found",
        list(range(len(names))),
        format_func=lambda k: as_markdown(shown(names[k])),
        default=line[0] if line else 1,
        required=True,
        key=f"medical-positive-{report.run.id}",
    )


def _by_the_more_probable(report: Report, row: dict[str, Any]) -> None:
    st.html(facts(_pair(row)))
    st.caption(
        f"By the more probable class, on the {report.split_name} pictures. "
        "Intervals are exact (Clopper and Pearson), 95 %."
    )


def _pair(row: dict[str, Any]) -> list[Fact]:
    return [
        Fact(percent(row[key]), f"{key}, likely {interval(row[f'{key}_interval'])}", help_, "big")
        for key, help_ in (
            ("sensitivity", "The share of those to be found that is found."),
            ("specificity", "The share of all others that is let go."),
        )
    ]


def _threshold(report: Report, positive: int) -> None:
    """A threshold at a chosen sensitivity, tried on the held-out pictures and kept in the run's notes."""
    cases, notes, name = report.cases, report.run.notes(), report.classes_as_named[positive]
    if cases is None or report.kept not in cases.probabilities:
        return
    held = answered(report, report.held_out_rows)
    if not (cases.labels[held] == positive).any():
        st.caption(f"No held-out picture is of {as_markdown(shown(name))}: there is nothing to choose a threshold on.")
        return
    goal = st.select_slider(
        "Find at least",
        _GOALS,
        value=0.95,
        format_func=lambda share: percent(share, 0),
        key=f"medical-sensitivity-{report.run.id}",
    )
    found = diagnostic.at_sensitivity(
        cases.probabilities[report.kept][held],
        cases.labels[held],
        positive,
        goal,
        decision.temperature(notes, report.config.calibrate, report.held_out),
    )
    st.html(facts(_pair(found)))
    several = len(report.classes) > 2
    which = " that get an answer" if len(held) < len(report.held_out_rows) else ""
    rest = ", and all else by the most probable of the others" if several else ""
    st.caption(
        f"On the held-out pictures{which}, if everything from a probability of {percent(found['value'])} on is called "
        f"{as_markdown(shown(name))}{rest}. The threshold was chosen on these pictures, so they flatter it a little."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Answer by this threshold", key="medical-threshold", icon=":material/check:"):
            report.run.write_notes(threshold={"class": name, "value": found["value"]})
            st.rerun()
        if line := decision.drawn(report.classes_as_named, notes):
            if st.button(
                f"Answer by the {'most' if several else 'more'} probable class",
                key="medical-no-threshold",
                type="tertiary",
            ):
                report.run.write_notes(threshold=None)
                st.rerun()
            which = as_markdown(shown(report.classes_as_named[line[0]]))
            st.caption(f"In use: {which} from {percent(line[1])} on.")
