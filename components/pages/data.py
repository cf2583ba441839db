"""Data: what do I have?"""

import streamlit as st

from components import draft, selection
from components.column_settings import column_settings
from components.data_overview import overview
from components.data_scan import scan_with_progress, scanned
from components.data_source import source_row
from components.guard import guarded, say
from components.welcome import welcome
from core.errors import DataError


def _chosen(path: str) -> None:
    left, right = st.columns([4, 2], vertical_alignment="bottom")
    left.title("What do I have?")
    next_step = right.container(horizontal=True, horizontal_alignment="right", key="head-data")
    source_row(path)
    column_settings(path)
    try:
        scan = scanned(path)
    except DataError as error:
        say(error)
        return
    if scan is None:
        scan_with_progress(path)
        return
    with next_step:
        if st.button("Choose what will learn", type="primary", icon=":material/arrow_forward:", key="to_train"):
            selection.go("train", run=None)
    overview(scan, draft.settings().validation_share)


with guarded():
    folder = selection.data_path()
    if folder:
        _chosen(folder)
    else:
        welcome()
