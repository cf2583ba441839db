"""A map of what the network sees: examples that look alike to it lie close together."""

from pathlib import Path

import numpy as np
import streamlit as st

from components.charts.embedding import embedding as drawn
from components.guard import guarded
from components.numbers import percent, plural
from components.picture_grid import picture_grid
from components.pictures import Card, source
from components.plot import Tip, plot
from components.results import picture
from components.results.clicks import clicked
from components.results.report import Report
from components.thumbnails import thumbnails
from core import run_jobs
from core.evaluation import insight
from core.evaluation.insight import Map
from core.record import Run

_KINDS = {"pca": "Straight (PCA)", "tsne": "Neighbours (t-SNE)"}
_PHASES = {1: ":blue[:material/ac_unit:] Phase 1", 2: ":orange[:material/local_fire_department:] Phase 2"}
_MOST = 12


@st.cache_resource(max_entries=4, show_spinner=False)
def _maps(path: str, kind: str, stamp: int) -> dict[int, Map]:
    return insight.embedding(Run(path), kind)


def _known(run: Run, kind: str) -> dict[int, Map]:
    try:
        stamp = (run.embedding_file if kind == "pca" else run.tsne_file).stat().st_mtime_ns
    except OSError:
        return {}
    return _maps(str(run.path), kind, stamp)


def show(report: Report) -> None:
    """The map with its switches, and the pictures of the points that are chosen."""
    if not _known(report.run, "pca"):
        return
    st.subheader(
        "A map of what it sees",
        help="Each point is an example, placed by the features that the network computes. Faint points were learned "
        "from; those of a test split have a ring. Draw around points to see their pictures; a click shows one.",
    )
    busy = run_jobs.poll(report.run, "tsne")["state"] == run_jobs.RUNNING
    st.fragment(guarded()(_map), run_every=1.0 if busy else None)(report, busy)


def _map(report: Report, waiting: bool) -> None:
    with guarded():
        _content(report, waiting)


def _content(report: Report, waiting: bool) -> None:
    with st.container(horizontal=True):
        kind = st.segmented_control(
            "Kind of map",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            default="pca",
            required=True,
            key="map-kind",
            label_visibility="collapsed",
        )
        phases = sorted(_known(report.run, "pca"))
        phase = st.segmented_control(
            "After",
            phases,
            format_func=_PHASES.__getitem__,
            default=phases[-1],
            required=True,
            key="map-phase",
            label_visibility="collapsed",
        )
    maps = _known(report.run, kind)
    if phase not in maps:
        _make(report.run, waiting)
        return
    points = maps[phase]
    left, right = st.columns([3, 2], gap="medium")
    words = f"{len(points.paths):,} {report.unit}s by class, after phase {phase}."
    with left:
        figure = drawn(points, report.classes_as_named, f"{report.run.id}-{kind}-{phase}")
        result = plot(
            figure, title="Map of features", text=words, key="map", height=470, selects=True, tip=_tip(report, points)
        )
        _follow_hover(result, f"map-over-{report.run.id}")
        if sample := _sample(report, points):
            st.caption(sample)
        if points.explained:
            st.caption(
                f"Two directions that hold {percent(sum(points.explained), 0)} of the variation. Faint: learned from."
            )
    with right.container(key="map-side"):
        _chosen(report, points, _follow(result, f"map-{report.run.id}"))


def _sample(report: Report, points: Map) -> str:
    """A sentence where the map does not show every example."""
    n = len(points.paths)
    return f"{n:,} of {points.total:,} {report.unit}s, drawn at random." if n < points.total else ""


def _make(run: Run, waiting: bool) -> None:
    """Have the map made, or wait for it."""
    job = run_jobs.poll(run, "tsne")
    if job["state"] == run_jobs.RUNNING:
        st.caption("Making the map in a process of its own. 5,000 points take about half a minute.")
        st.html('<div class="thaw-bone" style="height:430px"></div>')
        if not waiting:
            st.rerun()
        return
    if waiting:
        st.rerun()
    if job["state"] == run_jobs.FAILED:
        st.error(job["message"])
    st.caption("Keeps neighbours together, at the price of distances that mean little. Made once, then kept.")
    if st.button("Make this map", key="make-tsne", icon=":material/scatter_plot:"):
        run_jobs.start(run, "tsne")
        st.rerun()


def _follow(result: object, place: str) -> list[int]:
    """The points chosen last: by a lasso, or by a click."""
    selected, point = getattr(result, "selected", None), clicked(result)
    if isinstance(selected, list):
        st.session_state[place] = [int(n) for n in selected]
    elif isinstance(point, int):
        st.session_state[place] = [point]
    chosen: list[int] = st.session_state.get(place, [])
    return chosen


def _follow_hover(result: object, place: str) -> None:
    """Where the pointer came to rest on another point, draw again: the component then shows its picture."""
    over = getattr(result, "hovered", None)
    if isinstance(over, int) and st.session_state.get(place) != over:
        st.session_state[place] = over
        st.rerun(scope="fragment")


def _tip(report: Report, points: Map) -> Tip | None:
    """The picture of the point under the pointer."""
    over = st.session_state.get(f"map-over-{report.run.id}")
    if report.is_text or over is None or not 0 <= over < len(points.paths):
        return None
    file = Path((report.run.dataset() or {}).get("root", "")) / points.paths[over]
    small = thumbnails([str(file)], 320, report.reading)[0]
    return {"point": over, "picture": source(small)} if small else None


def _chosen(report: Report, points: Map, chosen: list[int]) -> None:
    rows = [n for n in chosen if 0 <= n < len(points.paths)]
    if not rows:
        st.html('<div class="thaw-empty">Draw around some points, or click one, to see what they are.</div>')
        return
    st.markdown(f"**{plural(len(rows), report.unit)}**")
    spread = [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).round().astype(int))]
    root = Path((report.run.dataset() or {}).get("root", ""))
    files = [str(root / points.paths[n]) for n in spread]
    pictures = [None] * len(spread) if report.is_text else thumbnails(files, 320, report.reading)
    items = [
        Card(small, points.labels[n], points.labels[n], None, text=report.text(points.paths[n])[:200])
        for n, small in zip(spread, pictures, strict=True)
    ]
    opened = picture_grid(items, "map-pictures")
    if len(rows) > len(spread):
        st.caption(f"{len(spread)} of them, spread evenly.")
    if opened is not None:
        picture.open_large(report, points.paths[spread[opened]])
