"""Runs: which was best?"""

import streamlit as st

from components import selection, theme
from components.feature_store import feature_store
from components.guard import guarded
from components.run_actions import actions, compare
from components.runs_table import runs_table, table_rows
from core import run_list

with guarded():
    st.title("Which was best?")
    runs = run_list.list_runs()
    if not runs:
        theme.empty("list", "No runs yet", "Every training is kept here, with its curves, figures and model.")
        st.page_link(selection.PAGES["data"], label="Start with some pictures", icon=":material/photo_library:")
    else:
        words = st.text_input("Filter", placeholder="Filter by name, data or backbone", label_visibility="collapsed")
        rows = table_rows(runs)
        kept = [n for n, row in enumerate(rows) if words.lower() in " ".join(map(str, row.values())).lower()]
        ticked = runs_table([runs[n] for n in kept], [rows[n] for n in kept])
        if ticked:
            actions(ticked)
            compare(ticked)
        else:
            st.caption(
                "Tick a run to open, rename, download or delete it; tick several to lay their curves over each other."
            )
    feature_store()
