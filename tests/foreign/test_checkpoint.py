"""Weight files of others are read without running what is in them, and their weights are found."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from srbench.errors import WeightsError
from srbench.foreign import checkpoint, source

WEIGHTS = {"weight": torch.ones(2, 3), "bias": torch.zeros(2)}


def stored(folder: Path, content: Any) -> Path:
    torch.save(content, folder / "w.pth")
    return folder / "w.pth"


class Evil:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.place),)


def test_a_pickle_that_runs_code_is_refused_and_nothing_of_it_runs(tmp_path: Path) -> None:
    path = stored(tmp_path, {"params": WEIGHTS, "extra": Evil(tmp_path / "ran")})
    with pytest.raises(WeightsError, match=r"makes objects of \w+\.mkdir, which runs code.*'trust_pickle = true'"):
        checkpoint.read(path)
    assert not (tmp_path / "ran").exists()


def test_a_whole_pickled_module_is_refused_unless_it_is_trusted(tmp_path: Path) -> None:
    path = stored(tmp_path, nn.Linear(3, 2))
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict\(\)"):
        checkpoint.read(path)
    trusted = checkpoint.state_dict(checkpoint.read(path, trust=True), path)
    assert set(trusted) == {"weight", "bias"}


def test_a_trusted_module_finds_its_class_in_the_code_of_its_card_and_nowhere_else(tmp_path: Path) -> None:
    code = "from torch import nn\nclass Net(nn.Conv2d):\n    pass\n"
    (tmp_path / "their_net.py").write_text(code)
    theirs = ModuleType("their_net")
    exec(code, vars(theirs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "their_net", theirs)
        path = stored(tmp_path, {"epoch": 3, "model": theirs.Net(3, 2, 1)})
    with pytest.raises(WeightsError, match="No module named 'their_net'"):
        checkpoint.read(path, trust=True)
    content = checkpoint.read(path, trust=True, find=source.finder(tmp_path / "their_net.py"))
    assert set(checkpoint.state_dict(content, path)) == {"weight", "bias"}
    assert "their_net" not in sys.modules


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        {"params": {"bias": torch.ones(9)}, "params_ema": WEIGHTS},
        {"epoch": 3, "state_dict": WEIGHTS},
        {"model": {"state_dict": WEIGHTS}, "optimizer": {}},
        {"generator": WEIGHTS, "discriminator": {"weight": torch.ones(1)}},
    ],
)
def test_weights_are_found_where_training_programs_keep_them(content: Any, tmp_path: Path) -> None:
    path = stored(tmp_path, content)
    found = checkpoint.state_dict(checkpoint.read(path), path)
    assert set(found) == set(WEIGHTS)
    assert torch.equal(found["weight"], WEIGHTS["weight"])


def test_a_key_says_which_weights_are_meant(tmp_path: Path) -> None:
    path = stored(tmp_path, {"params": WEIGHTS, "nets": {"b": {"weight": torch.ones(1)}}})
    content = checkpoint.read(path)
    assert set(checkpoint.state_dict(content, path, "nets.b")) == {"weight"}
    with pytest.raises(WeightsError, match=r"has no key 'ema'. It holds: params, nets\."):
        checkpoint.state_dict(content, path, "ema")


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    assert set(checkpoint.read(tmp_path / "w.safetensors")) == set(WEIGHTS)


@pytest.mark.parametrize(("name", "content"), [("w.pth", b"nonsense"), ("w.pth", b""), ("w.safetensors", b"x" * 20)])
def test_a_damaged_file_is_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name) as error:
        checkpoint.read(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_file_without_weights_says_what_it_holds(tmp_path: Path) -> None:
    path = stored(tmp_path, {"epoch": 3, "lr": 0.1})
    with pytest.raises(WeightsError, match="holds no weights, only: epoch, lr"):
        checkpoint.state_dict(checkpoint.read(path), path)


def test_prefixes_of_all_names_are_dropped(tmp_path: Path) -> None:
    network = nn.Linear(3, 2)
    checkpoint.fill(network, {f"module.net.{name}": value for name, value in WEIGHTS.items()}, tmp_path, "Linear")
    assert torch.equal(network.weight, WEIGHTS["weight"])


def test_weights_that_do_not_fit_are_counted_and_named(tmp_path: Path) -> None:
    other = {"weight": torch.ones(4, 4), "scale": torch.ones(1)}
    with pytest.raises(
        WeightsError, match=r"1 missing \(bias\), 1 unknown to it \(scale\), 1 of another shape \(weigh"
    ):
        checkpoint.fill(nn.Linear(3, 2), other, tmp_path / "w.pth", "Linear")
