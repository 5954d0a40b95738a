"""SRResNet learns from squared errors or each crop's logarithm of them, in one orientation or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from srbench import weights
from srbench.errors import TrainingError
from srbench.images import file_sha256 as sha
from srbench.methods.srresnet.network import SRResNet
from srbench.methods.srresnet.train import Config, SRResNetTask
from srbench.training import losses
from srbench.training.orientations import turned, turned_back
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch

ALONE = ProcessGroup(0, 1, torch.device("cpu"))


def task(floor: float | None, **settings: Any) -> SRResNetTask:
    torch.manual_seed(0)
    return SRResNetTask(Config(steps=1, width=4, blocks=1, precision="fp32", bn=False, floor=floor, **settings), ALONE)


def batch() -> Batch:
    hr = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return Batch(hr, functional.avg_pool2d(hr, 4))


def test_the_loss_is_the_one_that_was_set_and_another_than_the_papers_is_said() -> None:
    plain, logarithmic = task(None), task(1e-3)
    with torch.no_grad():
        sr, hr = plain.network(batch().lr), batch().hr * 2 - 1
    expected = (losses.pixel(sr, hr), losses.logarithmic(losses.of_crops(sr, hr), 1e-3))
    for one, loss in zip((plain, logarithmic), expected, strict=True):
        assert one.step(batch(), 0.0)["loss"].item() == pytest.approx(loss.item(), rel=1e-4)
    assert "note" not in plain.notes
    assert logarithmic.notes["note"] == "logarithm of each crop's MSE + 0.001"


@pytest.mark.parametrize("agreement", [0.0, 2.5])
def test_all_orientations_of_a_crop_are_learned_and_shall_agree(agreement: float) -> None:
    several = task(None, orientations=8, agreement=agreement)
    hr = batch().hr * 2 - 1
    with torch.no_grad():
        upright = torch.stack([turned_back(several.network(turned(batch().lr, one)), one) for one in range(8)])
    expected = torch.stack([losses.pixel(sr, hr) for sr in upright]).mean() + agreement * upright.var(0).mean()
    assert several.step(batch(), 0.0)["loss"].item() == pytest.approx(expected.item(), rel=1e-4)
    said = {"note": "2.5 times the variance between 8 orientations of a crop"} if agreement else {}
    assert dict(several.notes) == said


def weights_of(network: SRResNet, path: Path) -> Path:
    weights.write(path, network, 4, {})
    return path


def small(seed: int) -> SRResNet:
    torch.manual_seed(seed)
    return SRResNet(4, blocks=1, width=4, bn=False)


def test_a_teachers_mean_is_learned_and_the_logarithm_counts_how_far_it_is_from_the_original(tmp_path: Path) -> None:
    other = weights_of(small(5), tmp_path / "other.safetensors")
    taught = task(1e-3, teacher=str(other))
    taught.learners["generator"].network.load_state_dict(small(0).state_dict())
    stored = small(5)
    stored.load_state_dict(weights.load(other, SRResNet, 4).state_dict())  # rounded to 16 bits
    hr, lr = batch().hr * 2 - 1, batch().lr
    with torch.no_grad():
        mean = torch.stack([turned_back(stored(turned(lr, one)), one) for one in range(8)]).mean(0)
        errors = losses.of_crops(small(0)(lr), mean) + losses.of_crops(mean, hr)
    expected = losses.logarithmic(errors, 1e-3).item()
    assert taught.step(batch(), 0.0)["loss"].item() == pytest.approx(expected, rel=1e-4)
    assert f"learned from the mean of 8 orientations of {other.name} {sha(other)[:16]}" in taught.notes["note"]


def test_who_learns_from_its_own_mean_comes_nearer_to_it(tmp_path: Path) -> None:
    taught = task(None, teacher=str(weights_of(small(0), tmp_path / "own.safetensors")), rate=1e-3)
    first, *_, last = [taught.step(batch(), 0.0)["loss"].item() for _ in range(30)]
    assert last < first
    teacher = taught.teacher
    assert teacher is not None
    assert all(p.grad is None for p in teacher.network.parameters())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"teacher_orientations": 0}, r"teacher_orientations=\.\.\. of 1 to 8, but got 0"),
        ({"orientations": 0}, r"orientations=\.\.\. of 1 to 8, but got 0"),
        ({"orientations": 9}, r"orientations=\.\.\. of 1 to 8, but got 9"),
        ({"orientations": 2, "agreement": -1.0}, r"agreement=\.\.\. of 0 or more, but got -1"),
        ({"agreement": 1.0}, "Add --set orientations=2, or up to 8"),
    ],
)
def test_orientations_that_cannot_agree_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        Config(steps=1, **settings).check()


@pytest.mark.parametrize("floor", [0.0, -1.0])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    with pytest.raises(TrainingError, match=r"floor=\.\.\. above 0, but got"):
        Config(steps=1, floor=floor).check()
