"""docs/tutorial.md runs from its first block to its last, and shows what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from srbench import images

Notebook = Callable[[list[str], Path], list[str]]

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
PICTURE = PAGE.parent / "figures" / "tutorial" / "show.png"


def blocks() -> list[tuple[str, str]]:
    """Return each block of Python with the page from there to the next one."""
    parts = re.split(r"^```python\n(.*?)^```\n", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def test_every_block_runs_and_the_page_shows_what_it_shows(run_cells: Notebook, tmp_path: Path) -> None:
    found = blocks()
    picture = next(source.strip() for source, _ in found if source.startswith("run.show("))
    cells = [source for source, _ in found]
    cells[[source.strip() for source in cells].index(picture)] = f'{picture}.save("shown.png")'
    for (source, page), shown in zip(found, run_cells(cells, tmp_path), strict=True):
        lines = "\n".join(line.rstrip() for line in shown.splitlines())
        assert lines in page, f"{source}\nshows\n{shown}\nand the page says\n{page}"
    assert np.array_equal(images.read(tmp_path / "shown.png"), images.read(PICTURE))
    assert (tmp_path / "reports" / "demo-x4" / "report.html").is_file()
    assert (tmp_path / "studies" / "pilot" / "study.toml").is_file()


def test_what_a_block_shows_is_on_the_page_wherever_it_shows_something() -> None:
    shown = [page.lstrip().startswith(("**", "```text", "![")) for _, page in blocks()]
    assert sum(shown) >= 10
