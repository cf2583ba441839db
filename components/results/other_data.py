"""How good is it on other data: a labelled folder that the run has never seen, scored in a process of its own."""

from typing import Any

import streamlit as st

from components.escape import as_html, as_markdown, shown
from components.facts import Fact, facts
from components.guard import guarded
from components.numbers import SHARES, hundredfold, interval, percent, plural
from components.results.report import Report
from core import other_data, run_jobs
from core.evaluation.shift import own

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
        job, asked = run_jobs.poll(report.run, _KIND), other_data.asked(report.run)
        busy = job["state"] == run_jobs.RUNNING
        if busy != waiting:
            st.rerun()
        _question(report, asked, busy)
        found = other_data.read(report.run)
        if busy:
            st.caption(f"Scoring {as_markdown(shown(asked))} in a process of its own.")
        elif job["state"] == run_jobs.FAILED:
            st.error(as_markdown(str(job["message"])), icon=":material/error:")
        elif found:
            _figures(report, found)


def _question(report: Report, asked: str, busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "A table with the same columns" if report.is_text else "A folder with the same classes",
            value=shown(asked),
            placeholder="/data/from-another-place",
            key=f"other-data-{report.run.id}",
            disabled=busy,
        )
        if st.button("Score it", key="score-other-data", icon=":material/fact_check:", disabled=busy):
            other_data.ask(report.run, asked if typed == shown(asked) else typed)
            run_jobs.start(report.run, _KIND)
            st.rerun()


def _figures(report: Report, found: dict[str, Any]) -> None:
    known = own(report.figures.get(found["phase"], {}))
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        label = f"right on {plural(found['n'], f'other {report.unit}')}"
        st.html(facts([Fact(percent(found["accuracy"]), label, tone="big")]))
        st.markdown(f"Likely **{interval(found.get('accuracy_interval'))}**, after phase {found['phase']}")
    with right:
        st.html(f'<div class="thaw-verdict">{as_html(_verdict(report, found))}</div>')
        st.caption(as_markdown(_about(report, found)))
    _classes(report, found, *(known or ({}, "held-out")))


def _verdict(report: Report, found: dict[str, Any]) -> str:
    if not found["current"]:
        return "Of an earlier model of this run, or of its other phase. Score it again."
    if found.get("own"):
        return (
            f"These are the data that the run was trained on, {report.unit}s that it learned from among them: no test."
        )
    against = found.get("against")
    return str(against["verdict"]) if isinstance(against, dict) and "verdict" in against else ""


def _about(report: Report, found: dict[str, Any]) -> str:
    """Which data, and what of them took no part."""
    left_out = found.get("left_out") or []
    one = "text or file" if report.is_text else "file"
    rest = f" {plural(len(left_out), one, one + 's')} took no part: unreadable, or without a label." if left_out else ""
    return f"On {shown(str(found.get('data', '')))}.{rest}"


def _classes(report: Report, found: dict[str, Any], known: dict[str, Any], name: str) -> None:
    before = {row["class"]: row["recall"] for row in known.get("per_class", []) if row["support"]}
    rows = sorted((row for row in found["per_class"] if row["support"]), key=lambda row: row["recall"])
    st.dataframe(
        [
            {
                "class": shown(row["class"]),
                "found": hundredfold(row["recall"]),
                "before": hundredfold(before.get(row["class"])),
                "named": hundredfold(row["precision"]),
                "n": row["support"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(460, 38 + 36 * len(rows)),
        column_config={
            "class": st.column_config.TextColumn("Class"),
            "found": st.column_config.ProgressColumn("Found here", help="Recall on the other data.", **SHARES),
            "before": st.column_config.ProgressColumn(
                f"Found among the {name}", help=f"Recall on the run's own {name} examples.", **SHARES
            ),
            "named": st.column_config.ProgressColumn("Right when named here", help="Precision.", **SHARES),
            "n": st.column_config.NumberColumn(f"{report.unit.capitalize()}s", format="localized"),
        },
        alt="Recall here and among the run's own examples, precision and number of examples for each class",
    )
