"""Data sets of sureal, as Python and JSON; no line of them is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srbench import stats
from srbench.errors import StudyError
from srbench.ratings import understand
from tests.ratings.conftest import Read

RATED = """
# a study of two pictures
import os
dataset_name = 'two'
ref_score = 5.0
folder = '/videos'
ref_videos = [
    {'content_id': 0, 'content_name': 'boat', 'path': folder + '/boat.yuv'},
    {'content_id': 1, 'content_name': 'tree', 'path': folder + '/tree.yuv'},
]
dis_videos = [
    {'asset_id': 0, 'content_id': 0, 'os': {'Ann': [3, 2], 'Bob': 4}, 'path': folder + '/boat_low.yuv'},
    {'asset_id': 1, 'content_id': 0, 'os': {'Ann': 5, 'Bob': float('nan')}, 'path': folder + '/boat.yuv'},
    {'asset_id': 2, 'content_id': 1, 'os': {'Ann': 1.5, 'Bob': +2}, 'path': folder + '/tree_low.yuv'},
]
"""


def test_a_python_data_set_is_read_with_its_repeats_and_its_hidden_original(read: Read) -> None:
    found = read(RATED, "two.py")
    rows = found.table[["rater", "image", "method", "repeat", "score"]].to_numpy().tolist()
    assert rows == [
        ["Ann", "boat", "low", 0, 3.0], ["Ann", "boat", "low", 1, 2.0], ["Bob", "boat", "low", 0, 4.0],
        ["Ann", "boat", "hr", 0, 5.0], ["Ann", "tree", "low", 0, 1.5], ["Bob", "tree", "low", 0, 2.0],
    ]  # fmt: skip
    assert found.empty == 1
    assert "read without running it" in found.form


@pytest.mark.parametrize(
    "line",
    [
        "open('touched', 'w').write('x')  # a bare call is passed over",
        "dis_videos = __import__('os').system('touch touched') or []",
        "dis_videos = [open('touched', 'w')]",
        "for video in dis_videos: open('touched', 'w')",
        "def f(): open('touched', 'w')",
        "dis_videos[0]['os'] = open('touched', 'w')",
        "x = 'a' * 10**10",
    ],
)
def test_nothing_of_a_file_is_executed(read: Read, tmp_path: Path, monkeypatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    if line.startswith("open"):
        read(f"{RATED}\n{line}\n", "two.py")
    else:
        with pytest.raises(StudyError, match=r"two.py, line 17: expected data, got .*read, not run"):
            read(f"{RATED}\n{line}\n", "two.py")
    assert not (tmp_path / "touched").exists()


def test_lists_of_scores_and_json_are_read_alike(read: Read) -> None:
    document = {
        "ref_videos": [{"content_id": 7, "content_name": "boat", "path": "boat.png"}],
        "dis_videos": [{"content_id": 7, "asset_id": 0, "os": [4, [3, 5]], "path": "boat_low.png"}],
    }
    found = read(json.dumps(document), "two.json").table
    assert found[["rater", "repeat", "score"]].to_numpy().tolist() == [
        ["rater-01", 0, 4], ["rater-02", 0, 3], ["rater-02", 1, 5]
    ]  # fmt: skip


def test_methods_come_from_paths_by_template_too(read: Read) -> None:
    found = read(
        RATED.replace("_low.yuv", "-x4-low.yuv"), "two.py", split=r"\w+-(?P<method>x\d).*|(?P<image>boat)\.yuv"
    )
    assert set(found.table["method"]) == {"x4", "hr"}
    with pytest.raises(StudyError, match=r"'/videos/boat_low.yuv' does not fit --split"):
        read(RATED, "two.py", split="{image}.png")


PAIRS = """
ref_videos = [{'content_id': 0, 'content_name': 'boat', 'path': 'boat.png'}]
dis_videos = [
    {'asset_id': 0, 'content_id': 0, 'os': {('Ann', 1): 1, ('Bob', 2): 0.5}, 'path': 'boat_a.png'},
    {'asset_id': 1, 'content_id': 0, 'os': {('Bob', 2): 0}, 'path': 'boat_b.png'},
    {'asset_id': 2, 'content_id': 0, 'os': {}, 'path': 'boat_c.png'},
]
"""


def test_pairs_keep_winners_and_know_no_sides(read: Read) -> None:
    found = read(PAIRS, "pairs.py")
    assert found.table[["rater", "left", "right", "score", "sides"]].to_numpy().tolist() == [
        ["Ann", "a", "b", 1.0, "unknown"], ["Bob", "a", "c", 1.5, "unknown"], ["Bob", "b", "c", 2.0, "unknown"]
    ]  # fmt: skip
    model = stats.pair_model(found.table)
    assert model.order == 0.0  # winners first would look like a lean to the left
    assert model.observations == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("('Bob', 2): 0}", "('Bob', 2): 3}"), "expected 1, 0 or 0.5, got 3"),
        (("('Bob', 2): 0}", "('Bob', 9): 0}"), "expected a rater and the asset_id of the other"),
        (("'content_id': 0, 'os': {}", "'content_id': 4, 'os': {}"), "names the reference 4, which is not there"),
        (("'os': {},", ""), "entry 3 of 'dis_videos' lacks os"),
        (("dis_videos", "videos"), "a list 'dis_videos'; there is none"),
    ],
)
def test_a_data_set_with_a_part_missing_says_which(read: Read, change: tuple[str, str], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(PAIRS.replace(*change), "pairs.py")


def test_a_file_that_is_no_python_or_json_is_refused(read: Read, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"Cannot read ratings"):
        read("dis_videos = [", "x.py")
    with pytest.raises(StudyError, match=r"Cannot read ratings"):
        read("[1,", "x.json")
    with pytest.raises(StudyError, match=r"a list 'dis_videos'"):
        read("[1]", "x.json")
    with pytest.raises(StudyError, match=r"Cannot read ratings"):
        understand(tmp_path / "none.py")
