"""Page configuration and navigation, and the door in front of the server; nothing else."""

import streamlit as st
from starlette.middleware import Middleware

from components import selection, sign_in, theme
from components.door import Door
from components.early import early


def show_page() -> None:
    """What one visit to one page shows."""
    st.set_page_config(page_title="Thaw", page_icon=str(theme.ICON), layout="wide")
    theme.apply_style()
    sign_in.require()
    page = st.navigation(
        [
            st.Page(selection.PAGES["data"], title="Data", icon=":material/photo_library:", default=True),
            st.Page(selection.PAGES["train"], title="Train", icon=":material/local_fire_department:", url_path="train"),
            st.Page(selection.PAGES["results"], title="Results", icon=":material/insights:", url_path="results"),
            st.Page(selection.PAGES["try"], title="Try it", icon=":material/add_a_photo:", url_path="try"),
            st.Page(selection.PAGES["runs"], title="Runs", icon=":material/list:", url_path="runs"),
            *sign_in.way_out(),
        ],
        position="top",
    )
    selection.restore(page.url_path)
    page.run()


if __name__ == "__main__":  # as Streamlit runs this file, at every visit
    show_page()
else:  # as the server imports it, once; `streamlit run` finds the app by this line
    app = st.App(__file__, middleware=[Middleware(Door)], lifespan=early)
