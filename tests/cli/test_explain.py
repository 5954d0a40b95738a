"""`srbench explain`, `srbench set-scores` and `srbench protocols` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from click.testing import Result
from typer.testing import CliRunner

from srbench import images, metrics, resize
from srbench.cli import app
from srbench.errors import MetricError


def srbench(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, float]:
    """Results, originals and the PSNR of the results under `daala`."""
    hr = np.ascontiguousarray(skimage.data.chelsea()[60:160, 90:202])
    sr = resize.enlarge(resize.reduce(hr, 4), 4)
    images.write(tmp_path / "bicubic" / "cat.png", sr)
    images.write(tmp_path / "originals" / "cat.png", hr)
    psnr = metrics.evaluate(sr, hr, scale=4, protocol="daala", names=["psnr"])["psnr"]
    return tmp_path / "bicubic", tmp_path / "originals", psnr


def test_explain_names_the_rule_and_exits_0(folders: tuple[Path, Path, float]) -> None:
    done = srbench("explain", *folders[:2], "--published", f"{folders[2]:.4f}")
    assert done.exit_code == 0, done.output
    assert "  daala: dithered luma of png2y4m, border 4" in done.stdout


def test_explain_exits_1_where_no_rule_fits_and_complains_of_what_it_cannot_read(
    folders: tuple[Path, Path, float],
) -> None:
    done = srbench("explain", *folders[:2], "--published", "55.55")
    assert (done.exit_code, "No rule gives it" in done.stdout) == (1, True)
    done = srbench("explain", *folders[:2], "--published", "many")
    assert isinstance(done.exception, MetricError)
    assert str(done.exception).startswith("Cannot read the published figure 'many'")


def test_explain_as_json_has_every_rule(folders: tuple[Path, Path, float]) -> None:
    found = json.loads(srbench("explain", *folders[:2], "--published", f"{folders[2]:.4f}", "--json").stdout)
    fitting = [rule for rule in found["rules"] if rule["fits"]]
    assert fitting[0]["protocol"] == "daala"
    assert fitting[0]["psnr"] == pytest.approx(folders[2], abs=1e-9)
    assert found["fitting"] == len({rule["group"] for rule in fitting})


def test_set_scores_prints_a_line_for_each_with_its_settings(folders: tuple[Path, Path, float]) -> None:
    done = srbench("set-scores", *folders[:2], "--patch", "32", "--features", "random")
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.stdout.splitlines()[::2]] == ["FID", "KID"]
    assert "patches of 32, also shifted by 16" in done.stdout
    rows = json.loads(srbench("set-scores", *folders[:2], "--patch", "32", "--features", "random", "--json").stdout)
    assert [row["metric"] for row in rows["scores"]] == ["fid", "kid"]


def test_protocols_lists_all_with_their_versions() -> None:
    done = srbench("protocols")
    for rule in metrics.protocols():
        assert rule.name in done.stdout
    assert [row["name"] for row in json.loads(srbench("protocols", "--json").stdout)["protocols"]][:2] == [
        "daala",
        "matlab",
    ]
