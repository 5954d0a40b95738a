"""A run as an object: what it holds, and what can be made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import srbench as sb
from srbench import images
from srbench.errors import ReportError, RunError, StatisticsError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sb.Run:
    return sb.run(
        ["nearest", "bicubic"], "demo", protocol="matlab", limit=3, out=tmp_path_factory.mktemp("runs") / "run", jobs=1
    )


def test_a_run_holds_scores_facts_and_its_folder(run: sb.Run) -> None:
    assert set(run.scores["method"]) == {"nearest", "bicubic"}
    assert len(run.scores) == 2 * 3 * 2  # methods, images, metrics
    assert run.info["scale"] == 4
    assert run.notes == ()
    again = sb.open_run(run.folder)
    assert again.scores.equals(run.scores)


def test_its_table_shows_the_means_of_the_scores(run: sb.Run) -> None:
    table = run.table("psnr")
    mean = run.scores.query("method == 'bicubic' and metric == 'psnr'")["value"].mean()
    row = next(row for row in table.rows if row[0].text == "Bicubic")
    assert f"{mean:.2f}" in row[1].text
    assert [head for head in run.table("psnr", columns="cost").head if head.startswith(("MACs", "Parameters"))]
    with pytest.raises(ReportError, match="lpips"):
        run.table("lpips")
    with pytest.raises(ReportError, match="daala"):
        run.table("psnr", "daala")


def test_its_comparison_is_paired_by_image(run: sb.Run) -> None:
    found = run.compare("psnr")
    values = run.scores.query("metric == 'psnr'").pivot(index="image", columns="method", values="value")
    difference = (values["bicubic"] - values["nearest"]).mean()
    assert found["difference"].abs().tolist() == pytest.approx([abs(difference)])
    alone = sb.Run(run.results)
    with pytest.raises((ReportError, StatisticsError), match="niqe"):
        alone.compare("niqe")


def test_its_pictures_are_those_that_were_kept(run: sb.Run) -> None:
    name = run.scores["image"].iloc[0]
    sheet = run.show(f"demo/{name}", crop=(0, 0, 16, 12), methods=["bicubic"], zoom=1)
    kept = images.read(run.folder / "images" / "bicubic" / "demo" / f"{name}.png")[:12, :16]
    pixels = np.asarray(sheet.convert("RGB"))
    places = [
        (top, left)
        for top in range(pixels.shape[0] - 11)
        for left in range(pixels.shape[1] - 15)
        if np.array_equal(pixels[top : top + 12, left : left + 16], images.as_rgb(kept))
    ]
    assert places
    with pytest.raises(ReportError):
        run.show(f"demo/{name}", crop=(0, 0, 10**5, 12))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=str(tmp_path)):
        sb.open_run(tmp_path)
