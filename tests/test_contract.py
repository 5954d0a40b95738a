"""The contract that every method keeps: one generated test per plugin, no list to maintain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srbench import datasets, images, registry
from srbench.registry import Setup, to_8bit

from . import foreign_models

RNG = np.random.default_rng(7)


class SyntheticPair:
    """A pair made of numbers, for methods that want more than the LR image."""

    dataset = "synthetic"
    name = "noise"
    aliases = longer = ()

    def __init__(self, lr: images.Image, scale: int) -> None:
        self._lr, self._scale, self.scale = lr, scale, scale

    def hr(self) -> images.Image:
        return self._lr.repeat(self._scale, 0).repeat(self._scale, 1)

    def lr(self) -> images.Image:
        return self._lr


def smooth(shape: tuple[int, ...]) -> images.Image:
    """Return an image with structure: what a network was made for, unlike white noise."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    wave = 127 + 80 * np.sin(x / 2.5) * np.cos(y / 3.5)
    image = wave if len(shape) == 2 else np.dstack([wave, wave[::-1], 255 - wave])
    return np.clip(image + RNG.normal(0, 3, shape), 0, 255).astype(np.uint8)


def cases() -> list[tuple[str, int]]:
    found = []
    for method in registry.methods():
        scales = [scale for scale in (method.scales or (2, 3, 4)) if method.why_not(scale) is None]
        found += [(method.name, scale) for scale in scales]
    return found


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for models of others, written once."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def folder(name: str, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the argument of a method lies: stored pictures of this test, or models."""
    if name not in foreign_models.KINDS:
        return tmp_path
    lacking = foreign_models.needs(name)
    if lacking:
        pytest.skip(f"{lacking} is not installed")
    if name == "hf":
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(models / "hub"))
    return models


def upscale(name: str, lr: images.Image, scale: int, folder: Path) -> images.Image:
    method = next(method for method in registry.methods() if method.name == name)
    spec = name
    pair = SyntheticPair(lr, scale)
    if name in foreign_models.KINDS:
        spec = foreign_models.spec(name, folder, scale)
    elif name == "checkpoint":
        spec = f"{name}:{run_of_espcn(folder, scale)}"
    elif method.argument:
        images.write(folder / "noise.png", pair.hr())
        spec = f"{name}:{folder}"
    output = registry.create(spec, Setup(scale=scale))(pair if method.takes_pair else lr)
    return to_8bit(name, output, pair.hr().shape)


def run_of_espcn(folder: Path, scale: int) -> Path:
    """Write what a training run leaves, with the weights that ESPCN is shipped with."""
    from srbench import weights
    from srbench.methods.espcn.network import ESPCN
    from srbench.training import averaged
    from srbench.training.checkpoints import Checkpoint

    network = weights.load(registry.find("espcn")[0].weights[scale], ESPCN, scale)
    averaged.write(folder / averaged.FILE, network, Checkpoint(9, 1.0, {}, {"name": "espcn", "plan": {"scale": scale}}))
    return folder


@pytest.mark.parametrize(("name", "scale"), cases())
def test_it_returns_an_image_of_the_right_size_and_type(name: str, scale: int, folder: Path) -> None:
    for shape in ((24, 17, 3), (24, 17)):
        sr = upscale(name, smooth(shape), scale, folder)
        assert sr.dtype == np.uint8
        assert sr.shape == (24 * scale, 17 * scale, *shape[2:])


@pytest.mark.parametrize(("name", "scale"), cases())
def test_it_takes_the_smallest_images(name: str, scale: int, folder: Path) -> None:
    for shape in ((1, 1), (1, 1, 3), (1, 9), (5, 7, 3), (2, 3, 3)):
        assert upscale(name, smooth(shape), scale, folder).shape[:2] == (shape[0] * scale, shape[1] * scale)


@pytest.mark.parametrize(("name", "scale"), cases())
def test_it_gives_the_same_image_twice_and_leaves_its_input_alone(name: str, scale: int, folder: Path) -> None:
    lr = smooth((16, 16, 3))
    before = lr.copy()
    first = upscale(name, lr, scale, folder)
    np.testing.assert_array_equal(lr, before)
    np.testing.assert_array_equal(upscale(name, lr, scale, folder), first)


@pytest.mark.parametrize(("name", "scale"), cases())
def test_it_keeps_a_constant_image_nearly_constant(name: str, scale: int, folder: Path) -> None:
    sr = upscale(name, np.full((16, 16, 3), 128, np.uint8), scale, folder)
    inner = images.shave(sr, 4 * scale) if name != "results" else sr
    assert abs(float(inner.mean()) - 128) < 12


@pytest.mark.parametrize(("name", "scale"), cases())
def test_it_resembles_its_input_when_reduced_again(name: str, scale: int, folder: Path) -> None:
    # A photograph: networks promise nothing about waves in three unrelated colours.
    lr = np.ascontiguousarray(datasets.load("demo", 4)[0].lr()[40:64, 40:64])
    sr = upscale(name, lr, scale, folder).astype(float)
    back = sr.reshape(24, scale, 24, scale, 3).mean(axis=(1, 3))
    assert np.abs(back - lr)[4:-4, 4:-4].mean() < 16
