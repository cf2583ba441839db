"""Three ways to data: a sample, a folder, a ZIP."""

from pathlib import Path
from typing import Any

import streamlit as st

from components import draft, selection
from components.data_scan import forget
from components.escape import as_markdown, shown
from components.guard import guarded, say
from components.numbers import megabytes
from core.data import archive, jobs, roots, samples
from core.errors import ThawError

_WAYS = {
    "sample": ":material/auto_awesome: Sample",
    "folder": ":material/folder: Folder",
    "zip": ":material/folder_zip: ZIP",
}


def source_row(path: str | None) -> None:
    """The choice of way, and what that way asks for."""
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    default = "folder" if path else "sample"
    way = left.segmented_control(
        "Data from", list(_WAYS), format_func=_WAYS.__getitem__, default=default, required=True, key="way"
    )
    with right:
        if way == "folder":
            _folder(path)
        elif way == "zip":
            _zip()
        else:
            sample_buttons()


def _folder(path: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input(
            "Folder",
            value=shown(path or ""),
            placeholder="A folder with one subfolder for each class, or a table of texts",
            help="Subfolders are the classes. train/… with validation/… is understood too. Texts come as folders of "
            ".txt or as CSV, TSV or JSON lines.",
            key=f"path-{shown(path or '')}",
        )
        with st.popover("Browse", icon=":material/folder_open:"), guarded():
            _browse()
    if typed.strip() and typed != shown(path or ""):
        _use_typed(typed)


def _browse() -> None:
    """Folders among the allowed roots, one level at a time."""
    here = st.session_state.get("browse")
    if here is None:
        choices = [root for root in _allowed() if root.is_dir()]
        st.caption("Folders that this app may read")
    else:
        st.caption(as_markdown(str(here)))
        with st.container(horizontal=True):
            st.button("Up", icon=":material/arrow_upward:", key="browse-up", on_click=_open, args=(_above(here),))
            if st.button("Use this folder", type="primary", key="browse-use"):
                _use(here)
        choices = roots.folders(here)
    for number, folder in enumerate(choices[:60]):
        label = as_markdown(str(folder) if here is None else folder.name)
        st.button(
            label, icon=":material/folder:", type="tertiary", key=f"browse-{number}", on_click=_open, args=(folder,)
        )
    if len(choices) > 60:
        st.caption(f"The first 60 of {len(choices):,}. Type the path for the others.")


def _allowed() -> list[Path]:
    from core.environment import data_roots

    return list(dict.fromkeys(data_roots()))


def _above(here: Path) -> Path | None:
    return None if here in _allowed() else here.parent


@guarded()
def _open(folder: Path | None) -> None:
    st.session_state["browse"] = folder


def _zip() -> None:
    refused = "Refused with status code 413? Other uploads take the room: try again later, or choose Folder."
    file = st.file_uploader("ZIP with one folder for each class", type="zip", key="zip", help=refused)
    if file is None or st.session_state.get("unpacked") == file.file_id:
        return
    upload, refusal = st.session_state.get("zip-refused", ("", ""))
    if upload == file.file_id:
        say(ThawError(refusal))
        return
    with st.spinner(f"Unpacking {as_markdown(file.name)} ({megabytes(file.size / 1e6)})"):
        try:
            folder = archive.extract_zip(file, file.name)
        except ThawError as error:
            st.session_state["zip-refused"] = (file.file_id, str(error))
            say(error)
            return
    st.session_state["unpacked"] = file.file_id
    _use(folder)


def sample_buttons() -> None:
    """A button for each sample; those that need the internet say so."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, sample in samples.SAMPLES.items():
            there = samples.ready(name) is not None
            size = "" if sample.offline or there else f", {megabytes(sample.size_mb)} to download"
            if st.button(sample.title, key=f"sample-{name}", help=f"{sample.summary}{size}. {sample.licence}"):
                use_sample(name)
    if "sample-job" in st.session_state:
        _follow_sample()


def use_sample(name: str, page: str = "data") -> None:
    """Open a sample, made or fetched first where it is not there yet."""
    folder = samples.ready(name)
    if folder is None:
        st.session_state["sample-job"] = (name, page, jobs.start_sample(name))
        st.rerun()
    else:
        _open_sample(name, folder, page)


def _open_sample(name: str, folder: Path, page: str) -> None:
    if samples.SAMPLES[name].offline and draft.settings().preset == "recommended":
        draft.start_from("quick")
    if page == "data":
        _use(folder)
    draft.forget_columns()
    selection.go(page, data=selection.address_of(folder), run=None)


def _follow_sample() -> None:
    name, page, job = st.session_state["sample-job"]
    news = job.poll()
    if news["state"] == "failed":
        st.warning(as_markdown(str(news["message"])), icon=":material/cloud_off:")
        del st.session_state["sample-job"]
    elif news["state"] == "done":
        del st.session_state["sample-job"]
        folder = samples.ready(name)
        if folder is not None:
            _open_sample(name, folder, page)
    else:
        st.fragment(guarded()(_sample_progress), run_every=0.4)(job, samples.SAMPLES[name].title)


def _sample_progress(job: Any, title: str) -> None:
    news = job.poll()
    if news["state"] != "running":
        st.rerun()
    done, total = news.get("done") or 0, news.get("total")
    st.progress(
        min(1.0, done / total) if total else 0.0, text=as_markdown(str(news.get("message") or f"Getting {title}"))
    )


@guarded()
def _use_typed(typed: str) -> None:
    """Choose what was typed; another spelling of the data that are open changes nothing."""
    found = roots.check_typed(typed)
    if selection.address_of(found) != st.query_params.get("data"):
        _choose(found)


@guarded()
def _use(folder: Path) -> None:
    """Make a folder the chosen data set, if it may be read."""
    _choose(roots.check(folder))


def _choose(found: Path) -> None:
    forget()
    draft.forget_columns()
    st.session_state.pop("way", None)
    selection.choose(data=selection.address_of(found))
    st.rerun()
