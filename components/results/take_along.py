"""What to take along: the report, the code and the model card, each made on demand in a process of its own."""

import streamlit as st

from components.downloads import download_buttons
from components.escape import as_markdown
from components.guard import guarded
from components.results.report import Report
from core import run_jobs
from core.files import is_file
from core.record import Run

# kind: title, what it is, icon, type of the file
_KINDS = {
    "report": (
        "Report",
        "One page that reads without the app: the question, data, recipe, curves, results, mistakes, verdict, limits. "
        "Print it for a PDF.",
        ":material/description:",
        "text/html",
    ),
    "code": (
        "Code",
        "A standalone train.py, TensorFlow and Keras alone (for texts KerasHub too), that reproduces this run.",
        ":material/code:",
        "text/x-python",
    ),
    "card": (
        "Model card",
        "What the model is for, how it did, and for whom not, after “Model Cards for Model Reporting”.",
        ":material/badge:",
        "text/markdown",
    ),
}


def show(report: Report) -> None:
    """A card for each of the three, and the files that are there already."""
    run = report.run
    busy = any(run_jobs.poll(run, kind)["state"] == run_jobs.RUNNING for kind in _KINDS)
    st.fragment(guarded()(_kinds), run_every=1.0 if busy else None)(run, busy)
    st.subheader("Files")
    download_buttons(run, "results")


def _kinds(run: Run, waiting: bool) -> None:
    with guarded():
        states = {kind: run_jobs.poll(run, kind) for kind in _KINDS}
        busy = any(state["state"] == run_jobs.RUNNING for state in states.values())
        if busy != waiting:
            st.rerun()
        for place, (kind, state) in zip(st.columns(3, gap="medium"), states.items(), strict=True):
            with place.container(border=True, height="stretch"):
                _kind(run, kind, state["state"], str(state["message"]))


def _kind(run: Run, kind: str, state: str, message: str) -> None:
    title, words, icon, mime = _KINDS[kind]
    st.markdown(f"{icon} **{title}**")
    st.caption(words)
    file = run_jobs.exported(run, kind)
    if state == run_jobs.RUNNING:
        st.button("Making it…", key=f"make-{kind}", disabled=True, icon=":material/hourglass_empty:")
        return
    if state == run_jobs.FAILED:
        st.error(as_markdown(message))
    if state == run_jobs.DONE and is_file(file):
        with st.container(horizontal=True):
            st.download_button(
                f"Download {file.name}",
                file.read_bytes(),  # not on demand: Streamlit forgets what to call at every rerun, under a click too
                file_name=file.name,
                mime=mime,
                key=f"get-{kind}",
                icon=":material/download:",
                type="primary",
                on_click="ignore",
            )
            st.button("Again", key=f"again-{kind}", type="tertiary", on_click=_start, args=(run, kind))
        if run_jobs.is_older(run, kind):
            st.caption(":material/history: The run, or what was decided about it, changed after this was made.")
        return
    st.button("Make it", key=f"make-{kind}", icon=":material/play_arrow:", on_click=_start, args=(run, kind))


@guarded()
def _start(run: Run, kind: str) -> None:
    run_jobs.start(run, kind)
