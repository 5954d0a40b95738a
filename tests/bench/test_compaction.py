"""Lines of journals become a Parquet file: the same outcomes, whoever is killed meanwhile, and runs that go on."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images
from srbench.bench import compaction, journal, results
from srbench.bench.engine import CallingProcess
from srbench.bench.journal import Journal
from srbench.bench.luggage import Luggage
from srbench.bench.rows import ImageOutcome, Score
from srbench.bench.shards import Shard
from srbench.errors import RunError

SCORES = (Score("daala", "1", "psnr", "p", 26.26), Score("daala", "1", "ssim", "s", 0.1 + 0.2))
OUTCOME = ImageOutcome("set5", "a", "nearest", "k", "f" * 64, 0.01, 99.5, "cpu", "ok", "", SCORES, "i", "m", {}, 3)
FAILED = ImageOutcome("set5", "ä\n", "mine", "k", "", math.nan, math.nan, "", "failed", "It broke.", (), "i", "m")
OTHERS = (
    replace(OUTCOME, image="b", scores=(replace(SCORES[0], value=math.inf),), files={"/w.bin": "0", "/v.bin": "1"}),
    replace(OUTCOME, image="c", scores=(replace(SCORES[0], value=math.nan, message="No."), SCORES[1])),
)

# The process kills itself before its N-th renaming, flushing or removal of a file, N on from 0 until it gets through.
KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow.parquet
from srbench.bench import compaction, journal
run, compaction.LEAST, number = Path(sys.argv[1]), 1, 0
expected = journal.read(run)
while True:
    child = os.fork()
    if not child:
        left = [number]
        def killing(call):
            def instead(*args, **options):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return call(*args, **options)
            return instead
        Path.replace, Path.unlink, os.fsync = map(killing, (Path.replace, Path.unlink, os.fsync))
        journal.compact(run, journal.read(run))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert journal.read(run) == expected, number
    if not status:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    number += 1
print(number)
"""


def places(*outcomes: ImageOutcome) -> journal.Outcomes:
    return {outcome.place: outcome for outcome in outcomes}


def lines(folder: Path, *outcomes: ImageOutcome, shard: Shard | None = None) -> None:
    made = Journal(folder, shard)
    made.append(*outcomes)
    made.close()


def test_outcomes_are_read_back_as_they_were(tmp_path: Path) -> None:
    compaction.write(tmp_path, [OUTCOME, *OTHERS, FAILED])
    back = compaction.read(tmp_path)
    assert back[:2] == [OUTCOME, OTHERS[0]]
    assert repr(back) == repr([OUTCOME, *OTHERS, FAILED])  # NaN is not equal to itself


def test_many_journals_become_one_file_and_the_highest_revision_counts(tmp_path: Path) -> None:
    lines(tmp_path, OUTCOME, OTHERS[0])
    lines(tmp_path, replace(OUTCOME, key="newer"), shard=Shard(1, 2))
    lines(tmp_path, FAILED, shard=Shard(2, 2))
    before = journal.read(tmp_path)
    assert before
    journal.compact(tmp_path, before)
    assert [path.name for path in tmp_path.glob("journal*")] == ["journal.parquet"]
    assert repr(journal.read(tmp_path)) == repr(before)
    lines(tmp_path, replace(OUTCOME, key="newest"))
    after = journal.read(tmp_path)
    assert after
    assert (after[OUTCOME.place].key, after[OUTCOME.place].revision) == ("newest", 2)
    assert len(after) == 3


def test_a_process_killed_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    compaction.write(tmp_path, [OTHERS[0]])
    lines(tmp_path, OUTCOME, replace(OTHERS[0], key="newer"))
    lines(tmp_path, replace(OUTCOME, image="d"), shard=Shard(2, 2))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 5  # the file and its folder flushed, the file renamed, two journals removed
    assert [path.name for path in tmp_path.glob("journal*")] == ["journal.parquet"]


def test_lines_that_are_compacted_while_a_reader_looks_are_read_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines(tmp_path, OUTCOME)
    before, content = journal.read(tmp_path), Path.read_bytes
    assert before

    def too_late(path: Path) -> bytes:
        monkeypatch.setattr(Path, "read_bytes", content)
        journal.compact(tmp_path, before)
        return content(path)

    monkeypatch.setattr(Path, "read_bytes", too_late)
    assert journal.read(tmp_path) == before


def test_a_damaged_file_is_one_line_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "journal.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RunError, match=r"journal\.parquet is damaged .*Restore it, or delete it and run again"):
        journal.read(tmp_path)


def run_over(count: int, tmp_path: Path, shard: str | None = None) -> bench.RunResults:
    for number in range(count):
        if not (tmp_path / "mine" / f"p{number}.png").exists():
            images.write(tmp_path / "mine" / f"p{number}.png", np.full((16, 16, 3), 20 + number, np.uint8))
    engine = CallingProcess(Luggage())
    return bench.run("nearest", tmp_path / "mine", out=tmp_path / "r", scale=2, engine=engine, shard=shard)


def test_a_run_goes_on_from_what_was_compacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "LEAST", 4)
    first = run_over(3, tmp_path)
    assert (tmp_path / "r" / "journal.jsonl").is_file()
    assert first.info["schema_version"] == 2
    more = run_over(5, tmp_path)
    assert not (tmp_path / "r" / "journal.jsonl").exists()
    assert more.info["schema_version"] == results.SCHEMA_VERSION
    done: list[tuple[int, int]] = []
    again = bench.run(
        "nearest", tmp_path / "mine", out=tmp_path / "r", scale=2, on_start=lambda *counts: done.append(counts)
    )
    assert done == [(0, 5)]
    pd.testing.assert_frame_equal(again.scores, more.scores)
    assert again.info["schema_version"] == results.SCHEMA_VERSION
    (tmp_path / "r" / ".seal.json").unlink()
    pd.testing.assert_frame_equal(bench.load(tmp_path / "r").scores, more.scores)


def test_a_run_that_ends_reads_no_journal_to_know_how_many_lines_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_over(2, tmp_path)
    opened: list[str] = []

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(path: Path, *args: Any, **options: Any) -> Any:
            opened.append(path.name)
            return call(path, *args, **options)

        return instead

    for name in ("open", "read_bytes"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    monkeypatch.setattr(compaction, "LEAST", 5)
    run_over(5, tmp_path)
    assert opened.count("journal.jsonl") == 1, "where the run begins"
    assert (tmp_path / "r" / "journal.parquet").is_file()


def test_the_last_of_the_shards_compacts_what_all_of_them_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "LEAST", 4)
    run_over(6, tmp_path, "1/2")
    assert [path.name for path in (tmp_path / "r").glob("journal*")] == ["journal-1-of-2.jsonl"]
    with monkeypatch.context() as beside:
        beside.setattr("srbench.bench.locks.beside", lambda run, own: [Shard(1, 2)] if own.number == 2 else [])
        run_over(6, tmp_path, "2/2")
    assert len(list((tmp_path / "r").glob("journal-*.jsonl"))) == 2
    assert len(run_over(6, tmp_path, "2/2").scores) == 6
    assert [path.name for path in (tmp_path / "r").glob("journal*")] == ["journal.parquet"]
    assert len(bench.load(tmp_path / "r").scores) == 12
