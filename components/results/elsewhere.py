"""How good is it on other data: a labelled folder that the run has never seen, scored in a process of its own."""

from typing import Any

import streamlit as st

from components.escape import as_html, as_markdown, shown
from components.facts import Fact, facts
from components.guard import guarded
from components.numbers import interval, percent, plural
from components.results.report import Report
from core import evaluate, run_jobs
from core.files import read_json

_SHARE = {"format": "percent", "min_value": 0.0, "max_value": 1.0}
_KIND = "evaluate"


def show(report: Report) -> None:
    """Where the other data lies, and what the kept model makes of them."""
    st.subheader(
        "And on other data?",
        help="Figures hold for examples like those that were held out. Score the model on others that have labels, "
        "from another place or another time, before relying on it.",
    )
    busy = run_jobs.poll(report.run, _KIND)["state"] == run_jobs.RUNNING
    st.fragment(guarded()(_content), run_every=1.0 if busy else None)(report, busy)


def _content(report: Report, waiting: bool) -> None:
    with guarded():
        job = run_jobs.poll(report.run, _KIND)
        busy = job["state"] == run_jobs.RUNNING
        if busy != waiting:
            st.rerun()
        found = read_json(report.run.elsewhere_file)
        found = found if isinstance(found, dict) else {}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                "A table with the same columns" if report.is_text else "A folder with the same classes",
                value=shown(str(found.get("data", ""))),
                placeholder="/data/from-another-place",
                key=f"elsewhere-{report.run.id}",
                disabled=busy,
            )
            if st.button("Score it", key="score-elsewhere", icon=":material/fact_check:", disabled=busy or not typed):
                evaluate.ask(report.run, str(found["data"]) if typed == shown(str(found.get("data", ""))) else typed)
                run_jobs.start(report.run, _KIND)
                st.rerun()
        if busy:
            st.caption(f"Scoring {as_markdown(typed)} in a process of its own.")
        elif job["state"] == run_jobs.FAILED:
            st.error(as_markdown(str(job["message"])), icon=":material/error:")
        elif found.get("per_class"):
            _figures(report, found)


def _figures(report: Report, found: dict[str, Any]) -> None:
    against = found.get("against") or {}
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        label = f"right on {plural(found['n'], f'other {report.unit}')}"
        st.html(facts([Fact(percent(found["accuracy"]), label, tone="big")]))
        st.markdown(f"Likely between **{interval(found.get('accuracy_interval'))}**, after phase {found['phase']}")
    with right:
        if against.get("verdict"):
            st.html(f'<div class="thaw-verdict">{as_html(against["verdict"])}</div>')
        if found.get("left_out"):
            st.caption(f"{plural(len(found['left_out']), 'file')} could not be read and took no part.")
    before = {row["class"]: row["recall"] for row in report.figures.get(found["phase"], {}).get("per_class", [])}
    rows = sorted((row for row in found["per_class"] if row["support"]), key=lambda row: row["recall"])
    st.dataframe(
        [
            {
                "class": shown(row["class"]),
                "found": row["recall"],
                "held_out": before.get(row["class"]),
                "named": row["precision"],
                "n": row["support"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(460, 38 + 36 * len(rows)),
        column_config={
            "class": st.column_config.TextColumn("Class"),
            "found": st.column_config.ProgressColumn("Found here", help="Recall on the other data.", **_SHARE),
            "held_out": st.column_config.ProgressColumn(
                "Found among the held-out", help="Recall on the run's own held-out examples.", **_SHARE
            ),
            "named": st.column_config.ProgressColumn("Right when named here", help="Precision.", **_SHARE),
            "n": st.column_config.NumberColumn(f"{report.unit.capitalize()}s", format="localized"),
        },
        alt="Recall here and among the held-out examples, precision and number of examples for each class",
    )
