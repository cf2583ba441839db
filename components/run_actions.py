"""What can be done with the ticked runs: open, rename, download, delete, compare."""

import streamlit as st

from components import again, selection
from components.charts.overlay import in_words, overlay
from components.downloads import download_buttons
from components.escape import as_markdown, shown
from components.guard import guarded, say
from components.numbers import plural
from components.plot import plot
from core import launcher, record
from core.any_text import whole
from core.errors import ThawError
from core.record import Run

_MOST = 8  # curves that can be told apart


def actions(runs: list[Run]) -> None:
    """Buttons for the ticked runs."""
    with st.container(horizontal=True):
        if len(runs) == 1:
            _single(runs[0])
        if st.button("Delete", icon=":material/delete:", key="delete"):
            _delete(runs)
    if len(runs) == 1:
        download_buttons(runs[0], "runs")


def _single(run: Run) -> None:
    state = run.state()
    if state in record.LIVE:
        if st.button("Watch", type="primary", icon=":material/visibility:", key="open"):
            selection.go("train", run=run.id)
        st.button("Stop", icon=":material/stop:", key="runs-stop", on_click=guarded()(launcher.stop), args=(run,))
    elif run.evaluation(1):
        if st.button("Open", type="primary", icon=":material/insights:", key="open"):
            selection.go("results", run=run.id)
    elif st.button("Open", icon=":material/visibility:", key="open"):
        selection.go("train", run=run.id)
    if state in (record.INTERRUPTED, record.STOPPED, record.FAILED):
        st.button(
            "Resume", icon=":material/play_arrow:", key="runs-resume", on_click=guarded()(again.resume), args=(run,)
        )
    if st.button("Rename", icon=":material/edit:", key="rename"):
        _rename(run)


@st.dialog("Rename")
@guarded()
def _rename(run: Run) -> None:
    name = st.text_input("Name", value=whole(run.name()), max_chars=200)
    if st.button("Rename", type="primary", key="rename-yes", disabled=not name.strip()):
        run.write_notes(name=name.strip())
        st.rerun()


@st.dialog("Delete?")
@guarded()
def _delete(runs: list[Run]) -> None:
    names = ", ".join(f"**{as_markdown(run.name())}**" for run in runs[:5]) + (" and more" if len(runs) > 5 else "")
    st.markdown(f"This deletes {names} with models and figures for good. The data stay where they are.")
    if st.button(f"Delete {plural(len(runs), 'run')}", type="primary", icon=":material/delete:", key="delete-yes"):
        for run in runs:
            try:
                run.delete()
            except ThawError as error:
                say(error)
                return
        if st.query_params.get("run") in {run.id for run in runs}:
            selection.choose(run=None)
        st.rerun()


def compare(runs: list[Run]) -> None:
    """The curves of the ticked runs."""
    names: dict[str, list[dict[str, object]]] = {}
    for run in runs[:_MOST]:
        name = shown(run.name())
        name = f"{name} ({run.id})" if name in names else name
        names[name] = run.events(("epoch",))
    left, right = st.columns(2, gap="large")
    for place, measure, title in ((left, "val_accuracy", "Held-out accuracy"), (right, "val_loss", "Held-out loss")):
        with place:
            st.subheader(title)
            plot(
                overlay(names, measure),
                title=title,
                text=in_words(names, measure),
                key=f"overlay-{measure}",
                height=360,
            )
    if len(runs) > _MOST:
        st.caption(f"The first {_MOST} of {len(runs)} ticked runs.")
