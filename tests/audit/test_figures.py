"""The audit passes the authors' SRGAN and fails whatever only looks sharp."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from srbench import datasets, images, resize
from srbench.audit import figures as audit
from srbench.audit import judge
from srbench.audit.figures import Figures


@pytest.fixture(scope="module")
def pairs(data_root: Path) -> list[datasets.ImagePair]:
    return list(datasets.load("set5", scale=4, data_root=data_root))


@pytest.fixture(scope="module")
def reference(pairs: list[datasets.ImagePair], shared: Path) -> Figures:
    return audit.measure("srresnet", stored(shared, "SRResNet-MSE"), pairs)


def stored(shared: Path, name: str):
    folder = shared / "results" / "ledig2017" / name / "set5"
    if not folder.is_dir():
        pytest.skip("needs the authors' published outputs")
    return lambda pair: images.read(folder / f"{pair.name}.png")


def failed(own: Figures, reference: Figures) -> set[str]:
    return {check.name for check in audit.verdict(own, reference) if check.passed is False}


def test_the_authors_own_outputs_pass(pairs, reference: Figures, shared: Path) -> None:
    own = audit.measure("srgan", stored(shared, "SRGAN-VGG54"), pairs)
    assert failed(own, reference) == set()
    assert reference.psnr == pytest.approx(32.06, abs=0.01)
    assert own.texture == pytest.approx(0.86, abs=0.02)


def bicubic(pair) -> np.ndarray:
    return resize.enlarge(pair.lr(), 4)


def noise(pair) -> np.ndarray:
    grain = np.random.default_rng(1).normal(0, 9, pair.hr().shape)
    return np.clip(bicubic(pair) + grain, 0, 255).astype(np.uint8)


def unsharp(pair) -> np.ndarray:
    import cv2

    image = bicubic(pair).astype(np.float32)
    return np.clip(image + 3 * (image - cv2.GaussianBlur(image, (0, 0), 1.5)), 0, 255).astype(np.uint8)


def nearest(pair) -> np.ndarray:
    return pair.lr().repeat(4, 0).repeat(4, 1)


def untrained(pair) -> np.ndarray:
    import torch

    from srbench.methods.srresnet.network import SRResNet

    torch.manual_seed(0)
    network = SRResNet(blocks=2, width=16).eval()
    with torch.inference_mode():
        lr = torch.tensor(pair.lr()).permute(2, 0, 1)[None].float() / 255
        sr = (network(lr)[0].permute(1, 2, 0) + 1) * 127.5
    return sr.clamp(0, 255).byte().numpy()


@pytest.mark.parametrize("cheat", [bicubic, noise, unsharp, nearest, untrained])
def test_what_only_looks_sharp_fails(cheat, pairs, reference: Figures) -> None:
    assert failed(audit.measure(cheat.__name__, cheat, pairs), reference)


def test_figures_of_an_image_against_itself_are_perfect() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 80, 3)).astype(np.uint8)
    assert audit.texture(image, image) == pytest.approx(1)
    assert audit.correlation(image, image) == pytest.approx(1)
    assert audit.correlation(np.full((64, 80), 7, np.uint8), image) == 0
    assert audit.consistency(image, resize.reduce(image, 4)) > 50


def test_the_order_of_the_three_variants_is_checked() -> None:
    def figures(name: str, psnr: float) -> Figures:
        return Figures(name, psnr, 0.8, 0.9, 38.0)

    every = [figures("srgan-mse", 27.5), figures("srgan-vgg22", 27.0), figures("srgan-vgg54", 26.2)]
    outcome = {c.name: c.passed for c in audit.verdict(every[2], figures("srresnet-mse", 28.5), every)}
    assert outcome["order of PSNR"] is True
    swapped = [every[0], replace(every[1], psnr=26.0), every[2]]
    outcome = {c.name: c.passed for c in audit.verdict(every[2], figures("srresnet-mse", 28.5), swapped)}
    assert outcome["order of PSNR"] is False
    assert outcome["judge's accuracy"] is None


def test_a_judge_tells_bicubic_from_photographs_but_not_photographs_from_themselves(pairs) -> None:
    files = [pair.hr_path for pair in pairs]
    same = judge.accuracy(lambda pair: pair.hr(), files, pairs[:2], steps=5)
    blurred = judge.accuracy(bicubic, files, pairs, steps=60)
    assert same == pytest.approx(0.5)
    assert blurred > 0.8
