"""A widened network computes what the narrow one did, and its copies do not stay copies."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from srbench import weights
from srbench.errors import WeightsError
from srbench.methods.drcn.network import DRCN
from srbench.methods.srresnet.network import SRResNet
from srbench.training import initial
from srbench.training.widening import widened

NARROW = {
    "drcn": (lambda width: DRCN(recursions=3, width=width), 1),
    "srresnet": (lambda width: SRResNet(blocks=2, width=width), 3),
    "srresnet x3": (lambda width: SRResNet(scale=3, blocks=1, width=width), 3),
}


def trained(network: nn.Module) -> nn.Module:
    """Return `network` with every tensor moved away from its initial value, as training would."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                tensor.add_(0.1 * (torch.rand_like(tensor) if "var" in name else torch.randn_like(tensor)))
    return network.eval()


@pytest.mark.parametrize("copies", [2, 3, 4])
@pytest.mark.parametrize("name", list(NARROW))
def test_widening_keeps_the_function(name: str, copies: int) -> None:
    make, channels = NARROW[name]
    narrow, wide = trained(make(8)).double(), make(8 * copies).double().eval()
    tensors, count = widened(narrow.state_dict(), wide.state_dict())
    assert count == copies
    wide.load_state_dict(tensors)
    lr = torch.rand(1, channels, 9, 7, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(wide(lr), narrow(lr), rtol=1e-9, atol=1e-9)


def test_copies_learn_different_things() -> None:
    narrow, wide = trained(DRCN(recursions=2, width=4)), DRCN(recursions=2, width=8)
    wide.load_state_dict(widened(narrow.state_dict(), wide.state_dict())[0])
    optimiser = torch.optim.Adam(wide.parameters(), 1e-3)
    for _ in range(3):
        optimiser.zero_grad()
        (wide(torch.rand(2, 1, 8, 8)) ** 2).mean().backward()
        optimiser.step()
    first, second = wide.embedding[2].weight.detach().chunk(2)
    assert not torch.allclose(first.sum(1), second.sum(1), atol=1e-4)


def test_a_narrow_weight_file_fills_a_wide_network(tmp_path: Path) -> None:
    path = tmp_path / "narrow.safetensors"
    weights.save(path, trained(SRResNet(blocks=2, width=8)), 4, {})
    assert initial.load(SRResNet(blocks=2, width=24), str(path), "srresnet", 4).endswith(", widened 3 times")
    assert "widened" not in initial.load(SRResNet(blocks=2, width=8), str(path), "srresnet", 4)


@pytest.mark.parametrize("other", [{"width": 20, "blocks": 2}, {"width": 4, "blocks": 2}, {"width": 16, "blocks": 3}])
def test_what_widening_cannot_bridge_is_another_network(tmp_path: Path, other: dict[str, int]) -> None:
    path = tmp_path / "narrow.safetensors"
    weights.save(path, SRResNet(blocks=2, width=8), 4, {})
    with pytest.raises(WeightsError, match="another network"):
        initial.load(SRResNet(**other), str(path), "srresnet", 4)
