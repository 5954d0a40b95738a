"""What a run writes is what `--config` reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from srbench.errors import TrainingError
from srbench.training import checkpoints, runfile
from srbench.training.launch import TrainingRequest, launch
from srbench.training.recipes import configure, find

SMALL: dict[str, Any] = {"crop": 16, "batch": 2, "steps": 3, "precision": "fp32"}


def test_what_a_run_has_written_trains_the_same_again(photo_folder: Path, tmp_path: Path) -> None:
    first = TrainingRequest(
        "espcn", (photo_folder,), tmp_path / "a", SMALL | {"clip": 0.3}, photo_folder, 2, device="cpu", quiet=True
    )
    launch(first)
    told = runfile.read(tmp_path / "a" / runfile.FILE)
    second = TrainingRequest(out=tmp_path / "b", device="cpu", quiet=True, **told)
    assert (second.name, second.data, second.hold_out) == ("espcn", (photo_folder,), 2)
    launch(second)
    one, other = (checkpoints.load(tmp_path / name).tensors for name in "ab")
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", ["espcn", "drcn", "srgan-mse", "srgan-vgg54", "srresnet-vgg22"])
def test_every_setting_of_every_network_comes_back_nothing_included(name: str, tmp_path: Path) -> None:
    recipe = find(name)
    for preset in ("paper", *recipe.presets):
        chosen = {"preset": preset} if preset != "paper" else {}
        plan = configure(recipe, {"minutes": 1.5, **chosen})
        path = tmp_path / "config.toml"
        path.write_text(runfile.write(TrainingRequest(name, (tmp_path,), tmp_path), plan))
        assert configure(recipe, runfile.read(path)["settings"]) == plan


def test_folders_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('name = "espcn"\ndata = "photos"\nvalidation = "../held"\ncheckpoint_seconds = 5\n')
    told = runfile.read(path)
    assert told["data"] == (tmp_path / "photos",)
    assert told["validation"] == tmp_path / ".." / "held"
    assert told["checkpoint_seconds"] == 5.0
    assert {field.name for field in dataclasses.fields(TrainingRequest)} >= told.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = espcn", "Cannot read the config"),
        ('dta = "x"', "Did you mean 'data'"),
        ("hold_out = true", "expected hold_out to be of the kind int"),
        ('strict = "yes"', "expected strict to be of the kind bool"),
        ("settings = 3", r"expected a table \[settings\]"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=message) as caught:
        runfile.read(path)
    assert "\n" not in str(caught.value)
