"""Entry of the organiser's pages; raters have a page of the server's own and meet nothing of Streamlit."""

import streamlit as st


def elsewhere() -> None:
    """Show nothing: Streamlit asks for a page at the root, where the server's own page answers."""


st.set_page_config(page_title="Image quality", layout="wide", initial_sidebar_state="collapsed")
st.navigation(
    [
        st.Page(elsewhere, title="Image quality", default=True),
        st.Page("organise.py", title="Organiser", url_path="organiser"),
    ],
    position="hidden",
).run()
