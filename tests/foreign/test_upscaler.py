"""Pictures go into networks of others and come back on the 0..255 scale, whatever the network wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from srbench.errors import MethodError
from srbench.foreign.interface import Interface
from srbench.foreign.upscaler import ForeignUpscaler, Loaded
from srbench.images import Image
from srbench.inference.operations import Counted
from srbench.registry import Setup
from srbench.resize import enlarge

SETUP = Setup(scale=2, precision="exact")


def nearest(image: Tensor) -> Tensor:
    return interpolate(image, scale_factor=2, mode="nearest")


def loaded(run: object = nearest, factor: int = 2, **interface: object) -> Loaded:
    return Loaded(name="it", what="Test", run=run, interface=Interface(**interface), factor=factor)  # type: ignore[arg-type]


@pytest.fixture
def lr() -> Image:
    return np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize("span", ["1", "255", "-1..1"])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_pixels_pass_unchanged_through_every_range_and_order(span: str, channels: str, lr: Image) -> None:
    sr = ForeignUpscaler(loaded(takes=span, gives=span, channels=channels), SETUP)(lr)
    assert sr == pytest.approx(lr.repeat(2, 0).repeat(2, 1), abs=1e-3)


def test_the_network_sees_its_own_range_and_order(lr: Image) -> None:
    seen: list[Tensor] = []

    def run(image: Tensor) -> Tensor:
        seen.append(image.clone())
        return nearest(image)

    ForeignUpscaler(loaded(run, takes="-1..1", channels="bgr"), SETUP)(lr)
    expected = lr[..., ::-1].transpose(2, 0, 1) / 127.5 - 1
    assert seen[-1][0].numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("gray", "planes"), [("colour", 3), ("as-is", 1)])
def test_a_gray_picture_comes_back_gray(gray: str, planes: int, lr: Image) -> None:
    seen: list[int] = []

    def run(image: Tensor) -> Tensor:
        seen.append(image.shape[1])
        # Each channel is enlarged by another factor: the mean of the three is what a gray picture becomes.
        return nearest(image) * torch.tensor([1.0, 2.0, 3.0])[: image.shape[1], None, None]

    sr = ForeignUpscaler(loaded(run, gray=gray), SETUP)(lr[..., 0])
    assert seen[-1] == planes
    assert sr == pytest.approx(lr[..., 0].repeat(2, 0).repeat(2, 1) * (2.0 if gray == "colour" else 1.0), abs=1e-2)


def test_a_network_that_sharpens_gets_the_picture_that_bicubic_has_enlarged(lr: Image) -> None:
    sr = ForeignUpscaler(loaded(lambda image: image, factor=1, enlarged=True), SETUP)(lr)
    expected = np.stack([enlarge(lr[..., c].astype(np.float64), 2) for c in range(3)], axis=-1)
    assert sr == pytest.approx(expected, abs=1e-2)


def test_another_factor_and_a_precision_that_a_file_fixes_are_refused() -> None:
    with pytest.raises(MethodError, match=r"it enlarges 2 times; expected 4\."):
        ForeignUpscaler(loaded(), Setup(scale=4))
    with pytest.raises(MethodError, match="computes as its file says; ask for --precision fast or exact, not bf16"):
        ForeignUpscaler(loaded(), Setup(scale=2, precision="bf16"))


def test_products_are_counted_for_what_goes_into_the_network() -> None:
    shapes: list[tuple[int, ...]] = []

    def count(shape: object) -> Counted:
        shapes.append(tuple(shape))  # type: ignore[arg-type]
        return Counted(5)

    for interface in ({"multiple": 8}, {"enlarged": True, "channels": "y"}):
        one = Loaded(
            name="it",
            what="Test",
            run=(lambda image: image) if "enlarged" in interface else nearest,
            interface=Interface(**interface),  # type: ignore[arg-type]
            factor=1 if "enlarged" in interface else 2,
            count=count,
        )
        assert ForeignUpscaler(one, SETUP).multiply_accumulates(10, 20) == 5
    assert shapes == [(1, 3, 16, 24), (1, 1, 20, 40)]


def test_the_columns_of_a_method_are_those_of_the_file(tmp_path: Path) -> None:
    weights, code = tmp_path / "net.pth", tmp_path / "net.py"
    one = Loaded(
        name="it",
        what="Test",
        run=nearest,
        interface=Interface(),
        factor=2,
        parameters=7,
        weights=weights,
        inputs=(code,),
    )
    assert one.columns() == {"scales": (2,), "weights": {2: weights}, "parameters": {2: 7}, "inputs": (code,)}
