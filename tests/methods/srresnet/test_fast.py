"""The rewritten SRResNet computes what the published one computes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import pixel_shuffle
from torch.nn.utils.fusion import fuse_conv_bn_eval

from srbench.errors import MethodError
from srbench.inference.folding import fold
from srbench.inference.tiles import Stage, run
from srbench.methods.srresnet.fast import FastSRResNet, before_shuffle
from srbench.methods.srresnet.network import SRResNet


def trained(**arguments: object) -> SRResNet:
    """A network whose normalisation and slopes are far from where they start."""
    torch.manual_seed(3)
    network = SRResNet(**arguments)  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.2)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.3, 2)  # type: ignore[union-attr]
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.3, 0.4)
    return network.eval().requires_grad_(False)


def test_folding_equals_the_two_layers_and_torchs_own_fusion() -> None:
    torch.manual_seed(0)
    convolution, norm = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6).eval()
    norm.running_mean.normal_()  # type: ignore[union-attr]
    norm.running_var.uniform_(0.1, 3)  # type: ignore[union-attr]
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    before = convolution.weight.clone()
    folded, image = fold([convolution, norm]), torch.randn(2, 4, 5, 7)
    assert torch.allclose(folded(image), norm(convolution(image)), atol=1e-5)
    assert torch.allclose(folded.weight, fuse_conv_bn_eval(convolution.eval(), norm).weight, atol=1e-6)
    assert torch.equal(convolution.weight, before)


@pytest.mark.parametrize("layers", [[nn.ReLU()], [nn.Conv2d(1, 1, 3), nn.ReLU()], [nn.Conv2d(1, 1, 1)] * 3])
def test_folding_refuses_other_layers(layers: list[nn.Module]) -> None:
    with pytest.raises(MethodError, match="Expected"):
        fold(layers)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("size", [3, 5, 9])
def test_a_convolution_moves_before_the_shuffle_without_changing_the_result(factor: int, size: int) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(2, 3, size, padding=size // 2)
    features = torch.randn(2, 2 * factor**2, 5, 4, dtype=torch.float64)
    moved = before_shuffle(convolution, factor).double()
    expected = convolution.double()(pixel_shuffle(features, factor))
    assert torch.allclose(pixel_shuffle(moved(features), factor), expected, atol=1e-12)


def test_the_last_convolution_at_x4_becomes_five_by_five_with_twelve_outputs() -> None:
    moved = FastSRResNet(SRResNet(blocks=1)).last
    assert moved.weight.shape == (12, 256, 5, 5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"scale": 4, "blocks": 3},
        {"scale": 3, "blocks": 1},
        {"scale": 2, "blocks": 1},
        {"scale": 4, "blocks": 2, "bn": False},
        {"scale": 4, "blocks": 2, "skip": False},
    ],
    ids=str,
)
def test_the_rewritten_network_equals_the_published_one(arguments: dict[str, object]) -> None:
    network = trained(**arguments, width=16)
    fast = FastSRResNet(network).double()
    image = torch.rand(2, 3, 6, 9, dtype=torch.float64)
    expected = copy.deepcopy(network).double()(image)
    with torch.inference_mode():
        # The weights themselves were rounded to fp32 when they were folded.
        assert torch.allclose(fast(image * 255), expected, atol=2e-6)


def test_rewriting_leaves_the_network_as_it_was() -> None:
    network = trained(blocks=1, width=8)
    before = copy.deepcopy(network.state_dict())
    FastSRResNet(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("height", "width", "pixels"), [(37, 29, 900), (37, 29, 600), (13, 300, 1600)])
def test_the_tail_in_strips_or_tiles_has_the_same_bits(
    dtype: torch.dtype, height: int, width: int, pixels: int
) -> None:
    fast = FastSRResNet(trained(blocks=1)).to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert fast.halo == 3
    features = torch.randn(1, 64, height, width, dtype=dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        whole = fast.tail(features.clone())
        assert torch.equal(run(Stage(fast.tail, 4, fast.halo, pixels), features), whole)


@pytest.mark.parametrize("scale", [2, 3])
def test_the_halo_is_the_least_that_is_enough(scale: int) -> None:
    fast = FastSRResNet(trained(scale=scale, blocks=1, width=8)).double()
    features = torch.randn(1, 8, 40, 5, dtype=torch.float64)
    changed = features.clone()
    changed[:, :, 20] += 1
    with torch.inference_mode():
        rows = (fast.tail(features) != fast.tail(changed)).any(dim=3)[0].any(dim=0).nonzero() // scale
    assert 20 - int(rows.min()) == int(rows.max()) - 20 == fast.halo
