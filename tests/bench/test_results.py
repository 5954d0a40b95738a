"""The journal and the tables of a run: nothing finished is lost, nothing torn is believed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from srbench.bench import results
from srbench.bench.results import Journal, Outcome, Score
from srbench.errors import RunError

SCORES = (Score("daala", "1", "psnr", "", 26.26), Score("daala", "1", "ssim", "", 0.7552))
OUTCOME = Outcome("set5", "img_001", "nearest", "k", "f" * 64, 0.01, 99.5, "", "ok", "", SCORES)


def journal_with(folder: Path, *outcomes: Outcome) -> Path:
    journal = Journal(folder)
    for outcome in outcomes:
        journal.append(outcome)
    journal.close()
    return folder / "journal.jsonl"


def read(folder: Path) -> dict[tuple[str, str, str], Outcome]:
    journal = Journal(folder)
    journal.close()
    return journal.outcomes


def test_a_journal_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    other = replace(OUTCOME, image="img_002", scores=(replace(SCORES[0], value=math.inf),))
    journal_with(tmp_path, OUTCOME, other)
    assert read(tmp_path) == {OUTCOME.place: OUTCOME, other.place: other}


@pytest.mark.parametrize("torn", [b'{"dataset": "set5", "ima', b"\x00\x00\x00\n", b"{}\n", b"[]\n", b"null\n"])
def test_a_torn_line_is_dropped_and_written_over(tmp_path: Path, torn: bytes) -> None:
    path = journal_with(tmp_path, OUTCOME)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    other = replace(OUTCOME, image="img_002")
    journal_with(tmp_path, other)
    assert path.read_bytes().startswith(whole)
    assert set(read(tmp_path)) == {OUTCOME.place, other.place}


def test_the_latest_line_counts(tmp_path: Path) -> None:
    journal_with(tmp_path, OUTCOME, replace(OUTCOME, key="newer"))
    assert read(tmp_path)[OUTCOME.place].key == "newer"


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
