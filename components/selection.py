"""Which run and which data set the page is about: the address says it, the session remembers it between pages."""

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import streamlit as st

from core import record, run_list
from core.files import is_file
from core.record import Run

_KEYS = ("run", "data")
_BYTES = "bytes:"  # begins a path that is no plain text
PAGES = {
    "data": "components/pages/data.py",
    "train": "components/pages/train.py",
    "results": "components/pages/results.py",
    "try": "components/pages/try_it.py",
    "runs": "components/pages/runs.py",
}


def restore(page: str) -> None:
    """Bring back into the address what a click on the navigation dropped from it.

    On the Train page that is the data alone: whoever comes back to it wants to set up a run, or to watch the live one.
    """
    kept = st.session_state.setdefault("selection", {})
    for key in ("data",) if page == "train" else _KEYS:
        if key in st.query_params:
            kept[key] = st.query_params[key]
        elif key in kept:
            st.query_params[key] = kept[key]


def choose(**values: str | None) -> None:
    """Set or clear `run` and `data`, in the address and for the next page."""
    kept = st.session_state.setdefault("selection", {})
    for key, value in values.items():
        if value is None:
            kept.pop(key, None)
            st.query_params.pop(key, None)
        else:
            kept[key] = value
            st.query_params[key] = value


def go(page: str, **values: str | None) -> None:
    """Open another page with this selection."""
    choose(**values)
    st.switch_page(PAGES[page], query_params=dict(st.session_state["selection"]))


def data_path() -> str | None:
    """The chosen data set's folder."""
    value = st.query_params.get("data")
    return os.fsdecode(unquote_to_bytes(value.removeprefix(_BYTES))) if value and value.startswith(_BYTES) else value


def address_of(folder: Path) -> str:
    """A folder as the address can hold it, whatever bytes its name is made of."""
    text = str(folder)
    return text if text.isprintable() else _BYTES + quote(os.fsencode(text))


def chosen_run() -> Run | None:
    """The run that the address names; None where it names none, or one that is gone."""
    name = st.query_params.get("run")
    return run_list.run_of_id(name) if name else None


def missing_run() -> str | None:
    """The name in the address of a run that does not exist."""
    return None if chosen_run() else st.query_params.get("run") or None


def live_run() -> Run | None:
    """The newest run that is not over."""
    return next((run for run in run_list.list_runs() if run.state() in record.LIVE), None)


def finished_runs() -> list[Run]:
    """Runs that have a model, newest first."""
    return [run for run in run_list.list_runs() if run.has_model(1) or is_file(run.model_file)]
