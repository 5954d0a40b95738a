"""What `srbench models check` finds out is what was built in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from typer.testing import CliRunner

from srbench.cli import app
from srbench.foreign import probing
from srbench.foreign.interface import Interface
from srbench.foreign.upscaler import Loaded
from tests import foreign_models


class Network(nn.Module):
    """Two convolutions of five by five, so that four pixels in each direction count."""

    def __init__(self, multiple: int = 1, minimum: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.Conv2d(4, 3, 5, padding=2))
        self.multiple, self.minimum = multiple, minimum

    def forward(self, image: Tensor) -> Tensor:
        if any(side % self.multiple or side < self.minimum for side in image.shape[-2:]):
            raise ValueError("this size does not fit")
        return interpolate(self.layers(image), scale_factor=2)


def loaded(network: Network, interface: Interface) -> Loaded:
    return Loaded(name="it", what="Network", run=network, interface=interface, factor=2, module=network)


def test_operations_are_counted_for_the_size_as_it_is_filled_up() -> None:
    per_pixel = 2 * 25 * 3 * 4
    assert loaded(Network(), Interface()).counted(10, 10).products == per_pixel * 100
    assert loaded(Network(8), Interface(multiple=8)).counted(10, 10).products == per_pixel * 256


def test_the_reach_is_measured() -> None:
    assert probing.reach(loaded(Network(), Interface())) == 4


def test_a_network_that_sees_everything_reaches_further_than_is_measured() -> None:
    def run(image: Tensor) -> Tensor:
        return interpolate(image + image.mean(dim=(2, 3), keepdim=True), scale_factor=2)

    everything = Loaded(name="it", what="mean", run=run, interface=Interface(takes="255", gives="255"), factor=2)
    assert probing.reach(everything) is None


@pytest.mark.parametrize(("multiple", "minimum"), [(1, 1), (1, 7), (8, 1), (4, 12)])
def test_the_smallest_input_and_the_multiple_are_found(multiple: int, minimum: int) -> None:
    side = -(-minimum // multiple) * multiple
    assert probing.smallest(loaded(Network(multiple, minimum), Interface())) == (side, multiple)


def test_tiles_are_compared_with_the_whole() -> None:
    network = loaded(Network(), Interface())
    assert probing.tile_difference(network, tile=32, halo=8) < 1e-3
    assert probing.tile_difference(network, tile=32, halo=2) > 0.1


def test_the_command_says_it_all(tmp_path: Path) -> None:
    card = foreign_models.card(tmp_path)
    (tmp_path / "tiny.py").write_text(
        foreign_models.CODE.replace(
            "        return self",
            "        assert image.shape[2] % 4 == 0 and image.shape[3] % 4 == 0\n        return self",
        )
    )
    card.write_text(card.read_text() + "multiple = 4\n")
    done = CliRunner().invoke(app, ["models", "check", str(card), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    count = sum(parameter.numel() for parameter in foreign_models.network().parameters())
    assert told["parameters"] == f"{count:,}"
    assert told["smallest input"] == "4x4, only multiples of 4; others are filled up"
    assert told["tiles"].startswith("tiles of 32 with a halo of 32: the same pixels")
    assert told["one picture"].startswith("64x64 to 256x256 in ")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.toml", "model"), ("a.onnx", "onnx"), ("a.pt2", "pt2"), ("a.pth", "spandrel"), ("onnx:a.bin", "onnx")],
)
def test_the_kind_is_told_by_the_name(name: str, kind: str) -> None:
    assert probing.find(name) == (kind, Path(name.rpartition(":")[2]).absolute())


def test_a_script_is_told_from_weights_by_its_content(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    foreign_models.export("torchscript", tmp_path / "script.pt", 2)
    kinds = [probing.find(str(tmp_path / name))[0] for name in ("weights.pt", "script.pt")]
    assert kinds == ["spandrel", "torchscript"]
