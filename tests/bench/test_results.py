"""The tables of a run and what reads them: nothing that no longer holds, nothing damaged."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from srbench.bench import results
from srbench.bench.rows import ImageOutcome, Score
from srbench.errors import RunError

SCORES = (Score("daala", "1", "psnr", "", 26.26), Score("daala", "1", "ssim", "", 0.7552))
OUTCOME = ImageOutcome("set5", "img_001", "nearest", "k", "f" * 64, 0.01, 99.5, "", "ok", "", SCORES)


def test_a_table_does_not_depend_on_the_order_of_work(tmp_path: Path) -> None:
    outcomes = [replace(OUTCOME, image=f"img_{i:03}") for i in (3, 1, 2)]
    pd.testing.assert_frame_equal(results.table(outcomes, 4), results.table(outcomes[::-1], 4))


def test_a_failed_image_has_rows_without_value(tmp_path: Path) -> None:
    nothing = tuple(replace(score, value=math.nan) for score in SCORES)
    frame = results.table([replace(OUTCOME, status="failed", message="broke", scores=nothing)], 4)
    assert frame["value"].isna().all()
    assert set(frame["status"]) == {"failed"}
    assert set(frame["message"]) == {"broke"}


def test_a_saved_run_is_loaded_with_the_same_values_and_types(tmp_path: Path) -> None:
    named_like_missing = replace(OUTCOME, image="nan", scores=(replace(SCORES[0], value=math.inf),))
    numbered = replace(OUTCOME, image="001")
    frame = results.table([OUTCOME, named_like_missing, numbered], 4)
    results.save(tmp_path, frame, {"schema_version": 1, "scale": 4})
    loaded = results.load(tmp_path)
    pd.testing.assert_frame_equal(loaded.scores, frame, check_dtype=False)
    assert set(loaded.scores["image"]) == {"img_001", "nan", "001"}
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "scores.parquet"), frame, check_dtype=False)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a finished run"):
        results.load(tmp_path)


def test_a_damaged_or_newer_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        results.load(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"schema_version": results.SCHEMA_VERSION + 1}))
    with pytest.raises(RunError, match="Update srbench"):
        results.load(tmp_path)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    results.save(tmp_path, results.table([OUTCOME], 4), {"schema_version": 1})
    frame = pd.read_csv(tmp_path / "scores.csv").drop(columns=["metric"])
    frame.to_csv(tmp_path / "scores.csv", index=False)
    with pytest.raises(RunError, match="lacks the columns metric"):
        results.load(tmp_path)


def test_a_run_that_has_no_scores_yet_says_how_it_goes_on(tmp_path: Path) -> None:
    empty = results.RunResults(tmp_path, results.table([], 4), {})
    assert any("No scores are here yet" in note for note in empty.notes)
    table = pd.DataFrame({"method": ["a"]})
    assert results.RunResults(tmp_path, table, {}).notes == ()
