"""Long gradients are shortened, and a batch that is computed in parts teaches what the whole one teaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from srbench.errors import TrainingError
from srbench.training import checkpoints
from srbench.training.launch import TrainingRequest, launch
from srbench.training.parallel import ProcessGroup
from srbench.training.task import Learner

ALONE = ProcessGroup(0, 1, torch.device("cpu"))
SMALL: dict[str, Any] = {"crop": 16, "batch": 4, "steps": 3, "precision": "fp32", "width": 8, "blocks": 1, "bn": False}
SMALL["optimiser"] = "adam"


def learned(folder: Path, out: Path, **settings: Any) -> dict[str, torch.Tensor]:
    launch(TrainingRequest("srresnet-mse", (folder,), out, SMALL | settings, device="cpu", quiet=True))
    return dict(checkpoints.load(out).tensors)


def test_a_long_gradient_is_shortened_and_a_short_one_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    norms = {}
    for clip in (0.5, 1e9, None):
        torch.manual_seed(0)
        learner = Learner(nn.Linear(6, 4), 1e-3, lambda _: 1.0, clip=clip)
        learner.descend(100 * learner.network(torch.ones(3, 6)).square().mean(), ALONE, 0.0)
        gradients = [parameter.grad for parameter in learner.network.parameters() if parameter.grad is not None]
        norms[clip] = float(torch.cat([gradient.reshape(-1) for gradient in gradients]).norm())
    assert norms[0.5] == pytest.approx(0.5, rel=1e-4)
    assert norms[1e9] == norms[None] > 10


def test_a_batch_in_parts_teaches_what_the_whole_batch_teaches(photo_folder: Path, tmp_path: Path) -> None:
    whole = learned(photo_folder, tmp_path / "whole")
    parts = learned(photo_folder, tmp_path / "parts", accumulate=2)
    names = [name for name in whole if name.startswith("generator.adam") and name.endswith("exp_avg")]
    assert names
    for name in names:
        np.testing.assert_allclose(whole[name].numpy(), parts[name].numpy(), rtol=2e-3, atol=1e-7)


def test_both_networks_of_a_gan_take_one_step_for_all_parts(photo_folder: Path, tmp_path: Path) -> None:
    learned(photo_folder, tmp_path / "first")
    gan = {**SMALL, "accumulate": 2, "start": str(tmp_path / "first")}
    launch(TrainingRequest("srgan-mse", (photo_folder,), tmp_path / "gan", gan, device="cpu", quiet=True))
    tensors = checkpoints.load(tmp_path / "gan").tensors
    steps = {name: float(value) for name, value in tensors.items() if name.endswith(".step")}
    assert {name.split(".")[0] for name in steps} == {"generator", "discriminator"}
    assert set(steps.values()) == {3.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"accumulate": 3}, "Expected --accumulate to divide --batch 4, but got 3"),
        ({"accumulate": 0}, "Expected --accumulate to divide"),
        ({"clip": 0.0}, "Expected --clip above zero"),
        ({"clip": float("nan")}, "Expected --clip above zero"),
        ({"keep_every": 0}, "Expected --keep-every of at least 1"),
        ({"degradation": "blurr=1"}, "Cannot use 'blurr=1'"),
        ({"log": "tensorbord"}, "Did you mean 'tensorboard'"),
        ({"steps": None, "minutes": float("nan")}, "above zero"),
        ({"rate": float("inf")}, "above zero"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    from srbench.errors import SrbenchError

    with pytest.raises(SrbenchError, match=message):
        learned(tmp_path / "nowhere", tmp_path / "run", **settings)


def test_parts_of_what_two_processes_share_must_be_equal(photo_folder: Path, tmp_path: Path) -> None:
    from srbench.training import loop
    from srbench.training.recipes import configure, find
    from srbench.training.state import TrainingRun

    recipe = find("srresnet-mse")
    task = recipe.task(configure(recipe, SMALL | {"accumulate": 4}), ALONE)
    task.processes = ProcessGroup(0, 2, torch.device("cpu"))
    with pytest.raises(TrainingError, match="The 2 crops that each process has of a batch cannot be computed"):
        loop.train(task, TrainingRun(tmp_path, "x"), lambda *_: pytest.fail("drawn"))
