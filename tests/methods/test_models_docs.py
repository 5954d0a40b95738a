"""The commands and the card of docs/models.md work as they are printed."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import pytest
import torch

from srbench.foreign import card
from tests import foreign_models
from tests.commands import run_here

TEXT = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the page speaks of, made of a tiny network."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "repo" / "models").mkdir(parents=True)
    (folder / "repo" / "models" / "edsr.py").write_text(foreign_models.CODE.replace("class Tiny", "class EDSR"))
    weights = {"params_ema": foreign_models.network().state_dict()}
    for name in ("net.pth", "edsr_x4.pth"):
        torch.save(weights, folder / name)
    if not foreign_models.needs("onnx"):
        foreign_models.export("onnx", folder / "net.onnx", 4)
    (folder / "enlarge.py").write_text(foreign_models.PROGRAM)
    for name, content in re.findall(r"```toml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL):
        (folder / name).write_text(content)
    return folder


def test_the_page_begins_with_the_three_shortest_ways() -> None:
    kinds = [re.search(r"--methods \"?(\w+):", line) for line in COMMANDS[1:4]]
    assert [kind[1] for kind in kinds if kind] == ["spandrel", "onnx", "command"]


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("srbench ")])
def test_a_command_works(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("spandrel", "onnx"):
        if f"{kind}:" in line and (lacking := foreign_models.needs(kind)):
            pytest.skip(f"{lacking} is not installed")
    words = shlex.split(line)[1:] + (["--limit", "1", "--jobs", "1"] if " run " in line else [])
    monkeypatch.chdir(folder)
    done = run_here(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_field_of_a_card_is_in_the_table() -> None:
    cells = re.findall(r"^\| (`.+?) \|", TEXT, re.MULTILINE)
    listed = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    known = {field.name.rstrip("_") for field in dataclasses.fields(card.ModelCard)} - {"path", "interface", "stated"}
    assert listed == known | {"range", "channels", "gray", "multiple", "minimum", "enlarged", "tile", "halo"}
