"""A notebook user's whole path, in under fifteen lines: own methods, own metric, table, comparison, picture, report."""

from __future__ import annotations

from pathlib import Path

from .cells import Notebook

CELLS = [
    """\
import numpy as np
import srbench as sb
from scipy.ndimage import zoom

def smooth(lr, scale):
    return zoom(lr.astype(float), (scale, scale, 1)[: lr.ndim], order=2, mode="nearest", grid_mode=True)""",
    """\
@sb.register_metric("mae", title="Mean error", higher_is_better=False)
def mae(sr, hr):
    return np.abs(sr.astype(float) - hr).mean()""",
    """\
run = sb.run(["nearest", smooth, lambda lr, scale: np.kron(lr, np.ones((scale, scale, 1)[: lr.ndim]))],
             "demo", metrics=["psnr", "mae"], limit=3)""",
    'run.table("mae")',
    'run.compare("mae")',
    'run.show("demo/chelsea", crop=(100, 60, 64, 48))',
    "run.report()",
]


def test_the_whole_path_takes_under_fifteen_lines() -> None:
    lines = [line for cell in CELLS for line in cell.splitlines() if line.strip()]
    assert len(lines) < 15, lines


def test_the_whole_path_runs_from_functions_of_a_notebook_to_a_report(run_cells: Notebook, tmp_path: Path) -> None:
    check = """\
scores = run.scores.pivot(index=["metric", "image"], columns="method", values="value")
(sorted(run.scores["method"].unique()), bool(np.isclose(scores["lambda"], scores["nearest"]).all()),
 bool((scores.loc["psnr", "smooth"] > scores.loc["psnr", "nearest"]).all()), run.notes)"""
    *_, table, comparison, picture, report, checked = run_cells([*CELLS, check], tmp_path)
    # A lambda of equal pixels is the method nearest, so their scores are equal; splines are better than both.
    assert checked == "(['lambda', 'nearest', 'smooth'], True, True, ())"
    assert "Mean error at x4" in table
    assert [name in table for name in ("Nearest", "lambda", "smooth")] == [True] * 3
    assert comparison.count("demo") == 3
    assert picture.startswith("<PIL.Image.Image")
    assert "report.html" in report
    page = (tmp_path / "reports" / "demo-x4" / "report.html").read_text(encoding="utf-8")
    assert "Mean error" in page
    assert "smooth" in page
