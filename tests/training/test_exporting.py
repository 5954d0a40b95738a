"""What is exported computes what srbench computes, or says what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srbench import registry
from srbench.contract import Setup
from srbench.errors import TrainingError
from srbench.training import averaged, exporting
from srbench.training.launch import TrainingRequest, launch
from tests.training.conftest import picture

SMALL: dict[str, dict[str, Any]] = {
    "espcn": {"scale": 8},
    "srcnn": {"scale": 2},
    "srresnet-mse": {"scale": 3, "crop": 18, "width": 8, "blocks": 1},
}


@pytest.fixture(scope="module")
def runs(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, settings in SMALL.items():
        chosen = {"crop": 16, "batch": 2, "steps": 3, "precision": "fp32", "keep_every": 2, **settings}
        launch(TrainingRequest(name, (photo_folder,), folder / name, chosen, device="cpu", quiet=True))
    return folder


@pytest.mark.parametrize("name", list(SMALL))
@pytest.mark.parametrize("format_", ["onnx", "torchscript"])
def test_a_network_with_its_code_gives_the_pixels_of_ours_for_colour_and_gray(
    runs: Path, tmp_path: Path, name: str, format_: str
) -> None:
    scale = SMALL[name]["scale"]
    done = exporting.export(f"checkpoint:{runs / name}", format_, tmp_path / "net", scale, False)
    assert done.card is not None
    ours = registry.create(f"checkpoint:{runs / name}", Setup(scale, precision="exact"))
    theirs = registry.create(f"model:{done.card}", Setup(scale))
    for lr in (picture(1, 33, 47), picture(2, 40, 31)[..., 0].copy()):
        one, other = np.asarray(ours(lr), float), np.asarray(theirs(lr), float)
        assert one.shape == other.shape == (lr.shape[0] * scale, lr.shape[1] * scale, *lr.shape[2:])
        assert np.abs(one - other).max() < 0.01
    assert "the largest difference from srbench's own output is" in done.lines[0]


@pytest.mark.parametrize("name", list(SMALL))
def test_weights_alone_are_those_of_the_run(runs: Path, tmp_path: Path, name: str) -> None:
    average = averaged.read(runs / name).tensors
    for format_, path in (("safetensors", tmp_path / "w.safetensors"), ("pth", tmp_path / "w.pth")):
        lines = exporting.export(str(runs / name), format_, path, 4, False).lines
        assert "is 0 of 255, 0 after rounding" in lines[0]
    stored = torch.load(tmp_path / "w.pth", weights_only=True)["params"]
    assert {f"average.{key}" for key in stored} == {key for key in average if key.startswith("average.")}
    assert all(torch.equal(tensor, average[f"average.{key}"]) for key, tensor in stored.items())
    assert lines[1].startswith("spandrel does not open it: spandrel")


def test_a_check_that_reads_other_weights_finds_it(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = torch.save
    monkeypatch.setattr(
        torch, "save", lambda what, path: original({"params": {k: v * 1.1 for k, v in what["params"].items()}}, path)
    )
    lines = exporting.export(str(runs / "espcn"), "pth", tmp_path / "w.pth", 4, False).lines
    assert "is 0 of 255" not in lines[0]


def test_a_run_of_any_scale_and_any_kept_step_is_a_method(runs: Path) -> None:
    last = registry.create(f"checkpoint:{runs / 'espcn'}", Setup(8))
    kept = registry.create(f"checkpoint:{runs / 'espcn'}@2", Setup(8))
    lr = picture(3, 20, 24)
    assert np.asarray(last(lr)).shape == (160, 192, 3)
    assert not np.array_equal(np.asarray(last(lr)), np.asarray(kept(lr)))
    method, _ = registry.find(f"checkpoint:{runs / 'espcn'}@2")
    assert (method.scales, method.title) == ((8,), "espcn, step 2")
    assert any(path.name == "network.py" and path.parent.name == "espcn" for path in method.inputs)
    with pytest.raises(TrainingError, match=r"no weights of '7'; there are 2\. Train with --keep-every"):
        registry.find(f"checkpoint:{runs / 'espcn'}@7")
    with pytest.raises(TrainingError, match="no weights of 'best'"):
        registry.find(f"checkpoint:{runs / 'espcn'}@best")


def test_a_run_can_start_from_a_kept_step_of_another(runs: Path, photo_folder: Path, tmp_path: Path) -> None:
    settings = {"crop": 16, "batch": 2, "steps": 1, "precision": "fp32", "start": f"{runs / 'espcn'}@2", "scale": 8}
    launch(TrainingRequest("espcn", (photo_folder,), tmp_path / "run", settings, device="cpu", quiet=True))
    assert averaged.read(tmp_path / "run").notes["start"] == "espcn after 2 steps"


def test_mistakes_are_one_line(runs: Path, tmp_path: Path) -> None:
    exporting.export(str(runs / "espcn"), "pth", tmp_path / "w.pth", 4, False)
    with pytest.raises(TrainingError, match="is there already"):
        exporting.export(str(runs / "espcn"), "pth", tmp_path / "w.pth", 4, False)
    with pytest.raises(TrainingError, match="Did you mean 'espcn'"):
        exporting.export("espcnn", "pth", None, 4, False)
    with pytest.raises(TrainingError, match="'espcn' has no weights for x7"):
        exporting.export("espcn", "pth", None, 7, False)
