"""Which adapter reads a file is told by its name, and where that says nothing, by what is in it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from srbench.foreign import kinds
from tests import foreign_models


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("net.toml", "model"),
        ("net.onnx", "onnx"),
        ("net.pt2", "pt2"),
        ("net.ts", "torchscript"),
        ("net.torchscript", "torchscript"),
        ("net.pth", "spandrel"),
        ("net.safetensors", "spandrel"),
        ("net", "spandrel"),
    ],
)
def test_the_end_of_a_name_says_the_kind_whether_the_file_is_there_or_not(name: str, kind: str, tmp_path: Path) -> None:
    assert kinds.kind_of(tmp_path / name) == kind
    assert kind in kinds.KINDS


def test_a_pt_file_is_a_script_where_it_holds_code_and_weights_where_it_does_not(tmp_path: Path) -> None:
    weights, script = tmp_path / "weights.pt", tmp_path / "script.pt"
    torch.save(foreign_models.network().state_dict(), weights)
    with zipfile.ZipFile(script, "w") as archive:
        archive.writestr("net/code/__torch__.py", "")
    assert (kinds.kind_of(weights), kinds.kind_of(script)) == ("spandrel", "torchscript")
    weights.write_bytes(b"PK torn")
    assert kinds.kind_of(weights) == "spandrel"
