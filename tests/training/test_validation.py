"""Validation goes through large photographs in pieces, and says what bicubic interpolation reaches on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srbench import images, metrics, resize
from srbench.degradations import chain, parse
from srbench.training import validation
from srbench.training.parallel import ProcessGroup
from srbench.training.recipes import configure, find
from srbench.training.task import TrainingTask
from tests.training.conftest import picture

CPU = torch.device("cpu")


def task(name: str, **settings: Any) -> TrainingTask:
    recipe = find(name)
    plan = configure(recipe, {"steps": 1, "crop": 16, "precision": "fp32", **settings})
    return recipe.task(plan, ProcessGroup(0, 1, CPU))


@pytest.mark.parametrize(("name", "most"), [("espcn", 0), ("srcnn", 1), ("srresnet-mse", 1)])
def test_pieces_give_the_pixels_of_the_whole(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"width": 8, "blocks": 2} if name == "srresnet-mse" else {}
    made = task(name, **small)
    made.network.eval()
    lr = torch.from_numpy(picture(0, 90, 120)[None].transpose(0, 3, 1, 2).astype(np.float32))
    lr = lr[:, :1] if made.luma else lr
    seen: list[int] = []
    original = made.upscale

    def counted(network: torch.nn.Module, piece: torch.Tensor) -> torch.Tensor:
        seen.append(piece[0, 0].numel())
        return original(network, piece)

    monkeypatch.setattr(made, "upscale", counted)
    with torch.inference_mode():
        whole = validation.upscaled(made, made.network, lr)
        assert seen == [90 * 120]
        monkeypatch.setattr(validation, "TILE", 90 * 90)
        seen.clear()
        pieces = validation.upscaled(made, made.network, lr)
    assert len(seen) > 1
    assert max(seen) <= 90 * 90
    assert float((whole - pieces).abs().max()) <= most


@pytest.mark.parametrize("luma", [False, True])
def test_bicubics_figure_is_that_of_protocol_matlab(photo_folder: Path, luma: bool) -> None:
    files = sorted(photo_folder.glob("*.png"))[:3]
    plan = configure(find("espcn"), {"steps": 1})
    found = validation.hold_out(files, plan, luma, CPU)
    scores = []
    for path in files:
        hr = images.read(path)
        sr = resize.enlarge(resize.reduce(hr, 4), 4)
        scores.append(metrics.evaluate(sr, hr, scale=4, protocol="matlab", names=("psnr",))["psnr"])
    assert found.bicubic == pytest.approx(np.mean(scores), abs=0.1)
    assert found.lines() == [f"validation: 3 photographs, bicubic interpolation {found.bicubic:.3f} dB"]


def test_lr_images_are_made_by_the_degradation_of_the_crops(photo_folder: Path) -> None:
    path = sorted(photo_folder.glob("*.png"))[0]
    plan = configure(find("srresnet-mse"), {"steps": 1, "degradation": "real-esrgan,seed=4"})
    one, again = (validation.hold_out([path], plan, False, CPU).pairs[0] for _ in range(2))
    assert torch.equal(one.lr, again.lr)
    degradation = parse("real-esrgan,seed=4")
    expected = chain.degrade(images.read(path), 4, degradation, chain.generator(degradation, images.file_sha256(path)))
    assert np.array_equal(one.lr[0].permute(1, 2, 0).numpy(), expected)


def test_an_odd_file_is_converted_or_left_out_of_validation_and_named(photo_folder: Path, tmp_path: Path) -> None:
    from PIL import Image as PillowImage

    good, cmyk, torn = (tmp_path / name for name in ("good.png", "cmyk.jpg", "torn.png"))
    images.write(good, picture(0))
    PillowImage.fromarray(picture(1)).convert("CMYK").save(cmyk)
    torn.write_bytes(good.read_bytes()[:500])
    found = validation.hold_out([good, cmyk, torn], configure(find("espcn"), {"steps": 1}), True, CPU)
    assert len(found.pairs) == 2
    assert found.lines()[0].startswith(f"Left out {torn} of validation: ")


def test_without_photographs_there_is_nothing_to_say() -> None:
    found = validation.hold_out([], configure(find("espcn"), {"steps": 1}), True, CPU)
    assert (found.pairs, found.bicubic, found.lines()) == ([], None, [])
