"""Tables stand for the journals while their seal holds; whatever is written after them breaks it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images
from srbench.bench import journal, results
from srbench.bench.engine import CallingProcess
from srbench.bench.luggage import Luggage


def broken(lr: np.ndarray, scale: int) -> np.ndarray:
    raise ValueError("It broke.")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a failure, infinite scores, and rows of an image that is gone."""
    folder = tmp_path_factory.mktemp("sealed")
    for number, name in enumerate(("001", "nan", "gone")):
        values = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        images.write(folder / "mine" / f"{name}.png", values)
    for _ in range(2):
        engine = CallingProcess(Luggage())
        bench.run(["hr", "nearest", broken], folder / "mine", out=folder / "r", scale=2, engine=engine)
        (folder / "mine" / "gone.png").unlink(missing_ok=True)
    return folder / "r"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(finished, tmp_path / "r"))


def from_journals(run: Path) -> results.RunResults:
    (run / ".seal.json").unlink()
    return bench.load(run)


def test_sealed_tables_say_what_the_journals_do(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as sealed:
        sealed.setattr(journal, "read", lambda run: pytest.fail(f"the journals of {run} were read"))
        opened = bench.load(run)
    expected = from_journals(run)
    pd.testing.assert_frame_equal(opened.scores, expected.scores)
    assert opened.stale == expected.stale
    assert sum(rows.count for rows in opened.stale) == 6
    assert opened.info == expected.info
    assert opened.notes == expected.notes


def test_only_the_columns_that_are_asked_for_are_read_either_way(run: Path) -> None:
    wanted = ["method", "value"]
    opened = results.load(run, wanted)
    assert list(opened.scores) == wanted
    (run / ".seal.json").unlink()
    pd.testing.assert_frame_equal(results.load(run, wanted).scores, opened.scores)
    for path in run.glob("journal*"):
        path.unlink()
    assert list(results.load(run, wanted).scores) == wanted


def _line(run: Path) -> None:
    path = run / "journal.jsonl"
    line = json.loads(path.read_text().splitlines()[0]) | {"status": "failed", "message": "later"}
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _shard(run: Path) -> None:
    shutil.copy(run / "journal.jsonl", run / "journal-1-of-2.jsonl")


def _info(run: Path) -> None:
    info = json.loads((run / "run.json").read_text())
    del info["datasets"]["mine"]["nan"]
    (run / "run.json").write_text(json.dumps(info))


def _table(run: Path) -> None:
    pd.read_parquet(run / "scores.parquet").head(1).to_parquet(run / "scores.parquet")


def _no_table(run: Path) -> None:
    (run / "scores.parquet").unlink()


def _seal(run: Path) -> None:
    (run / ".seal.json").write_text('{"files": []}')


@pytest.mark.parametrize("change", [_line, _shard, _info, _table, _no_table, _seal])
def test_after_any_change_the_journals_are_read(
    run: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(run)
    asked, read = [], journal.read
    monkeypatch.setattr(journal, "read", lambda folder: asked.append(folder) or read(folder))
    opened = bench.load(run)
    assert asked == [run]
    pd.testing.assert_frame_equal(opened.scores, from_journals(run).scores)
