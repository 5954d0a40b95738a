"""What goes into the store of studies: whole scores from 1 to 5, of any form of file."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench.errors import StudyError
from srbench.mos.study import Study


def test_a_wide_table_becomes_a_closed_study(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("clip;ann;bob\nx;4;5\ny;;3\n")
    study = Study.from_ratings("theirs", tmp_path / "wide.csv", folder=tmp_path)
    assert study.ratings()[["rater", "image", "score"]].to_numpy().tolist() == [
        ["ann", "x", 4], ["bob", "x", 5], ["bob", "y", 3]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip;ann\nx;3,5\n", "line 2, column 'ann': expected a whole score from 1 to 5, got 3.5. .*ratings import"),
        ("rater,file,vote,rating_scale\na,x,3,0:9\n", "ratings from 0 to 9, and the store those from 1 to 5"),
        ("left,right,winner\nx,y,x\n", "holds comparisons"),
    ],
)
def test_what_the_store_does_not_hold_is_refused_and_leaves_no_study(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(StudyError, match=message):
        Study.from_ratings("theirs", tmp_path / "x.csv", folder=tmp_path)
    assert not (tmp_path / "theirs").exists()
