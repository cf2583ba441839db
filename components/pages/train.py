"""Train: what will learn? And while it runs: is it learning?"""

import streamlit as st

from components import draft, selection
from components.data_scan import scanned
from components.guard import guarded
from components.run_picker import say_missing
from components.running import show_run
from components.train_form import train_form

with guarded():
    run = selection.chosen_run()
    if run is None and "new" not in st.query_params and selection.missing_run() is None:
        run = selection.live_run()
        if run is not None:
            selection.choose(run=run.id)  # so that the page stays with it once it has ended
    if run is not None:
        show_run(run)
    else:
        st.title("What will learn?")
        say_missing()
        path = selection.data_path()
        scan = scanned(path)
        if scan is not None:
            draft.fit(scan.task)
        train_form(scan, path)
