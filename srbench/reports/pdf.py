"""The page as PDF, printed by an installed Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from srbench.errors import ReportError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)
SECONDS = 180


def browser() -> str:
    """Return the path of an installed Chromium.

    Raises:
        ReportError: There is none.
    """
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    raise ReportError("PDF needs Chromium or Chrome, and none was found on PATH. Install it, or print report.html.")


def render(html: str) -> bytes:
    """Print a page.

    Raises:
        ReportError: The browser failed.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        # What the page folds away belongs to a printed report.
        source.write_text(html.replace("<details>", "<details open>"), encoding="utf-8")
        command = [
            program,
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ReportError(f"{program} did not print the report within {SECONDS} seconds.") from None
        if not target.is_file():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise ReportError(f"{program} could not print the report: {last[0]}")
        return _without_dates(target.read_bytes())


def _without_dates(data: bytes) -> bytes:
    # Same inputs, same bytes: Chromium writes the moment of printing, in a fixed number of characters.
    return re.sub(
        rb"/(CreationDate|ModDate) \(D:[0-9+'Z-]*\)",
        lambda match: re.sub(rb"[0-9]", b"0", match.group()),
        data,
    )
