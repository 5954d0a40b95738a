"""A file of somebody's is a method with a name, and its columns follow the file."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srbench.errors import MethodError, WeightsError
from srbench.foreign import methods, opening
from srbench.registry import Setup
from tests import foreign_models


class Enlarging(nn.Module):
    def __init__(self, scale: int) -> None:
        super().__init__()
        self.last = nn.Conv2d(3, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        enlarged: torch.Tensor = self.shuffle(self.last(image))
        return enlarged


def script(path: Path, scale: int) -> Path:
    torch.manual_seed(scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, for TorchScript
        torch.jit.trace(Enlarging(scale).eval(), torch.rand(1, 3, 8, 8)).save(str(path))  # type: ignore[no-untyped-call]
    return path


def test_a_file_is_called_after_its_kind_and_its_name(tmp_path: Path) -> None:
    assert methods.label("onnx", tmp_path / "net.onnx") == "onnx/net"
    assert methods.expand("onnx")("folder/net.onnx") == {"onnx/net": "folder/net.onnx"}
    # A name whose bytes are no UTF-8 is shown with their values.
    assert methods.label("onnx", Path(os.fsdecode(b"caf\xe9.onnx"))) == "onnx/caf\\xe9"


def test_a_place_is_absolute_and_starts_at_home_where_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert methods.place("net.pth") == tmp_path / "net.pth"
    assert methods.place("~/net.pth") == tmp_path / "home" / "net.pth"
    assert methods.place("~nobody-of-this-name/net.pth") == tmp_path / "~nobody-of-this-name" / "net.pth"


def test_a_file_is_opened_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    original = opening.open_file
    monkeypatch.setattr(opening, "open_file", lambda kind, path: opened.append(path) or original(kind, path))
    path = script(tmp_path / "net.pt", 2)
    columns = methods.about("torchscript")(str(path))
    assert columns["scales"] == (2,)
    assert columns["title"] == "net"
    assert columns["parameters"] == {2: 12 * 27 + 12}
    assert methods.about("torchscript")(str(path)) == columns
    assert len(opened) == 1
    script(path, 4)
    assert methods.about("torchscript")(str(path))["scales"] == (4,)
    assert len(opened) == 2


def test_a_card_says_title_note_and_published_scores(tmp_path: Path) -> None:
    lines = 'title = "Tiny"\nnote = "two layers"\ncite = "Nobody 2020"\n[published.set5.matlab]\npsnr = 30.5\n'
    card = foreign_models.card(tmp_path, 4, lines)
    columns = methods.about("model")(str(card))
    assert (columns["title"], columns["note"], columns["cite"]) == ("Tiny", "two layers", "Nobody 2020")
    assert columns["published"] == {"set5": {"matlab": {"psnr": 30.5}}}
    assert card in columns["inputs"]
    assert tmp_path / "tiny.py" in columns["inputs"]


def test_it_enlarges_by_its_factor_and_by_no_other(tmp_path: Path) -> None:
    path = script(tmp_path / "net.pt", 2)
    upscaler = methods.load("torchscript", Setup(2, argument=str(path)))
    assert upscaler(np.zeros((5, 6, 3), np.uint8)).shape == (10, 12, 3)
    with pytest.raises(MethodError, match="enlarges 2 times; expected 4"):
        methods.load("torchscript", Setup(4, argument=str(path)))


def test_without_a_file_and_with_one_that_is_none_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match=r"Method 'onnx' needs a file: 'onnx:FILE'\."):
        methods.load("onnx", Setup(4))
    with pytest.raises(WeightsError, match=r"There is no file .*none\.pt"):
        methods.load("torchscript", Setup(4, argument=str(tmp_path / "none.pt")))
