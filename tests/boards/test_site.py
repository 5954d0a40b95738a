"""The files of a board: complete, small, nothing lost, nothing of others' deleted."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import srbench as sb
from srbench.bench import results
from srbench.boards import site
from srbench.boards.merging import merge
from srbench.cli import app
from srbench.errors import ReportError


def data(path):
    """Return what a script of the board hands to the page."""
    return json.loads(re.fullmatch(r"board\.\w+\((?:\"[^\"]*\", )?(.*)\);\n", path.read_text(), re.DOTALL)[1])


@pytest.fixture(scope="module")
def written(base, tmp_path_factory):
    return sb.board(base, tmp_path_factory.mktemp("site")).parent


def test_every_picture_of_the_run_is_there_under_its_checksum(base, written):
    hashes = json.loads((base / "run.json").read_text())["images_sha256"]
    shown = {}
    for one in data(written / "data" / "board.js")["sets"]:
        for method, addresses in data(written / one["scores"])["pictures"].items():
            shown |= {f"{method}/{one['id']}/{name}": a for name, a in zip(one["images"], addresses, strict=True)}
    assert shown.keys() == hashes.keys()
    for name, address in shown.items():
        assert hashlib.sha256((written / address).read_bytes()).hexdigest() == hashes[name]


def test_downloads_hold_every_score_in_full(base, written):
    loaded = results.load(base).scores
    keys = ["dataset", "image", "method", "metric"]
    expected = loaded.sort_values(keys)["value"].to_numpy()
    listed = json.loads((written / "downloads" / "scores.json").read_text())
    frames = {
        "csv": pd.read_csv(written / "downloads" / "scores.csv"),
        "parquet": pd.read_parquet(written / "downloads" / "scores.parquet"),
        "json": pd.DataFrame(listed["rows"], columns=listed["columns"]).astype({"value": float}),
    }
    for frame in frames.values():
        assert set(frame["run"]) == {"first"}
        assert np.array_equal(frame.sort_values(keys)["value"].to_numpy(), expected)


def test_means_are_printed_as_in_the_tables_of_the_run(base, written):
    table = sb.open_run(base).table("psnr")
    cells = [cell for row in table.rows for cell in row if cell.mean and cell.mean.dataset == "odd name"]
    printed = {cell.mean.method: cell.text for cell in cells}
    means = data(written / "data" / "board.js")["means"]
    shown = {m["method"]: m["text"] for m in means if m["column"] == "psnr@daala-1" and m["set"] == "odd name"}
    assert shown == printed


def test_what_failed_is_failed_and_names_why(variant, tmp_path):
    def change(info, scores):
        lost = (scores["method"] == "bicubic") & (scores["image"] == "img_002") & (scores["dataset"] == "set5")
        scores.loc[lost, ["value", "status", "message"]] = [float("nan"), "failed", "out of memory"]
        return scores

    page = sb.board(sb.Run(variant(change)), tmp_path / "site")
    made = data(page.parent / "data" / "board.js")
    failed = next(m for m in made["means"] if (m["method"], m["set"]) == ("bicubic", "set5"))
    assert (failed["text"], failed["value"], failed["whole"]) == ("failed (1 of 5)", None, False)
    scores = data(page.parent / next(one["scores"] for one in made["sets"] if one["id"] == "set5"))
    assert scores["problems"] == {"bicubic": {"img_002": "failed: out of memory"}}
    assert scores["values"]["psnr@daala-1"]["bicubic"][1] is None


def test_a_picture_that_changed_since_it_was_scored_is_refused(variant, tmp_path):
    run = variant()
    victim = results.image_path(run.folder, "bicubic", "set5", "img_001")
    shutil.copy(results.image_path(run.folder, "bicubic", "set5", "img_002"), victim)
    with pytest.raises(ReportError, match="has changed since it was scored"):
        sb.board(run, tmp_path / "site")


def test_pictures_that_are_gone_are_counted(variant, tmp_path):
    run = variant()
    shutil.rmtree(run.folder / "images" / "nearest")
    page = sb.board(run, tmp_path / "site")
    assert any(
        note.endswith("not shown: 14 pictures of scored images.")
        for note in data(page.parent / "data" / "board.js")["notes"]
    )


def test_a_folder_with_anything_else_is_left_alone(base, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.csv").write_text("years of work")
    with pytest.raises(ReportError, match="holds data, and no board"):
        sb.board(base, tmp_path)
    assert (tmp_path / "data" / "thesis.csv").read_text() == "years of work"
    with pytest.raises(ReportError, match="is a file"):
        sb.board(base, tmp_path / "data" / "thesis.csv")


def test_a_board_is_made_again_in_its_place_and_with_equal_bytes(base, tmp_path):
    page = sb.board(base, tmp_path / "site")
    before = {path: path.read_bytes() for path in page.parent.rglob("*") if path.is_file()}
    assert sb.board([base], tmp_path / "site", pictures=True) == page
    assert {path: path.read_bytes() for path in page.parent.rglob("*") if path.is_file()} == before
    (tmp_path / "site" / "CNAME").write_text("board.example.org")
    sb.board(base, tmp_path / "site", pictures=False)
    assert not (tmp_path / "site" / "pictures").exists()
    assert (tmp_path / "site" / "CNAME").read_text() == "board.example.org"


def test_a_title_cannot_smuggle_markup_into_the_page(base, tmp_path):
    page = sb.board(base, tmp_path / "site", title="</title><script>alert(1)</script>", pictures=False)
    assert "<script>alert" not in page.read_text()


def test_without_scripts_the_page_shows_the_tables(written):
    inside = (written / "index.html").read_text().partition("<noscript>")[2].partition("</noscript>")[0]
    assert "protocol daala (version 1)" in inside
    assert "SRResNet-MSE" in inside


def test_a_board_ranks_and_calls_no_difference_significant(written):
    """What it names best is best as printed. A word on significance must come from `stats.compare`, with a test."""
    pages = [written / "index.html", *written.glob("assets/*.js"), *written.glob("data/*.js")]
    assert len(pages) > 10
    for path in pages:
        assert not re.search(r"signific|wilcoxon|p.value|told apart|confiden|interval\b", path.read_text().lower()), (
            path
        )


def test_forty_methods_on_219_images_take_less_than_25_mb_without_pictures(tmp_path):
    images = [f"img_{number:03d}" for number in range(219)]
    rows = [
        ("set", image, f"method-{k:02d}", 4, protocol, "1", metric, value, 0.1234567, 812.345, "tiles", "ok", "")
        for protocol in ("daala", "matlab")
        for metric, value in (("psnr", 27.123456789012345), ("ssim", 0.8123456789012345), ("lpips", 0.3123456789012345))
        for k in range(40)
        for image in images
    ]
    info = {"scale": 4, "datasets": {"set": {name: {"input_hash": name} for name in images}}, "methods": {}}
    run = results.RunResults(tmp_path / "run", pd.DataFrame(rows, columns=results.COLUMNS), info)
    page = site.write(merge([run]), tmp_path / "site")
    size = sum(path.stat().st_size for path in page.parent.rglob("*") if path.is_file())
    assert size < 25_000_000
    shown = sum((tmp_path / "site" / name).stat().st_size for name in ("index.html", "data/board.js", "data/set-1.js"))
    assert shown < 2_500_000


def test_the_command_writes_a_board_and_prints_the_page(base, tmp_path):
    arguments = ["board", str(base), "--out", str(tmp_path / "site"), "--no-pictures", "--title", "Mine"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.output.strip() == str(tmp_path / "site" / "index.html")
    assert data(tmp_path / "site" / "data" / "board.js")["title"] == "Mine"
    assert data(tmp_path / "site" / "data" / "board.js")["runs"][0]["commands"] == ["srbench run --out 'my runs'"]
