"""Page configuration and navigation, nothing else."""

import streamlit as st

from components import selection, theme

st.set_page_config(page_title="Thaw", page_icon=":material/ac_unit:", layout="wide")
theme.apply_style()

page = st.navigation(
    [
        st.Page(selection.PAGES["data"], title="Data", icon=":material/photo_library:", default=True),
        st.Page(selection.PAGES["train"], title="Train", icon=":material/local_fire_department:", url_path="train"),
        st.Page(selection.PAGES["results"], title="Results", icon=":material/insights:", url_path="results"),
        st.Page(selection.PAGES["try"], title="Try it", icon=":material/add_a_photo:", url_path="try"),
        st.Page(selection.PAGES["runs"], title="Runs", icon=":material/list:", url_path="runs"),
    ],
    position="top",
)
selection.restore(page.url_path)
page.run()
