"""Test images, whole, mirrored, scaled or compressed, cannot be trained on by mistake."""

from __future__ import annotations

import dataclasses
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from srbench import images
from srbench.errors import TrainingError
from srbench.training import cache, checkpoints, duplicates, loading
from srbench.training.launch import TrainingRequest, launch
from tests.training.conftest import picture


def loaded_from(files: list[Path], folder: Path) -> loading.LoadedPhotographs:
    folder.mkdir()
    return loading.load(loading.Request(files), cache.PixelCache(folder), torch.device("cpu"), quiet=True)


def test_the_stored_hashes_are_those_of_the_test_images(data_root: Path) -> None:
    stored = duplicates.stored_hashes()
    assert len(stored) == 119
    table = duplicates.hash_test_sets(data_root, ("set5",))
    assert {name: [int(v, 16) for v in values] for name, values in table.items()}.items() <= stored.items()


def test_changed_copies_of_a_test_image_are_left_out(data_root: Path, tmp_path: Path) -> None:
    image = images.read(data_root / "set5" / "HR" / "img_003.png")
    buffer = io.BytesIO()
    PillowImage.fromarray(image).resize((200, 200)).save(buffer, "JPEG", quality=50)
    (tmp_path / "small.jpg").write_bytes(buffer.getvalue())
    images.write(tmp_path / "mirrored.png", np.ascontiguousarray(image[:, ::-1]))
    images.write(tmp_path / "other.png", picture(1))
    loaded = loaded_from(sorted(tmp_path.iterdir()), tmp_path / "cache")
    assert [path.name for path in loaded.photographs.files] == ["other.png"]
    assert loaded.refused == {"small.jpg": "set5/img_003", "mirrored.png": "set5/img_003"}


def test_the_known_leak_of_bsds500_is_found(data_root: Path, tmp_path: Path) -> None:
    leak = data_root / "bsds500" / "train" / "302003.jpg"
    if not leak.is_file():
        pytest.skip("needs BSDS500 beside the test sets")
    images.write(tmp_path / "other.png", picture(1))
    loaded = loaded_from([leak, tmp_path / "other.png"], tmp_path / "cache")
    assert loaded.refused == {"302003.jpg": "set5/img_005"}


def test_without_imagehash_training_is_refused_unless_duplicates_are_kept(
    monkeypatch: pytest.MonkeyPatch, photo_folder: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "imagehash", None)
    wanted = TrainingRequest(
        "espcn", (photo_folder,), tmp_path / "run", {"steps": 1, "crop": 24, "batch": 1}, quiet=True
    )
    with pytest.raises(TrainingError, match="Install it with 'pip install imagehash'"):
        launch(wanted)
    assert not (tmp_path / "run").exists()
    kept = launch(dataclasses.replace(wanted, keep_duplicates=True))
    assert kept.step == 1
    assert checkpoints.load(tmp_path / "run").config["refused"] is None  # which is not the same as none found
