"""LR crops come from the photographs of another folder, from the same places, and what has no partner is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srbench import images, resize
from srbench.degradations import chain, parse
from srbench.errors import ImageError
from srbench.training import cache, checkpoints, loading, photographs
from srbench.training.launch import TrainingRequest, launch
from srbench.training.pairing import Partners
from srbench.training.patches import DEGRADED_MARGIN, Cutter, Shape
from tests.training.conftest import picture


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Path, Path]:
    """HR photographs, and LR ones that are negatives, so that nothing made from HR is taken for them."""
    hr, lr = tmp_path / "HR", tmp_path / "LR"
    for seed in range(4):
        images.write(hr / f"p{seed}.png", picture(seed))
        images.write(lr / f"p{seed}x4.png", 255 - resize.reduce(picture(seed), 4))
    return hr, lr


@pytest.mark.parametrize("enlarge", [False, True])
def test_lr_crops_are_those_of_the_other_folder_at_the_same_place(
    pairs: tuple[Path, Path], tmp_path: Path, enlarge: bool
) -> None:
    hr, lr = pairs
    shape = Shape(16, 4, enlarge)
    (tmp_path / "cache").mkdir()
    wanted = loading.Request(sorted(hr.iterdir()), smallest=shape.window, keep_duplicates=True, lr=lr, scale=4)
    found = loading.load(wanted, cache.PixelCache(tmp_path / "cache"), torch.device("cpu"), quiet=True)
    assert found.lr is not None
    batch = Cutter(found.photographs, shape, lr=found.lr).draw(64, torch.Generator().manual_seed(1))
    assert batch.lr.shape[-2:] == (4, 4)
    assert (batch.enlarged is not None) == enlarge
    # The mean of an HR crop and that of its negative are those of one place, whatever its turn.
    means = [part.mean((2, 3)).flatten().double() for part in (batch.hr, 1 - batch.lr)]
    assert float(np.corrcoef(*(mean.numpy() for mean in means))[0, 1]) > 0.98


def test_what_has_no_partner_or_one_of_another_size_is_left_out_and_named(
    pairs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hr, lr = pairs
    (lr / "p0x4.png").unlink()
    images.write(lr / "p1x4.png", picture(1, 20, 20))
    settings: dict[str, Any] = {"crop": 16, "batch": 2, "steps": 2, "precision": "fp32"}
    request = TrainingRequest(
        "espcn", (hr,), tmp_path / "run", settings, hr, 4, device="cpu", keep_duplicates=True, lr=lr
    )
    with pytest.raises(Exception, match="None of the 4 photographs"):
        launch(request)
    launch(TrainingRequest(**{**{f: getattr(request, f) for f in request.__slots__}, "validation": None}))
    assert checkpoints.load(tmp_path / "run").config["photographs"] == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "p0.png: expected one LR image in" in said
    assert "p1x4.png has 20x20 pixels; expected 28x24, 1/4 of its original." in said
    assert "Left out 2 files that cannot be used." in said


def test_a_partner_is_found_by_the_names_that_are_usual(tmp_path: Path) -> None:
    for name in ("0801x4.png", "img_001_SRF_4_LR.png", "babyx2.png", "babyx4.png", "twice.png", "twicex4.png"):
        images.write(tmp_path / name, picture(0, 8, 8))
    partners = Partners(tmp_path, 4)
    for original, small in (("0801.png", "0801x4.png"), ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png")):
        assert partners.of(Path(original)).name == small
    assert partners.of(Path("baby.png")).name == "babyx4.png"
    with pytest.raises(ImageError, match="but there is none"):
        partners.of(Path("other.png"))
    with pytest.raises(ImageError, match="but there is 2"):
        partners.of(Path("twice.png"))


def test_a_degraded_crop_is_a_part_of_the_degraded_photograph() -> None:
    degradation = parse("blur=1.2")
    image = picture(0)
    photos = photographs.pack([(Path("a"), image)], 48)
    shape = Shape(16, 4, margin=DEGRADED_MARGIN)
    cutter = Cutter(photos, shape, degradation=degradation)
    zero = torch.zeros(1, dtype=torch.int64)
    batch = cutter.cut(zero, zero + 8, zero + 12, zero, zero)
    whole = chain.degrade(image, 4, degradation, np.random.default_rng(0))
    top, left = (8 + shape.border) // 4, (12 + shape.border) // 4
    lr = (batch.lr[0] * 255).round().permute(1, 2, 0).numpy()
    assert np.abs(lr - whole[top : top + 4, left : left + 4]).max() <= 1


def test_processes_share_the_random_numbers_of_a_degradation() -> None:
    photos = photographs.pack([(Path(str(seed)), picture(seed)) for seed in range(2)], 80)
    cutter = Cutter(photos, Shape(16, 4, margin=DEGRADED_MARGIN), degradation=parse("real-esrgan"))
    whole, first, second = (
        cutter.draw(4, torch.Generator().manual_seed(3), share)
        for share in (slice(None), slice(0, None, 2), slice(1, None, 2))
    )
    assert torch.equal(whole.lr[::2], first.lr)
    assert torch.equal(whole.lr[1::2], second.lr)
    assert not torch.equal(whole.lr[0], whole.lr[1])


def test_training_on_a_degradation_goes_on_bit_for_bit(photo_folder: Path, tmp_path: Path) -> None:
    settings = {"crop": 8, "batch": 2, "precision": "fp32", "degradation": "blur=0.5..2,noise=1..20,jpeg=40..90"}

    def train(out: str, steps: int, resume: bool = False) -> None:
        launch(
            TrainingRequest(
                "espcn",
                (photo_folder,),
                tmp_path / out,
                {**settings, "steps": steps, "schedule": "constant"},
                photo_folder,
                1,
                resume,
                device="cpu",
                quiet=True,
            )
        )

    train("whole", 6)
    train("parts", 3)
    train("parts", 6, resume=True)
    one, other = (checkpoints.load(tmp_path / name).tensors for name in ("whole", "parts"))
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
