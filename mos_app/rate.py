"""The rating page: hands the texts to the component, which talks to the server's own routes by itself."""

import tomllib
from pathlib import Path
from typing import Any

import streamlit as st

from srbench.mos.site.server import running

HERE = Path(__file__).parent
# Streamlit's own header, notices and spacing would draw the eye, and a rerun would fade the page.
QUIET = "<style>header, footer, [data-testid='stStatusWidget'], [data-testid='stToolbar'] {display: none}</style>"


def part(name: str) -> str:
    """Return the text of a file of the component."""
    return (HERE / "rating" / name).read_text(encoding="utf-8")


@st.cache_resource
def languages() -> dict[str, Any]:
    """Return the texts of the page by language; English, the fallback for missing ones, comes first."""
    paths = sorted((HERE / "languages").glob("*.toml"), key=lambda path: (path.stem != "en", path.stem))
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths}


session = st.components.v2.component(
    "srbench_rating",
    html=part("rating.html"),
    css=part("rating.css") + part("screening.css"),
    js="".join(map(part, ("pixels.js", "turns.js", "server.js", "questions.js", "screening.js", "rating.js"))),
)

st.html(QUIET)
session(key="session", data={"languages": languages(), "language": running().language})
