"""Photographs are decoded once, on all cores; odd files are converted or left out, counted and named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from srbench import images
from srbench.errors import TrainingError
from srbench.training import cache, checkpoints, filling, photographs
from srbench.training.cache import PixelCache
from srbench.training.launch import TrainingRequest, launch
from srbench.training.loading import LoadedPhotographs, Request, load
from tests.training.conftest import picture

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {"crop": 16, "batch": 2, "steps": 2, "precision": "fp32"}


def loaded(files: list[Path], folder: Path, **changes: Any) -> LoadedPhotographs:
    folder.mkdir(exist_ok=True)
    return load(Request(files, **changes), PixelCache(folder), CPU, quiet=True)


def decoded(photos: photographs.Photographs, number: int) -> np.ndarray:
    """Return photograph `number` as (H, W, C), from the flat array."""
    height, width = int(photos.heights[number]), int(photos.widths[number])
    start = int(photos.offsets[number])
    flat = photos.pixels[start : start + photos.channels * height * width].numpy()
    return flat.reshape(photos.channels, height, width).transpose(1, 2, 0)


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """Two ordinary photographs, four that are converted, five files that cannot be used, and one that is too small."""
    folder = tmp_path / "odd"
    (folder / "deep").mkdir(parents=True)
    for seed in range(2):
        images.write(folder / f"plain{seed}.png", picture(seed))
    PillowImage.fromarray(picture(2)).convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    clear = PillowImage.fromarray(picture(3)).convert("RGBA")
    clear.putalpha(100)
    clear.save(folder / "clear.png")
    first, second = (PillowImage.fromarray(picture(seed)) for seed in (4, 5))
    first.save(folder / "moving.gif", save_all=True, append_images=[second])
    import cv2

    cv2.imwrite(str(folder / "deep" / "sixteen.png"), picture(6)[..., ::-1].astype(np.uint16) * 257)
    whole = (folder / "plain0.png").read_bytes()
    (folder / "torn.png").write_bytes(whole[:700])
    (folder / "._plain0.png").write_bytes(b"\0\5\26\7notes of macOS")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    PillowImage.fromarray(np.zeros((40, 40), np.float32)).save(folder / "floats.tif")
    images.write(folder / "stamp.png", picture(7, 12, 12))
    return folder


def test_a_folder_with_every_odd_file_trains_on_what_can_be_used_and_names_the_rest(
    odd_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = TrainingRequest("espcn", (odd_folder,), tmp_path / "run", SMALL, device="cpu", keep_duplicates=True)
    assert launch(request).step == 2
    config = checkpoints.load(tmp_path / "run").config
    assert (config["photographs"], config["left_out"]) == (6, 5)
    said = capsys.readouterr().err
    for name in ("torn.png", "._plain0.png", "empty.jpg", "phone.heic", "floats.tif"):
        assert f"Left out {odd_folder / name}: " in said
    assert "Left out 5 files that cannot be used." in said
    assert "Left out for being too small for a crop: 1" in said
    assert "Converted: 1 of CMYK" in said
    assert "Converted: 1 of transparency on white" in said
    assert "Converted: 1 of first picture of an animation" in said


def test_strict_refuses_a_folder_with_a_file_that_cannot_be_decoded(odd_folder: Path, tmp_path: Path) -> None:
    request = TrainingRequest("espcn", (odd_folder,), tmp_path / "run", SMALL, device="cpu", quiet=True, strict=True)
    with pytest.raises(TrainingError, match=r"5 files cannot be used, .*_plain0\.png first"):
        launch(request)
    assert not (tmp_path / "run" / checkpoints.INDEX).exists()


@pytest.mark.parametrize("luma", [False, True])
def test_what_is_mapped_is_what_was_decoded(photo_folder: Path, tmp_path: Path, luma: bool) -> None:
    files = sorted(photo_folder.glob("*.png"))
    for _ in range(2):
        found = loaded(files, tmp_path / "cache", luma=luma).photographs
        assert found.files == tuple(files)
        for number, path in enumerate(files):
            image = images.read(path)
            expected = images.luma(image)[..., None] if luma else image
            assert np.array_equal(decoded(found, number), expected)


def test_nothing_is_decoded_nor_even_read_again(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(photo_folder.glob("*.png"))
    loaded(files, tmp_path / "cache")
    size = (tmp_path / "cache" / "pixels.v1").stat().st_size
    monkeypatch.setattr(filling, "_read", lambda *_: pytest.fail("a file was read again"))
    again = loaded(files, tmp_path / "cache").photographs
    assert len(again) == len(files)
    assert (tmp_path / "cache" / "pixels.v1").stat().st_size == size


def test_content_is_what_counts_not_the_place(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(sorted(photo_folder.glob("*.png")), tmp_path / "cache")
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in photo_folder.glob("*.png"):
        (moved / f"other-{path.name}").write_bytes(path.read_bytes())
    monkeypatch.setattr(filling, "decode", lambda *_: pytest.fail("a photograph was decoded again"))
    assert len(loaded(sorted(moved.glob("*.png")), tmp_path / "cache").photographs) == 6


def test_a_file_that_has_changed_is_decoded_again(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for seed in (0, 1):
        images.write(path, picture(seed))
        os.utime(path, ns=(seed + 1, seed + 1))  # the clock of some disks is coarse
        assert np.array_equal(decoded(loaded([path], tmp_path / "cache").photographs, 0), picture(seed))


def test_what_a_kill_has_left_half_written_is_decoded_again_behind_it(photo_folder: Path, tmp_path: Path) -> None:
    files, folder = sorted(photo_folder.glob("*.png")), tmp_path / "cache"
    loaded(files[:3], folder)
    with (folder / "pixels.v1").open("ab") as pixels:
        pixels.write(b"\x7f" * 1000)  # a photograph whose line is missing
    with (folder / "index.v1").open("a") as index:
        index.write('["abc", "rgb", 0, 9999, 9999, null, ""]\n["def", "rg')  # beyond the end, and torn
    found = loaded(files, folder).photographs
    assert all(np.array_equal(decoded(found, n), images.read(path)) for n, path in enumerate(files))


def test_two_processes_fill_one_cache_without_decoding_twice(photo_folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys, torch; from pathlib import Path; from srbench.training.cache import PixelCache; "
        "from srbench.training.loading import Request, load; "
        "found = load(Request(sorted(Path(sys.argv[1]).glob('*.png'))), PixelCache(Path(sys.argv[2])), "
        "torch.device('cpu'), True); print(int(found.photographs.pixels.long().sum()), found.bytes)"
    )
    folder = tmp_path / "cache"
    folder.mkdir()
    command = [sys.executable, "-c", script, str(photo_folder), str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate(timeout=300)[0] for process in both}
    assert len(outputs) == 1
    pixels = sum(images.read(path).size for path in photo_folder.glob("*.png"))
    assert (folder / "pixels.v1").stat().st_size == pixels
    assert len((folder / "index.v1").read_text().splitlines()) == 6


def test_a_cache_that_may_only_be_read_is_enough_where_all_is_in_it(photo_folder: Path, tmp_path: Path) -> None:
    files, folder = sorted(photo_folder.glob("*.png")), tmp_path / "cache"
    loaded(files[:5], folder)
    os.chmod(folder, 0o500)  # noqa: PTH101
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("nothing is read-only to root")
        assert len(loaded(files[:5], folder).photographs) == 5
        with pytest.raises(TrainingError, match="may not be written"):
            loaded(files, folder)
    finally:
        os.chmod(folder, 0o700)  # noqa: PTH101


def test_a_read_only_cache_is_recognised_for_root_too(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, folder = sorted(photo_folder.glob("*.png")), tmp_path / "cache"
    loaded(files[:5], folder)
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert len(loaded(files[:5], folder).photographs) == 5
    with pytest.raises(TrainingError, match=r"may not be written.*Give a --cache"):
        loaded(files, folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_where_the_users_cache_cannot_be_written_the_runs_folder_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "user"))
    assert cache.folder(None, tmp_path / "run") == tmp_path / "user" / "photographs"
    assert cache.folder(tmp_path / "mine", tmp_path / "run") == tmp_path / "mine"
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "file"))
    assert cache.folder(None, tmp_path / "run") == tmp_path / "run" / "photographs"
    with pytest.raises(TrainingError, match="Cannot make the cache"):
        cache.folder(tmp_path / "file" / "x", tmp_path / "run")


def test_a_disk_without_room_is_told_before_anything_is_decoded(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(TrainingError, match=r"take 0\.0 GB more in .*cache, where 0\.0 GB are free\. Give a folder"):
        loaded(sorted(photo_folder.glob("*.png")), tmp_path / "cache")
    assert not (tmp_path / "cache" / "pixels.v1").exists()


def test_pages_that_were_looked_at_are_let_go_when_they_are_many(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded(sorted(photo_folder.glob("*.png")), tmp_path / "cache").photographs
    before = found.pixels.clone()
    monkeypatch.setattr(cache, "RESIDENT", 0)
    found.trim()
    assert torch.equal(found.pixels, before)


def test_pixels_bytes_and_place_are_said(photo_folder: Path, tmp_path: Path) -> None:
    line = loaded(sorted(photo_folder.glob("*.png")), tmp_path / "cache").lines()[0]
    assert line == f"6 photographs, 0.1 megapixels: 0.2 MB mapped from {tmp_path / 'cache'}"


def test_a_run_goes_on_where_its_photographs_are_without_being_told(photo_folder: Path, tmp_path: Path) -> None:
    request = TrainingRequest(
        "espcn", (photo_folder,), tmp_path / "run", SMALL, photo_folder, 1, device="cpu", quiet=True
    )
    launch(replace(request, keep_duplicates=True))
    again = TrainingRequest("", (), tmp_path / "run", {"steps": 4}, resume=True, device="cpu", quiet=True)
    result = launch(again)
    assert (result.step, result.psnr is not None) == (4, True)


def test_a_run_whose_folder_has_moved_asks_where_it_is_and_goes_on_there(photo_folder: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for path in photo_folder.glob("*.png"):
        (here / path.name).write_bytes(path.read_bytes())
    launch(TrainingRequest("espcn", (here,), tmp_path / "run", SMALL, device="cpu", quiet=True))
    here.rename(there)
    again = TrainingRequest("espcn", (), tmp_path / "run", {"steps": 3}, resume=True, device="cpu", quiet=True)
    with pytest.raises(TrainingError, match=r"from .*here, which is not there\. Say with --data where"):
        launch(again)
    assert launch(replace(again, data=(there,))).step == 3


def test_a_checkpoint_of_before_goes_on_with_the_folder_it_is_told(photo_folder: Path, tmp_path: Path) -> None:
    """Checkpoints once held neither places nor the newer settings, and may hold some that are no more."""
    launch(TrainingRequest("espcn", (photo_folder,), tmp_path / "run", SMALL, device="cpu", quiet=True))
    index = tmp_path / "run" / checkpoints.INDEX
    stored = json.loads(index.read_text())
    for name in ("places", "left_out"):
        del stored["config"][name]
    for name in ("clip", "accumulate", "degradation", "keep_every", "samples", "log"):
        del stored["config"]["plan"][name]
    stored["config"]["plan"]["retired"] = 3
    index.write_text(json.dumps(stored))
    again = TrainingRequest("espcn", (), tmp_path / "run", {"steps": 3}, resume=True, device="cpu", quiet=True)
    with pytest.raises(TrainingError, match=r"does not say where its photographs are\. Give them with --data"):
        launch(again)
    assert launch(replace(again, data=(photo_folder,))).step == 3


def test_where_all_are_held_out_the_message_says_so_and_what_to_change(tmp_path: Path, photo_folder: Path) -> None:
    files = photographs.find([photo_folder])
    with pytest.raises(
        TrainingError, match=rf"{len(files)} are held out for validation.*--hold-out below {len(files)}"
    ):
        loaded(files, tmp_path / "cache", held=files)
    with pytest.raises(TrainingError, match=r"None of the 1 photographs that may be trained on has 4000 pixels"):
        loaded(files, tmp_path / "cache", held=files[1:], smallest=4000)
