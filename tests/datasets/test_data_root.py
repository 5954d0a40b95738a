"""A folder that already holds the data sets: nothing is downloaded, every file is checked."""

from __future__ import annotations

import pickle
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.datasets import ImagePair, fetch, load, locate, verify
from srbench.errors import DatasetError, ImageError
from srbench.resize import reduce


@pytest.mark.parametrize("name", ["set5", "set14", "bsd100", "bsds300-train", "general100"])
def test_the_real_sets_are_as_their_manifests_say(data_root: Path, name: str):
    checks = verify(name, data_root)
    assert [check.problem for check in checks if check.problem] == []
    assert all(check.is_known for check in checks)
    assert locate(name, data_root)[1]


def test_the_checksums_of_all_three_test_sets_are_checked_in_half_a_second(data_root: Path):
    load("set5", data_root=data_root)
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        pairs = [pair for name in ("set5", "set14", "bsd100") for pair in load(name, data_root=data_root)]
        best = min(best, time.process_time() - start)
    assert len(pairs) == 119
    assert best < 0.5


def test_published_lr_files_are_used_at_their_scale_and_made_at_others(data_root: Path):
    pair = load("set5", data_root=data_root, limit=1)[0]
    assert pair.lr_path is not None
    assert np.array_equal(pair.lr(), images.read(pair.lr_path))
    for scale in (2, 3, 8):
        other = load("set5", scale, data_root=data_root, limit=1)[0]
        assert other.lr_path is None
        assert np.array_equal(other.lr(), reduce(other.hr(), scale))
        assert other.input_hash != pair.input_hash
    assert load("set5", data_root=data_root).lr_origin == "the published LR files for x4"
    assert load("set5", 8, data_root=data_root).lr_origin == "made from HR by MATLAB's bicubic reduction"
    said = load("set5", 2, data_root=data_root).lr_origin
    assert said == f"made from HR by MATLAB's bicubic reduction; the published files for x2 are not in {data_root}"


def test_the_one_gray_image_of_set14_stays_gray(data_root: Path):
    shapes = {pair.name: (pair.hr().ndim, pair.lr().ndim) for pair in load("set14", data_root=data_root, limit=4)}
    assert shapes == {"img_001": (3, 3), "img_002": (3, 3), "img_003": (2, 2), "img_004": (3, 3)}


@pytest.fixture
def root(data_root: Path, tmp_path: Path, cache: Path) -> Path:
    """A copy of Set5 that may be damaged."""
    shutil.copytree(data_root / "set5", tmp_path / "root" / "set5")
    for path in (tmp_path / "root").rglob("*"):
        path.chmod(0o755)
    return tmp_path / "root"


def test_a_missing_file_is_named_and_not_downloaded(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SRBENCH_DATA", str(root))
    (root / "set5" / "HR" / "img_002.png").unlink()
    with pytest.raises(DatasetError, match=r"'set5': .*set5/HR/img_002\.png is missing\. Correct the data root") as it:
        load("set5")
    assert "\n" not in str(it.value)
    assert not (root.parent / "cache").exists()
    assert len(load("set5", limit=1)) == 1


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data + b"\0", lambda data: b""])
def test_a_file_that_differs_is_named_with_both_checksums(root: Path, damage):
    path = root / "set5" / "LR_bicubic_x4" / "img_005.png"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        DatasetError, match=r"img_005\.png is damaged or another file \(SHA-256 \w{64}, expected \w{64}"
    ):
        load("set5", data_root=root)
    assert len(load("set5", 2, data_root=root)) == 5


def test_several_problems_are_counted(root: Path):
    shutil.rmtree(root / "set5" / "LR_bicubic_x4")
    with pytest.raises(DatasetError, match=r"img_001\.png is missing \(5 files in all\)"):
        load("set5", data_root=root)
    assert sum(bool(check.problem) for check in verify("set5", root)) == 5


def test_a_file_that_cannot_be_read_is_named(root: Path):
    (root / "set5" / "HR" / "img_001.png").unlink()
    (root / "set5" / "HR" / "img_001.png").mkdir()
    with pytest.raises(DatasetError, match=r"img_001\.png cannot be read \(Is a directory\)"):
        load("set5", data_root=root)


def test_a_data_root_that_is_no_folder_is_named(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"data root .*nowhere is not a folder"):
        load("set5", data_root=tmp_path / "nowhere")


def test_files_without_known_checksums_must_at_least_be_images(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    head = 'title = "T"\nabout = "A."\nlicence = "L"\ncitation = "C"\n[hr]\npath = "HR/{name}.png"\n[images]\n'
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "mine.toml").write_text(head + "img_001 = {}\nimg_002 = {}\n")
    monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path / "manifests"))
    shutil.copytree(root / "set5" / "HR", root / "mine" / "HR")
    assert len(load("mine", data_root=root)) == 2
    assert [(check.problem, check.is_known) for check in verify("mine", root)] == [("", False)] * 2
    (root / "mine" / "HR" / "img_002.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"mine/HR/img_002\.png"):
        load("mine", data_root=root)


def test_a_data_root_laid_out_as_selfexsr_s_own_data_is_read_in_place(root: Path, tmp_path: Path):
    theirs = tmp_path / "SelfExSR" / "data"
    (theirs / "Set5" / "image_SRF_4").mkdir(parents=True)
    for side, folder in (("HR", "HR"), ("LR", "LR_bicubic_x4")):
        for path in (root / "set5" / folder).iterdir():
            shutil.copy(path, theirs / "Set5" / "image_SRF_4" / f"{path.stem}_SRF_4_{side}.png")
    assert [check.problem for check in verify("set5", theirs)] == [""] * 10
    (theirs / "Set5" / "image_SRF_4" / "img_003_SRF_4_LR.png").unlink()
    with pytest.raises(DatasetError, match=r"set5/LR_bicubic_x4/img_003\.png is missing"):
        load("set5", data_root=theirs)


def test_a_pair_is_small_and_survives_the_way_to_a_worker(root: Path):
    pair = load("set5", data_root=root)[4]
    data = pickle.dumps(pair)
    assert len(data) < 1000
    copy = pickle.loads(data)
    assert isinstance(copy, ImagePair)
    assert copy == pair
    assert np.array_equal(copy.lr(), pair.lr())


def test_a_file_that_changes_under_a_running_evaluation_is_noticed(root: Path):
    pair = load("set5", data_root=root)[0]
    images.write(pair.hr_path, pair.hr()[::-1])
    with pytest.raises(ImageError, match="was changed after it had been verified"):
        pair.hr()
    pair.hr_path.unlink()
    with pytest.raises(ImageError, match="Cannot read image"):
        pair.hr()


def test_the_demo_set_needs_no_data_root(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SRBENCH_DATA", str(root))
    assert len(load("demo")) == 6
    assert fetch("demo").name == "data"
