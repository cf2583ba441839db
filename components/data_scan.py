"""What is known of a data set: at once when it was scanned before, otherwise from a job with progress."""

import os
from pathlib import Path
from typing import Any

import streamlit as st

from components import draft
from components.escape import as_markdown
from components.guard import guarded
from components.numbers import count
from core import tasks
from core.config import RunConfig
from core.data import jobs, roots
from core.data.scan import Scan


class _NotScannedError(Exception):
    """The folder has no scan that still holds. Raised so that nothing is remembered."""


def scanned(path: str | None) -> Scan | None:
    """The scan of a folder, or of the chosen columns of a table, if there is one that holds: looked up once a minute.

    Raises:
        DataError: the folder is gone, or outside the allowed roots.
    """
    if not path:
        return None
    try:
        found = _remembered(os.fsencode(roots.check(path)), draft.columns())
    except _NotScannedError:
        return None
    st.session_state.pop("scan-job", None)
    return found


@st.cache_resource(ttl=60, max_entries=8, show_spinner=False)
def _remembered(path: bytes, columns: dict[str, str]) -> Scan:
    folder = os.fsdecode(path)
    found = tasks.task(tasks.detect(folder)).cached(RunConfig(data=folder).replace(**columns))
    if found is None:
        raise _NotScannedError
    return found


def forget() -> None:
    """Look at the folders again at the next question."""
    _remembered.clear()
    st.session_state.pop("scan-job", None)


def scan_with_progress(path: str, compact: bool = False) -> None:
    """Start a scan, or find the one that goes on, and follow it; the page runs again once it has ended."""
    kept: dict[str, Any] = st.session_state.setdefault("scan-job", {})
    wanted = (path, draft.columns())
    if kept.get("wanted") != wanted:
        kept.clear()
    # One that is done and still no scan: the data have changed, or another scan of them took its place.
    in_vain = "job" in kept and kept["job"].poll()["state"] == jobs.DONE
    if "job" not in kept or (in_vain and not kept["again"]):
        job = jobs.start_scan(str(roots.check(Path(path))), **draft.columns())
        kept.update(wanted=wanted, job=job, again=in_vain)
        in_vain = False
    news = kept["job"].poll()
    if news["state"] == "failed" or in_vain:
        st.error(as_markdown(_IN_VAIN if in_vain else str(news["message"])), icon=":material/error:")
        if st.button("Scan again", icon=":material/refresh:", key="scan-again"):
            forget()
            st.rerun()
        return
    st.fragment(guarded()(_follow), run_every=0.5)(kept["job"], Path(path).name, compact)


_IN_VAIN = (
    "The data were looked at twice, and what was found could not be kept. Either they change all the time, or there is "
    "no room in the cache folder (THAW_CACHE_DIR)."
)


def _follow(job: Any, name: str, compact: bool) -> None:
    news = job.poll()
    if news["state"] != "running":
        st.rerun()
    done, total = news.get("done") or 0, news.get("total")
    words = f"Looking at {as_markdown(name)}: {count(done)} files" + (
        f" of {count(total)}" if total else " found so far"
    )
    st.progress(min(1.0, done / total) if total else 0.0, text=words)
    for height in () if compact else (90, 36, 280):
        st.skeleton(height=height)
