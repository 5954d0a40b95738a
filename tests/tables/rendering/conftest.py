"""A table whose words hold everything that a format could read as something else."""

from __future__ import annotations

import pytest

from srbench.tables import Mean, Table, TableCell

HARSH = (
    "a|b", "x_1 and y_2_", "R&D &amp; more", "<b>bold</b>", "</script>", "50 % $x$ #1", "[link](http://x)",
    "[bold]red[/]", "*star* **two**", "`code`", "\\e{} ^c ~d~", "{curly}", "\u221e \u2212 \u2013", "# head", "1. one",
    "- item", "two\nlines",
)  # fmt: skip


@pytest.fixture(params=HARSH)
def words(request) -> str:
    return str(request.param)


@pytest.fixture
def table(words) -> Table:
    infinite = Mean("daala", "2", "psnr", words, "set5", float("inf"), 5, 5, infinite=5, best=True)
    failed = Mean("daala", "2", "psnr", "other", "set5", None, 5, 5, failed=1)
    rows = [
        [TableCell(words), TableCell("\u221e", bold=True, star=True, mean=infinite), TableCell("28.43", soft=True)],
        [TableCell("other"), TableCell("failed (1 of 5)", mean=failed), TableCell("")],
    ]
    return Table("scores-psnr", f"Caption {words}", ["Method", words, "paper"], rows, frozenset({1}), [words])
