"""From 8-bit images to networks and back: colour, gray, any size, every precision."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from srbench.errors import MethodError
from srbench.inference import luma
from srbench.inference.engine import Engine
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import LumaUpscaler, RgbUpscaler
from srbench.methods.drcn import loading as drcn
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.methods.srresnet import loading
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup
from srbench.resize import enlarge

PRECISIONS = ("fast", "bf16", "exact")
SIZES = [(1, 1), (1, 1, 3), (1, 7, 3), (6, 1), (9, 14, 3), (9, 14)]


def picture(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def network(name: str) -> nn.Module:
    torch.manual_seed(5)
    made = {
        "srresnet": lambda: SRResNet(4, blocks=2, width=16),
        "srcnn": SRCNN,
        "espcn": lambda: ESPCN(4),
        "drcn": lambda: DRCN(recursions=2, width=16),
        "drcn, last": lambda: DRCN(recursions=3, width=16, averaged=1),
    }
    one = made[name]().eval()
    if isinstance(one, DRCN):
        nn.init.normal_(one.reconstruction[2].weight, std=0.05)  # type: ignore[arg-type] # training starts with zeros
    return one


def upscaler(made: nn.Module, precision: str) -> RgbUpscaler:
    made, setup = copy.deepcopy(made), Setup(4, "cpu", precision)
    if isinstance(made, SRResNet):
        return loading.ready(made, setup)
    if isinstance(made, DRCN):
        return drcn.ready(made, setup)  # type: ignore[return-value] # both enlarge
    enlarged = not isinstance(made, ESPCN)
    return luma.ready(made, setup, halo=made.halo, enlarged=enlarged, pixels=10_000, floats=200)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("name", ["srresnet", "srcnn", "espcn", "drcn", "drcn, last"])
def test_images_of_any_size_come_back_four_times_as_large_in_every_precision(name: str, shape: tuple[int, ...]) -> None:
    made, lr = network(name), picture(shape)
    results = {precision: upscaler(made, precision)(lr) for precision in PRECISIONS}
    for sr in results.values():
        assert sr.shape == (4 * shape[0], 4 * shape[1], *shape[2:])
        assert np.isfinite(sr).all()
    # In units of 8-bit steps: rounding in fp32 is invisible, rounding in bfloat16 stays around one step.
    assert np.abs(results["fast"] - results["exact"]).max() < 2e-3
    assert np.abs(results["bf16"] - results["exact"]).mean() < 2.0


def test_the_path_says_what_was_computed_and_how() -> None:
    made = network("srresnet")
    assert [upscaler(made, precision).path for precision in PRECISIONS] == [
        "cpu fp32 folded+tail strips",
        "cpu bf16 folded+tail strips",
        "cpu fp32 as published",
    ]


def test_a_large_image_is_computed_in_pieces_with_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    made, lr = network("srresnet"), picture((60, 90, 3))
    whole = upscaler(made, "fast")(lr)
    monkeypatch.setattr(loading, "_STRIP", 2500)
    assert np.array_equal(upscaler(made, "fast")(lr), whole)


@pytest.mark.parametrize("pixels", [45_000, 70_000])
def test_drcn_is_computed_in_pieces_with_the_same_bits(monkeypatch: pytest.MonkeyPatch, pixels: int) -> None:
    made, lr = network("drcn"), picture((60, 90, 3))
    whole = upscaler(made, "fast")
    assert whole.path == "cpu fp32 Winograd tiles"
    monkeypatch.setattr(drcn, "_PIECE", pixels)
    assert np.array_equal(upscaler(made, "fast")(lr), whole(lr))


def test_the_same_image_gives_the_same_bits_again_and_is_not_changed() -> None:
    ready, lr = upscaler(network("espcn"), "fast"), picture((8, 9, 3))
    lr.flags.writeable = False
    before = lr.copy()
    assert np.array_equal(ready(lr), ready(lr))
    assert np.array_equal(lr, before)


def identity(channels: int) -> Engine:
    return Engine(nn.Identity(), [Stage(lambda image: image)], Setup(precision="exact"), f"identity of {channels}")


def test_with_luma_left_alone_the_result_is_bicubic_in_colour_and_in_gray() -> None:
    # Colour conversion and interpolation are linear, so going through Y, Cb, Cr must not be noticeable.
    ready = LumaUpscaler(identity(1), 3, enlarged=True)
    for shape in ((7, 5, 3), (7, 5)):
        lr = picture(shape)
        assert np.allclose(ready(lr), enlarge(lr.astype(np.float64), 3), atol=1e-4)


def test_luma_is_matlabs() -> None:
    seen = []

    def record(image: torch.Tensor) -> torch.Tensor:
        seen.append(image.clone())
        return image.repeat_interleave(2, -1).repeat_interleave(2, -2)

    engine = Engine(nn.Identity(), [Stage(record)], Setup(precision="exact"), "")
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], dtype=np.uint8)
    LumaUpscaler(engine, 2, enlarged=False)(colours)
    assert torch.allclose(seen[0][0, 0, 0], torch.tensor([16.0, 235.0, 81.481]), atol=1e-4)


def test_gray_runs_as_three_equal_channels_and_comes_back_as_their_mean() -> None:
    made, gray = network("srresnet"), picture((6, 8))
    colour = upscaler(made, "fast")(np.dstack([gray] * 3))
    assert np.allclose(upscaler(made, "fast")(gray), colour.mean(axis=2), atol=1e-4)


@pytest.mark.parametrize("name", ["srresnet", "espcn"])
def test_a_batch_of_mixed_sizes_comes_back_in_order(name: str) -> None:
    ready = upscaler(network(name), "fast")
    pictures = [picture(shape, i) for i, shape in enumerate([(6, 7, 3), (5, 5), (6, 7, 3), (6, 7, 3), (5, 5, 3)])]
    for sr, lr in zip(ready.batch(pictures, size=2), pictures, strict=True):
        assert np.allclose(sr, ready(lr), atol=1e-3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_device_is_refused_in_one_sentence() -> None:
    with pytest.raises(MethodError, match=r"torch finds no usable one\. Use --device cpu"):
        Engine(nn.Identity(), [], Setup(4, "cuda"), "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", PRECISIONS)
def test_cuda_agrees_with_the_cpu(precision: str) -> None:
    made, lr = network("srresnet"), picture((20, 30, 3))
    expected = upscaler(made, "exact")(lr)
    found = loading.ready(copy.deepcopy(made), Setup(4, "cuda", precision))(lr)  # type: ignore[arg-type]
    assert np.abs(found - expected).mean() < (1e-3 if precision == "exact" else 2.0)
