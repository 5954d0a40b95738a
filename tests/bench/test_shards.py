"""Shards of a run: many processes on one folder, none of which leads; killed, started again, and merged."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images
from srbench.bench import locks, results
from srbench.bench.engine import CallingProcess
from srbench.bench.luggage import Luggage
from srbench.bench.shards import Shard
from srbench.errors import RunError

# Works in its own process, so that eight of them start quickly; what workers get in a file it reads from there as well.
WRITER = """
import os, sys, time
from srbench import bench
from srbench.bench.worker import ImageWorker

class Here:
    def outcomes(self, tasks, interrupt):
        worker = ImageWorker()
        for task in tasks:
            yield worker.do(task)

def slow(lr, scale):
    time.sleep(float(os.environ.get("SLOW", "0")))
    return lr.repeat(scale, 0).repeat(scale, 1)

pictures, out, shard = sys.argv[1:]
bench.run(
    ["nearest", "bicubic", slow], pictures, out=out, scale=2, engine=Here(),
    shard=None if shard == "all" else bench.Shard.parse(shard),
)
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of eleven small images."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    rng = np.random.default_rng(3)
    for i in range(11):
        images.write(folder / f"p{i:02}.png", rng.integers(0, 256, (28, 30 + 2 * i, 3), dtype=np.uint8))
    return folder


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that does one shard in its own process, with a method that exists only there."""
    path = tmp_path_factory.mktemp("script") / "writer.py"
    path.write_text(WRITER)
    return path


def start(script: Path, pictures: Path, out: Path, shard: str, slow: float = 0) -> subprocess.Popen[str]:
    command = [sys.executable, str(script), str(pictures), str(out), shard]
    env = {**os.environ, "SLOW": str(slow)}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr


def table(run: Path) -> str:
    """Return the bytes of scores.csv without what depends on the machine's mood."""
    frame = pd.read_csv(run / "scores.csv", dtype=str, keep_default_na=False)
    return str(frame.drop(columns=["seconds", "peak_mb"]).to_csv(index=False))


def lines(run: Path, name: str = "journal*.jsonl") -> list[tuple[str, str, str]]:
    entries = [json.loads(line) for path in run.glob(name) for line in path.read_text().splitlines()]
    return [(entry["method"], entry["dataset"], entry["image"]) for entry in entries]


def run(pictures: Path, out: Path, shard: tuple[int, int] | None = None, metrics: str = "psnr") -> bench.RunResults:
    """Run in this process, which starts at once."""
    here = CallingProcess(Luggage())
    return bench.run("nearest", pictures, out=out, scale=2, shard=shard, metrics=metrics.split(), engine=here)


def test_every_item_belongs_to_one_shard_and_shards_differ_by_one_at_most() -> None:
    shares = [list(Shard(k, 7).share(range(24))) for k in range(1, 8)]
    assert sorted(item for share in shares for item in share) == list(range(24))
    assert {len(share) for share in shares} == {3, 4}


@pytest.mark.parametrize("text", ["3", "0/4", "5/4", "3/0", "-1/4", "3/20/1", "a/b", "", "1.5/3", "\u0661/\u0663"])
def test_what_is_no_shard_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RunError, match="3/20"):
        Shard.parse(text)


def test_eight_writers_two_of_them_killed_and_started_again_equal_one_process(
    pictures: Path, script: Path, tmp_path: Path
) -> None:
    out = tmp_path / "shards"
    writers = {k: start(script, pictures, out, f"{k}/8", slow=0.4 if k > 6 else 0) for k in range(1, 9)}
    for k in (7, 8):  # each is killed once it has written something and still has something to do
        journal = out / f"journal-{k}-of-8.jsonl"
        deadline = time.monotonic() + 90
        while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 3):
            assert writers[k].poll() is None, writers[k].communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        writers[k].send_signal(signal.SIGKILL)
        writers[k].communicate()
        assert writers[k].returncode == -signal.SIGKILL
    for k in range(1, 7):
        finish(writers[k])
    before = {k: lines(out, f"journal-{k}-of-8.jsonl") for k in (7, 8)}
    assert len(lines(out)) < 33
    assert len(results.load(out).scores) == 2 * len(lines(out))  # a reader sees all that is done, and no more
    again = [start(script, pictures, out, f"{k}/8") for k in (7, 8)]
    for process in again:
        finish(process)
    for k in (7, 8):
        assert lines(out, f"journal-{k}-of-8.jsonl")[: len(before[k])] == before[k]
    assert len(lines(out)) == len(set(lines(out))) == 33  # nothing lost, nothing twice
    finish(start(script, pictures, tmp_path / "one", "all"))
    assert table(out) == table(tmp_path / "one")
    ours, one = (json.loads((folder / "run.json").read_text()) for folder in (out, tmp_path / "one"))
    assert len(ours.pop("commands")) == 8
    assert one.pop("commands")
    assert ours == one
    assert not list(out.glob("**/*.tmp"))
    assert not list(out.glob(".luggage*"))
    for path in (tmp_path / "one").glob("images/**/*.png"):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "one")).read_bytes()


def test_a_plain_run_does_what_no_shard_has_done_and_writes_its_own_journal(pictures: Path, tmp_path: Path) -> None:
    mine = run(pictures, tmp_path / "r", (2, 3))
    assert sorted(set(mine.scores["image"])) == ["p01", "p04", "p07", "p10"]
    shard_lines = lines(tmp_path / "r")
    whole = run(pictures, tmp_path / "r")
    assert len(whole.scores) == 11
    assert len(lines(tmp_path / "r", "journal.jsonl")) == 7
    assert not set(lines(tmp_path / "r", "journal.jsonl")) & set(shard_lines)
    assert len(run(pictures, tmp_path / "r", (1, 2)).scores) == 6  # another division finds all done
    assert lines(tmp_path / "r", "journal-1-of-2.jsonl") == []


def test_of_two_journals_the_later_line_counts_whichever_it_is_in(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r"
    run(pictures, out, (1, 1))
    results.image_path(out, "nearest", "mine", "p03").write_bytes(b"spoilt")
    run(pictures, out)  # one line, a second revision
    results.image_path(out, "nearest", "mine", "p03").write_bytes(b"spoilt again")
    run(pictures, out, (1, 1), "psnr ssim")  # a third, with more scores
    loaded = results.load(out)
    assert len(loaded.scores) == 22
    assert lines(out).count(("nearest", "mine", "p03")) == 3
    again = run(pictures, out, metrics="psnr ssim")
    assert lines(out).count(("nearest", "mine", "p03")) == 3
    pd.testing.assert_frame_equal(again.scores, loaded.scores)


def test_a_shard_without_images_and_a_folder_of_nothing_but_its_journal_are_whole_runs(
    pictures: Path, tmp_path: Path
) -> None:
    assert run(pictures, tmp_path / "r", (40, 40)).scores.empty
    assert results.load(tmp_path / "r").scores.empty


def test_a_shard_leaves_alone_what_others_are_writing(pictures: Path, tmp_path: Path) -> None:
    places = [results.image_path(tmp_path / "r", "nearest", "mine", name) for name in ("p00", "p01")]
    torn = [place.with_name(f".{place.name}.123.tmp") for place in places]
    for path in torn:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    run(pictures, tmp_path / "r", (1, 2))
    assert [path.exists() for path in torn] == [False, True]
    run(pictures, tmp_path / "r")
    assert [path.exists() for path in torn] == [False, False]


def test_a_shard_excludes_itself_other_divisions_and_plain_runs_but_no_other_shard(
    pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "r"
    run(pictures, out, (1, 4))
    with locks.folder(out, shared=True), locks.shard(out, Shard(2, 4)) as beside:
        assert not beside
        with pytest.raises(RunError, match=r"Shard 2/4 of .*/r is at work already"):
            run(pictures, out, (2, 4))
        with pytest.raises(RunError, match=r"Shard 2/4 is at work in .*/r, of another division than 1/3"):
            run(pictures, out, (1, 3))
        with pytest.raises(RunError, match="in use by another srbench"):
            run(pictures, out)
        assert len(run(pictures, out, (3, 4)).scores) == 3
    with locks.folder(out, shared=False), pytest.raises(RunError, match="in use by another srbench"):
        run(pictures, out, (3, 4))
    assert len(run(pictures, out, (1, 3)).scores) == 4


def test_a_shard_that_would_spoil_the_scores_of_those_at_work_is_refused(pictures: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "r", tmp_path / "mine"
    mine.mkdir()
    for path in pictures.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    run(mine, out, (1, 2))
    info = (out / "run.json").read_text()
    images.write(mine / "p05.png", images.read(mine / "p06.png"))
    with locks.folder(out, shared=True), locks.shard(out, Shard(1, 2)):
        with pytest.raises(RunError, match=r"have the mine's image 'p05' otherwise than shard 2/2"):
            run(mine, out, (2, 2))
        assert (out / "run.json").read_text() == info
        other = re.sub(r'("fingerprint": )"\w+"', r'\1"another"', info)
        (out / "run.json").write_text(other)
        with pytest.raises(RunError, match="have the method 'nearest' otherwise"):
            run(mine, out, (2, 2))
        assert (out / "run.json").read_text() == other
    (out / "run.json").write_text(info)
    assert len(run(mine, out, (2, 2)).scores) == 5  # nobody is at work: the images of today count


def test_a_file_system_without_locks_is_named(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(RunError, match=r"Cannot lock .*: No locks available. Its file system needs locks"):
        run(pictures, tmp_path / "r", (1, 2))
