"""Through the epochs: how the answer to a dozen held-out pictures moved."""

from pathlib import Path
from typing import Any

import streamlit as st

from components.charts.trajectory import trajectories
from components.guard import guarded
from components.picture_grid import picture_grid
from components.plot import plot
from components.results import picture
from components.results.clicks import clicked
from components.results.report import Report
from components.running_samples import answers
from components.theme import phase_chip
from components.thumbnails import thumbnails
from core.record import Run


@st.cache_resource(max_entries=4, show_spinner=False)
def _rounds(path: str, stamp: int) -> list[dict[str, Any]]:
    return Run(path).events(("samples",))


@st.fragment
@guarded()
def show(report: Report) -> None:
    """A slider over the epochs, the pictures as they were answered then, and the whole way as lines."""
    with guarded():
        _content(report)


def _content(report: Report) -> None:
    run, dataset = report.run, report.run.dataset()
    try:
        rounds = _rounds(str(run.path), run.events_file.stat().st_mtime_ns)
    except OSError:
        rounds = []
    if dataset is None or not rounds or not rounds[-1]["rows"]:
        return
    st.subheader("Epoch by epoch", help="The same dozen held-out examples, never trained on, after every epoch.")
    epochs = [event["epoch"] for event in rounds]
    epoch = st.select_slider("Epoch", epochs, value=epochs[-1], key=f"epoch-{run.id}") if len(epochs) > 1 else epochs[0]
    place = epochs.index(epoch)
    now, before = rounds[place], rounds[place - 1] if place else None
    st.html(phase_chip(now["phase"], report.config.way))
    files = [dataset["files"][row] for row in now["rows"]]
    small = (
        [None] * len(files)
        if report.is_text
        else thumbnails([str(Path(dataset["root"]) / file["path"]) for file in files], 320, report.reading)
    )
    items = answers(dataset["classes"], files, small, now, before)
    if report.is_text:
        items = [item._replace(text=report.text(f["path"])[:300]) for item, f in zip(items, files, strict=True)]
    truths = [file["label"] for file in files]
    figure = trajectories(rounds, truths, [dataset["classes"][n] for n in truths], epoch, run.id, report.unit)
    words = f"The probability of the true class of {len(files)} held-out {report.unit}s over {len(rounds)} epochs."
    left, right = st.columns([2, 3], gap="medium")
    with left:
        result = plot(figure, title="Probability of the true class", text=words, key="trajectory", height=330)
        st.caption(f"Each line is one of the {report.unit}s: how probable its true class was. A click opens it.")
    with right:
        opened = picture_grid(items, "scrubber")
    if isinstance(line := clicked(result), int) and line < len(files):
        opened = line
    if opened is not None:
        picture.open_large(report, files[opened]["path"])
