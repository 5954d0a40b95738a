"""Entry of the study's site: which page is shown at which address."""

import streamlit as st

st.set_page_config(page_title="Image quality", layout="wide", initial_sidebar_state="collapsed")
st.navigation(
    [
        st.Page("rate.py", title="Image quality", default=True),
        st.Page("organise.py", title="Organiser", url_path="organiser"),
    ],
    position="hidden",
).run()
