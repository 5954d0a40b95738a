"""Reports, boards and claims of a run, whether the run is given as an object or as its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

import srbench as sb
from srbench.errors import ClaimError, RunError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sb.Run:
    return sb.run(
        ["nearest", "bicubic"], "demo", protocol="matlab", out=tmp_path_factory.mktemp("runs") / "run", jobs=1
    )


def test_a_report_of_the_run_and_of_its_folder_hold_the_same_tables(run: sb.Run, tmp_path: Path) -> None:
    (one,) = sb.report(run, out=tmp_path / "one", formats=["md"])
    (other,) = sb.report(run.folder, out=tmp_path / "other", formats=["md"])
    tables = [[line for line in page.read_text().splitlines() if line.startswith("|")] for page in (one, other)]
    assert tables[0] == tables[1]
    assert any("Bicubic" in line for line in tables[0])


def test_a_claim_that_was_written_is_verified_from_its_file(run: sb.Run, tmp_path: Path) -> None:
    made = sb.claim(run, "bicubic", tmp_path / "claim.json")
    assert sb.verify(tmp_path / "claim.json", jobs=1).equal
    assert sb.verify(made, pictures=run.folder / "images" / "bicubic", jobs=1).equal
    assert not sb.verify(made, pictures=run.folder / "images" / "nearest", jobs=1).equal
    with pytest.raises(ClaimError, match="lanczos"):
        sb.claim(run.folder, "lanczos")


def test_a_board_takes_one_run_or_several(run: sb.Run, tmp_path: Path) -> None:
    page = sb.board(run.folder, tmp_path / "board", pictures=False, title="Two methods")
    assert page == tmp_path / "board" / "index.html"
    assert "Two methods" in page.read_text(encoding="utf-8")
    with pytest.raises(RunError):
        sb.board([run, tmp_path / "none"], tmp_path / "other")
