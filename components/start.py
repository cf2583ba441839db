"""Start, and settings to and from a file."""

import json
from pathlib import Path

import streamlit as st

from components import draft, selection
from components.data_scan import scan_with_progress
from components.escape import as_markdown
from components.guard import guarded, say
from components.numbers import plural
from core import config as configs
from core import launcher, run_list, tasks
from core.any_text import whole
from core.catalog import backbone
from core.config import RunConfig
from core.data import roots
from core.data.scan import Scan
from core.errors import RunError, ThawError
from core.train_settings import refuse_settings


def start_row(data: Scan | None, path: str | None) -> None:
    """The one button, with what it will train on beside it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Start", type="primary", icon=":material/play_arrow:", key="start", disabled=data is None)
        _files()
    if data is None and path:
        scan_with_progress(path, compact=True)
    if data is None:
        st.page_link(
            selection.PAGES["data"],
            label="Choose data" if path is None else "See the data",
            icon=":material/photo_library:",
        )
        return
    name = as_markdown(Path(path or data.root).name)
    noun = tasks.task(data.task).NOUN.removesuffix("s")
    st.caption(f"On **{name}**: {plural(len(data.files), noun)} in {plural(len(data.classes), 'class', 'classes')}.")
    if pressed:
        _start(data)


def _start(data: Scan) -> None:
    try:
        config = draft.settings().replace(data=data.source or data.root, task=data.task)
        config = _within_bounds(config)
        refuse_settings(config)
        run = launcher.start(config, bound=True)
    except ThawError as error:
        say(error)
        return
    selection.choose(run=run.id)
    st.rerun()


def _within_bounds(config: RunConfig) -> RunConfig:
    """The settings with links to the weights resolved, if all that they name may be read from a page.

    Raises:
        DataError: the weights lie outside the allowed roots.
        RunError: the corrections are not those of one of the runs.
    """
    if config.corrections_of and run_list.run_of_id(config.corrections_of) is None:
        raise RunError(f"corrections_of must be the id of a run. There is no run {config.corrections_of!r}.")
    if not config.has_own_weights:
        return config
    return config.replace(weights=str(roots.check(config.weights)))


_TYPED = ("name", "patient_column", "patient_pattern", "text_column", "label_column", "split_column")


def _showable(config: RunConfig) -> RunConfig:
    """The settings with every text that the page shows in a field as one that a browser can be sent."""
    return config.replace(**{name: whole(getattr(config, name)) for name in _TYPED})


def _files() -> None:
    with st.popover("Settings file", icon=":material/description:", type="tertiary"):
        config = draft.settings()
        st.download_button(
            "Save these settings",
            json.dumps(config.to_json(), indent=1),
            file_name="thaw-settings.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.file_uploader("Load settings", type="json", key="settings-file", on_change=_load, max_upload_size=1)


@guarded()
def _load() -> None:
    file = st.session_state["settings-file"]
    if file is None:
        return
    try:
        config = configs.from_json(json.loads(file.getvalue()))
        backbone(config.backbone)  # raises for an unknown one, of which no page could draw anything
        draft.put(_showable(_within_bounds(config)))
    except ThawError as error:
        st.session_state["draft_error"] = str(error)
    except (ValueError, RecursionError):
        st.session_state["draft_error"] = "A settings file is one JSON object, as this app saves it."
