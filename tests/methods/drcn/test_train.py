"""DRCN learns from squared errors or each crop's logarithm of them."""

from __future__ import annotations

import pytest
import torch

from srbench.errors import TrainingError
from srbench.methods.drcn.train import Config, DRCNTask
from srbench.training import losses
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch

ALONE = ProcessGroup(0, 1, torch.device("cpu"))


def task(floor: float | None, supervision: float) -> DRCNTask:
    torch.manual_seed(0)
    settings = Config(steps=1, width=4, recursions=3, precision="fp32", floor=floor, supervision=supervision)
    made = DRCNTask(settings, ALONE)
    torch.nn.init.normal_(made.network.reconstruction[-1].weight, std=0.1)  # type: ignore[union-attr, arg-type, index]
    return made


def batch() -> Batch:
    hr, enlarged = torch.rand(2, 2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    hr[0] *= 0.1  # one crop is easier than the other
    enlarged[0] *= 0.1
    return Batch(hr, enlarged[..., ::4, ::4], enlarged)


@pytest.mark.parametrize("supervision", [0.0, 1.0, 0.4])
@pytest.mark.parametrize("floor", [None, 1e-3])
def test_the_loss_is_the_one_that_was_set(floor: float | None, supervision: float) -> None:
    made = task(floor, supervision)
    parameters = list(made.network.parameters())
    predictions = made.network.predictions(batch().enlarged)  # type: ignore[operator]
    final = made.network.average(predictions)  # type: ignore[operator]
    errors = (1 - supervision) * (final - batch().hr).square().mean((1, 2, 3))
    errors = errors + supervision * (predictions - batch().hr).square().mean((0, 2, 3, 4))
    loss = errors.mean() if floor is None else losses.logarithmic(errors, floor)
    expected = torch.autograd.grad(loss, parameters, allow_unused=True)
    shown = made.step(batch(), 0.0)
    assert shown["loss"].item() == pytest.approx(losses.pixel(final, batch().hr).item(), rel=1e-5)
    for parameter, gradient in zip(parameters, expected, strict=True):
        zero = torch.zeros_like(parameter)
        torch.testing.assert_close(
            parameter.grad if parameter.grad is not None else zero, zero if gradient is None else gradient
        )


def test_another_loss_than_the_papers_is_said_beside_what_else_differs() -> None:
    assert "note" not in task(None, 1.0).notes
    assert task(3e-5, 1.0).notes["note"] == "logarithm of each crop's MSE + 3e-05"
    both = DRCNTask(Config(steps=1, width=4, recursions=3, averaged=1, floor=0.01), ALONE)
    assert both.notes["note"] == "only the last of its 3 predictions, logarithm of each crop's MSE + 0.01"


@pytest.mark.parametrize("floor", [0.0, -1.0])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    with pytest.raises(TrainingError, match=r"floor=\.\.\. above 0, but got"):
        Config(steps=1, floor=floor).check()
