"""The paper's networks as methods: listed without torch, unavailable without weights, run with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from srbench import registry, weights
from srbench.errors import WeightsError
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup

ORDER = [
    "srcnn",
    "drcn",
    "espcn",
    "srresnet-mse",
    "srresnet-vgg22",
    "srgan-mse",
    "srgan-vgg22",
    "srgan-vgg54",
]
KINDS = {"srcnn": SRCNN, "drcn": DRCN, "espcn": ESPCN}


def make(name: str, scale: int) -> torch.nn.Module:
    torch.manual_seed(scale)
    if name in ("srcnn", "drcn"):
        return KINDS[name]()
    return ESPCN(scale) if name == "espcn" else SRResNet(scale)


def test_all_are_listed_in_the_order_of_the_papers_tables() -> None:
    listed = [method.name for method in registry.methods() if method.name in ORDER]
    assert listed == ORDER


@pytest.mark.parametrize("name", ORDER)
def test_the_stated_number_of_parameters_is_the_networks(name: str) -> None:
    method, _ = registry.find(name)
    for scale in method.scales or ():
        count = sum(parameter.numel() for parameter in make(name, scale).parameters())
        assert method.parameters[scale] == count


@pytest.mark.parametrize("name", ORDER)
def test_without_weights_the_reason_says_how_to_make_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, _ = registry.find(name)
    monkeypatch.setitem(method.weights, 4, tmp_path / "none.safetensors")  # type: ignore[arg-type]
    with pytest.raises(WeightsError, match=f"{name} has no weights for x4. Make them with 'srbench train {name}"):
        registry.create(name, Setup(4))


@pytest.mark.parametrize("precision", ["fast", "bf16"])
@pytest.mark.parametrize("name", [name for name in ORDER if name != "drcn"])
def test_with_weights_a_method_runs_and_names_its_path(
    name: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, _ = registry.find(name)
    path = tmp_path / f"{name}-x4.safetensors"
    weights.save(path, make(name, 4), 4, {"data": "none"}, half=True)
    monkeypatch.setitem(method.weights, 4, path)  # type: ignore[arg-type]
    upscale = registry.create(name, Setup(4, precision=precision))
    lr = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    assert registry.to_8bit(name, upscale(lr), (20, 24, 3)).shape == (20, 24, 3)
    assert str(getattr(upscale, "path", "")).startswith("cpu bf16" if precision == "bf16" else "cpu fp32")


def test_drcn_runs_with_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method, _ = registry.find("drcn")
    weights.save(tmp_path / "drcn-x2.safetensors", DRCN(recursions=2, width=8), 2, {})
    monkeypatch.setitem(method.weights, 2, tmp_path / "drcn-x2.safetensors")  # type: ignore[arg-type]
    sr = registry.create("drcn", Setup(2))(np.zeros((3, 4), np.uint8))
    assert sr.shape == (6, 8)


def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method, _ = registry.find("srgan-vgg54")
    path = tmp_path / "srgan-vgg54-x4.safetensors"
    weights.save(path, ESPCN(4), 4, {})
    monkeypatch.setitem(method.weights, 4, path)  # type: ignore[arg-type]
    with pytest.raises(WeightsError, match="holds weights of 'espcn', expected 'srresnet'"):
        registry.create("srgan-vgg54", Setup(4))


def test_new_weights_change_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method, _ = registry.find("espcn")
    path = tmp_path / "espcn-x4.safetensors"
    monkeypatch.setitem(method.weights, 4, path)  # type: ignore[arg-type]
    prints = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        weights.save(path, ESPCN(4), 4, {})
        prints.append(registry.fingerprint("espcn", Setup(4)))
    assert prints[0] != prints[1]


def test_listing_the_families_does_not_import_torch() -> None:
    families = ", ".join(f"srbench.methods.{name}" for name in ("srcnn", "espcn", "drcn", "srresnet", "srgan"))
    code = f"import sys, {families}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
