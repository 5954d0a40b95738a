"""A run folder cannot lie: no reader mixes scores of inputs, methods or rules that are not those of today."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage
from PIL import ImageFilter

from srbench import bench, images
from srbench.bench import journal, validity
from srbench.bench.results import RunResults


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three colour images of unlike difficulty."""
    folder = tmp_path / "p"
    for i, name in enumerate("abc"):
        y, x = np.mgrid[0:56, 0:64]
        wave = 120 + 60 * np.sin(x / (2 + 2 * i)) * np.cos(y / 4)
        noise = np.random.default_rng(i).normal(0, 6, (56, 64, 3))
        images.write(folder / f"{name}.png", np.clip(wave[..., None] + noise, 0, 255).astype(np.uint8))
    return folder


def run(methods: str | list[Any], folder: Path, out: Path, **options: Any) -> RunResults:
    return bench.run(methods, folder, protocols="matlab", metrics="psnr", out=out, jobs=1, **options)


def blur(path: Path) -> None:
    with PillowImage.open(path) as picture:
        picture.filter(ImageFilter.GaussianBlur(2)).save(path)


def psnr(run: RunResults, method: str) -> dict[str, float]:
    rows = run.scores[run.scores["method"] == method]
    return dict(zip(rows["image"], rows["value"], strict=True))


def all_tables_agree(out: Path) -> pd.DataFrame:
    """Return the rows of a run as every file has them."""
    loaded = bench.load(out).scores
    pd.testing.assert_frame_equal(pd.read_csv(out / "scores.csv")[["method", "image"]], loaded[["method", "image"]])
    pd.testing.assert_frame_equal(pd.read_parquet(out / "scores.parquet")[["value"]], loaded[["value"]])
    return loaded


def test_scores_of_an_image_that_was_changed_are_left_out_until_it_is_run_again(pictures: Path, tmp_path: Path) -> None:
    old = psnr(run("nearest", pictures, tmp_path / "r"), "nearest")
    blur(pictures / "a.png")
    finished = run("bicubic", pictures, tmp_path / "r")
    [note] = finished.notes
    assert note.startswith("Left out: 1 row of nearest, because their HR or LR image is another one now.")
    shown = bench.load(tmp_path / "r")
    assert shown.stale == finished.stale
    assert psnr(shown, "nearest") == {name: old[name] for name in "bc"}
    assert set(psnr(shown, "bicubic")) == set("abc")
    all_tables_agree(tmp_path / "r")
    assert "nearest/p/a" not in shown.info["images_sha256"]
    fresh = psnr(run("nearest", pictures, tmp_path / "fresh"), "nearest")
    assert fresh["a"] > old["a"] + 1
    assert psnr(run("nearest", pictures, tmp_path / "r"), "nearest") == fresh


def test_another_size_is_another_image(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    images.write(pictures / "a.png", images.read(pictures / "a.png")[:40, :48])
    run("bicubic", pictures, tmp_path / "r")
    assert set(psnr(bench.load(tmp_path / "r"), "nearest")) == set("bc")


def test_an_image_that_was_removed_is_in_no_table(pictures: Path, tmp_path: Path) -> None:
    run(["nearest", "bicubic"], pictures, tmp_path / "r")
    (pictures / "b.png").unlink()
    finished = run("nearest", pictures, tmp_path / "r")
    loaded = all_tables_agree(tmp_path / "r")
    assert set(loaded["image"]) == {"a", "c"}
    assert set(loaded["method"]) == {"nearest", "bicubic"}
    assert set(finished.info["datasets"]["p"]) == {"a", "c"}
    assert "no longer in the data set" in finished.notes[0]
    fresh = run("nearest", pictures, tmp_path / "fresh")
    assert psnr(bench.load(tmp_path / "r"), "nearest") == psnr(fresh, "nearest")


def test_a_partial_run_makes_a_set_no_smaller_and_nothing_fails(data_root: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"data_root": data_root, "out": tmp_path / "r", "metrics": "psnr"}
    bench.run("bicubic", "set5", **options)
    bench.run("nearest", "set5", limit=2, **options)
    shown = bench.load(tmp_path / "r")
    assert len(shown.info["datasets"]["set5"]) == 5
    assert len(psnr(shown, "nearest")) == 2
    assert len(psnr(shown, "bicubic")) == 5
    assert set(shown.scores["status"]) == {"ok"}
    assert shown.notes == ()
    assert round(np.mean(list(psnr(shown, "nearest").values())), 2) == 28.30
    bench.run("nearest", "set5", **options)
    whole = bench.load(tmp_path / "r")
    assert round(np.mean(list(psnr(whole, "nearest").values())), 2) == 26.26
    assert round(np.mean(list(psnr(whole, "bicubic").values())), 2) == 28.43


def test_a_change_that_a_partial_run_cannot_see_is_seen_by_the_next_whole_one(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    blur(pictures / "c.png")
    assert run("bicubic", pictures, tmp_path / "r", limit=2).notes == ()
    assert set(psnr(bench.load(tmp_path / "r"), "nearest")) == set("abc")
    run("bicubic", pictures, tmp_path / "r")
    assert set(psnr(bench.load(tmp_path / "r"), "nearest")) == set("ab")


def test_scores_of_another_reduction_are_not_mixed_even_by_a_partial_run(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    run("nearest", pictures, tmp_path / "r", limit=1, degradation="gaussian")
    rows = psnr(bench.load(tmp_path / "r"), "nearest")
    assert rows == psnr(run("nearest", pictures, tmp_path / "g", limit=1, degradation="gaussian"), "nearest")
    assert rows.keys() == {"a"}


def test_a_method_that_changed_has_no_scores_of_its_former_self(pictures: Path, tmp_path: Path) -> None:
    def mine(factor: float) -> bench.MethodSpec:
        return bench.MethodSpec.of(lambda lr, scale: lr.repeat(scale, 0).repeat(scale, 1) * factor, name="mine")

    first = psnr(run([mine(1.0)], pictures, tmp_path / "r"), "mine")
    run([mine(0.9)], pictures, tmp_path / "r", limit=1)
    loaded = bench.load(tmp_path / "r")
    rows = psnr(loaded, "mine")
    assert rows.keys() == {"a"}
    assert rows["a"] != first["a"]
    assert "their method" in loaded.notes[0]


def test_a_run_that_was_killed_shows_no_old_scores_either(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    blur(pictures / "a.png")
    seen: list[pd.DataFrame] = []

    def look(_tasks: int, _done: int) -> None:  # as if the process had been killed before its first image
        seen.append(all_tables_agree(tmp_path / "r"))

    run("bicubic", pictures, tmp_path / "r", on_start=look)
    assert set(seen[0]["image"]) == {"b", "c"}


def as_version_1(out: Path) -> None:
    """Make a run folder what an older srbench would have left: lines and run.json without hashes of inputs."""
    lines = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    old = [{k: v for k, v in line.items() if k not in {"input_hash", "fingerprint", "files"}} for line in lines]
    (out / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old))
    info = json.loads((out / "run.json").read_text())
    for name in ("sources", "metric_fingerprints"):
        info.pop(name)
    for entries in info["datasets"].values():
        for entry in entries.values():
            entry.pop("input_hash")
    (out / "run.json").write_text(json.dumps({**info, "schema_version": 1}))


def test_a_folder_of_an_older_version_opens_and_nothing_is_computed_again(pictures: Path, tmp_path: Path) -> None:
    stored = tmp_path / "stored" / "Mine"
    shutil.copytree(pictures, stored)
    methods = ["nearest", f"results:{stored}"]
    before = run(methods, pictures, tmp_path / "r")
    as_version_1(tmp_path / "r")
    pd.testing.assert_frame_equal(bench.load(tmp_path / "r").scores, before.scores, check_exact=True)
    tasks: list[int] = []
    after = run(methods, pictures, tmp_path / "r", on_start=lambda left, _: tasks.append(left))
    assert tasks == [0]
    assert after.notes == ()
    pd.testing.assert_frame_equal(after.scores, before.scores, check_exact=True)
    lines = journal.read(tmp_path / "r") or {}
    assert all(line.input_hash and line.fingerprint for line in lines.values())


def test_rows_that_an_older_version_had_mixed_are_told_apart(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    blur(pictures / "a.png")
    run("bicubic", pictures, tmp_path / "r")
    as_version_1(tmp_path / "r")
    loaded = bench.load(tmp_path / "r")
    assert set(psnr(loaded, "nearest")) == set("bc")
    assert set(psnr(loaded, "bicubic")) == set("abc")
    assert [(each.reason, each.count) for each in loaded.stale] == [(validity.OTHER_MAKING, 1)]


def test_rows_of_an_older_version_are_believed_where_nothing_can_be_proven(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("nearest", pictures, tmp_path / "r")
    as_version_1(tmp_path / "r")
    monkeypatch.setattr(validity, "made_by", lambda degradation: f"{degradation} by later code")
    assert set(psnr(bench.load(tmp_path / "r"), "nearest")) == set("abc")


def test_scores_under_a_former_version_of_a_protocol_or_metric_are_left_out(pictures: Path, tmp_path: Path) -> None:
    run("nearest", pictures, tmp_path / "r")
    info = json.loads((tmp_path / "r" / "run.json").read_text())
    for part, name in (("protocols", "matlab"), ("metric_fingerprints", "psnr")):
        other = {**info, part: {**info[part], name: "another"}}
        (tmp_path / "r" / "run.json").write_text(json.dumps(other))
        loaded = bench.load(tmp_path / "r")
        assert loaded.scores.empty
        assert [each.reason for each in loaded.stale] == [validity.OTHER_RULE]
