"""The journal of a run: nothing finished is lost, nothing torn is believed."""

from __future__ import annotations

import errno
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from srbench.bench import compaction, journal
from srbench.bench.journal import Journal
from srbench.bench.rows import ImageOutcome, Score
from srbench.bench.shards import Shard
from srbench.errors import RunError

SCORES = (Score("daala", "1", "psnr", "", 26.26), Score("daala", "1", "ssim", "", 0.7552))
OUTCOME = ImageOutcome(
    "set5", "img_001", "nearest", "k", "f" * 64, 0.01, 99.5, "", "ok", "", SCORES, "i", "m", {"a": "b"}
)


def journal_with(folder: Path, *outcomes: ImageOutcome) -> Path:
    made = Journal(folder)
    for outcome in outcomes:
        made.append(outcome)
    made.close()
    return folder / "journal.jsonl"


def read(folder: Path) -> dict[tuple[str, str, str], ImageOutcome]:
    made = Journal(folder)
    made.close()
    return made.outcomes


def test_a_journal_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    other = replace(OUTCOME, image="img_002", scores=(replace(SCORES[0], value=math.inf),))
    journal_with(tmp_path, OUTCOME, other)
    assert read(tmp_path) == {OUTCOME.place: OUTCOME, other.place: other}


def test_a_journal_knows_how_many_lines_all_of_them_have(tmp_path: Path) -> None:
    others = [replace(OUTCOME, image=f"i{number}") for number in range(4)]
    compaction.write(tmp_path, others[:1])
    beside = Journal(tmp_path, Shard(1, 2))
    beside.append(*others[1:], replace(others[3], key="newer"))
    beside.close()
    path = journal_with(tmp_path, OUTCOME)
    path.write_bytes(path.read_bytes() + b'{"torn')
    made = Journal(tmp_path)
    assert made.contents.lines == 5, "one that takes the place of another counts, what was compacted or torn does not"
    made.append(OUTCOME, replace(OUTCOME, image="last"))
    made.close()
    assert made.contents == journal.contents(tmp_path)
    assert (made.contents.lines, len(made.contents.outcomes)) == (7, 6)
    assert not made.contents.is_due


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


def test_a_line_spoilt_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    others = [replace(OUTCOME, image=f"img_00{i}") for i in (2, 3)]
    path = journal_with(tmp_path, OUTCOME, *others)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00" * 40 + b"\n" + lines[2])
    assert set(read(tmp_path)) == {OUTCOME.place, others[1].place}


def test_a_line_of_an_older_or_newer_version_is_read(tmp_path: Path) -> None:
    path = journal_with(tmp_path, OUTCOME)
    line = path.read_text()
    older = line.replace(',"input_hash":"i","fingerprint":"m","files":{"a":"b"}', "")
    assert older != line
    path.write_text(older)
    assert read(tmp_path)[OUTCOME.place] == replace(OUTCOME, input_hash="", fingerprint="", files={})
    path.write_text(line.replace('"input_hash"', '"of_the_future":[1],"input_hash"'))
    assert read(tmp_path)[OUTCOME.place] == OUTCOME


def test_a_reader_changes_nothing_and_finds_no_journal_where_there_is_none(tmp_path: Path) -> None:
    assert journal.read(tmp_path) is None
    path = journal_with(tmp_path, OUTCOME)
    torn = path.read_bytes() + b'{"dataset": "set5", "ima'
    path.write_bytes(torn)
    assert journal.read(tmp_path) == {OUTCOME.place: OUTCOME}
    assert path.read_bytes() == torn


def test_a_full_disk_is_one_line_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = Journal(tmp_path)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RunError, match=r"Cannot write .*/journal.jsonl: No space left on device"):
        made.append(OUTCOME)
    made.close()
    assert not made.outcomes
