"""`srbench run`, `show` and `report` say the same about one folder, whatever its history."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srbench import images, tables
from tests.commands import run_here


def srbench(*arguments: object) -> str:
    """Return what the command prints; the end of the command must not be an error of ours."""
    done = run_here(*arguments, SRBENCH_METHODS_PATH="", COLUMNS="200", SRBENCH_DATA=None)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three small images, the first ones harder than the last."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    y, x = np.mgrid[0:56, 0:64]
    for number in range(3):
        wave = 120 + 60 * np.sin(x / (2 + 2 * number)) * np.cos(y / 4)
        images.write(folder / f"p{number}.png", np.repeat(wave.astype(np.uint8)[..., None], 3, axis=2))
    return folder


@pytest.fixture(scope="module")
def history(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which one method saw all images, another two of them, and stored results hold one original."""
    out = tmp_path_factory.mktemp("runs") / "r"
    stored = tmp_path_factory.mktemp("stored") / "theirs"
    common = ("--datasets", pictures, "--out", out, "--jobs", 1, "--metrics", "psnr")
    srbench("run", *common, "--methods", "bicubic")
    shutil.copytree(out / "images" / "bicubic" / "mine", stored)
    shutil.copy(pictures / "p1.png", stored / "p1.png")
    srbench("run", *common, "--methods", f"results:{stored}")
    return out, srbench("run", *common, "--methods", "nearest", "--limit", 2)


def test_run_and_show_print_the_same_bytes(pictures, tmp_path):
    printed = srbench("run", "--datasets", pictures, "--methods", "nearest,bicubic,hr", "--out", tmp_path / "r")
    assert printed.startswith(srbench("show", tmp_path / "r"))


def test_a_partial_method_says_how_many_of_how_many_and_did_not_fail(history):
    out, printed = history
    records = {row["method"]: row for row in json.loads(srbench("show", out, "--format", "json"))}
    assert (records["nearest"]["images"], records["nearest"]["of"], records["nearest"]["failed"]) == (2, 3, 0)
    assert not records["nearest"]["best"]
    for text in (printed, srbench("show", out)):
        assert "(2 of 3)" in text
        assert "failed" not in text


def test_an_original_among_results_is_the_best_in_the_table_and_in_the_report(history, tmp_path):
    out, _ = history
    records = {row["method"]: row for row in json.loads(srbench("show", out, "--format", "json"))}
    assert [name for name, row in records.items() if row["best"]] == ["results/theirs"]
    assert records["results/theirs"]["mean"] == "inf"
    note = "results/theirs, PSNR on mine: 1 of 3 images is identical to the original."
    assert note in srbench("show", out)
    srbench("report", "--run", out, "--out", tmp_path, "--format", "md", "--no-pictures")
    report = (tmp_path / "report.md").read_text()
    assert "Best PSNR: results/theirs on mine (\u221e)." in report
    assert note in report
    assert "failed" not in report


def test_stored_results_that_lack_an_image_show_their_mean_and_did_not_fail(pictures, history, tmp_path):
    stored = tmp_path / "some"
    shutil.copytree(history[0] / "images" / "bicubic" / "mine", stored)
    (stored / "p2.png").unlink()
    printed = srbench("run", "--datasets", pictures, "--methods", f"bicubic,results:{stored}", "--out", tmp_path / "r")
    assert printed.count("(2 of 3)") == 2  # PSNR and SSIM
    assert "failed" not in printed


@pytest.mark.parametrize("change", ["blurred", "smaller", "removed"])
def test_scores_of_inputs_that_are_no_more_are_in_no_table_and_no_report(pictures, tmp_path, change):
    mine = tmp_path / "mine"
    shutil.copytree(pictures, mine)
    common = ("--datasets", mine, "--metrics", "psnr", "--jobs", 1)
    srbench("run", *common, "--methods", "nearest", "--out", tmp_path / "r")
    before = images.read(mine / "p1.png")
    if change == "removed":
        (mine / "p1.png").unlink()
    else:
        images.write(mine / "p1.png", before[:-8, :-8] if change == "smaller" else before // 2 + 60)
    srbench("run", *common, "--methods", "bicubic", "--out", tmp_path / "r")
    srbench("run", *common, "--methods", "nearest,bicubic", "--out", tmp_path / "fresh")
    fresh, ours = (
        {row["method"]: row for row in json.loads(srbench("show", tmp_path / name, "--format", "json"))}
        for name in ("fresh", "r")
    )
    assert ours["bicubic"]["mean"] == fresh["bicubic"]["mean"]
    if change == "removed":
        assert ours["nearest"]["mean"] == fresh["nearest"]["mean"]
        assert (ours["nearest"]["images"], ours["nearest"]["of"]) == (2, 2)
    else:
        assert (ours["nearest"]["images"], ours["nearest"]["of"], ours["nearest"]["failed"]) == (2, 3, 0)
        assert not ours["nearest"]["best"]
    srbench("report", "--run", tmp_path / "r", "--out", tmp_path / "report", "--format", "md")
    report = (tmp_path / "report" / "report.md").read_text()
    assert "failed" not in report
    assert ("Nearest has 2 of the 3 images of mine" in report) == (change != "removed")


@pytest.mark.parametrize("form", tables.FORMATS)
def test_every_format_names_every_method(history, form):
    text = srbench("show", history[0], "--format", form)
    assert "theirs" in text
    assert "earest" in text
