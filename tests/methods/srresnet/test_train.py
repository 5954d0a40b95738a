"""SRResNet learns from squared errors, or from the logarithm of each crop's."""

from __future__ import annotations

import pytest
import torch

from srbench.errors import TrainingError
from srbench.methods.srresnet.train import Config, SRResNetTask
from srbench.training import losses
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch

ALONE = ProcessGroup(0, 1, torch.device("cpu"))


def task(floor: float | None) -> SRResNetTask:
    torch.manual_seed(0)
    return SRResNetTask(Config(steps=1, width=4, blocks=1, precision="fp32", floor=floor), ALONE)


def test_the_loss_is_the_one_that_was_set_and_another_than_the_papers_is_said() -> None:
    hr = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    batch = Batch(hr, torch.nn.functional.avg_pool2d(hr, 4))
    plain, logarithmic = task(None), task(1e-3)
    with torch.no_grad():
        sr = plain.network(batch.lr)
    expected = (losses.pixel(sr, hr * 2 - 1), losses.logarithmic(sr, hr * 2 - 1, 1e-3))
    for one, loss in zip((plain, logarithmic), expected, strict=True):
        assert one.step(batch, 0.0)["loss"].item() == pytest.approx(loss.item(), rel=1e-4)
    assert "note" not in plain.notes
    assert logarithmic.notes["note"] == "logarithm of each crop's MSE + 0.001"


@pytest.mark.parametrize("floor", [0.0, -1.0])
def test_a_floor_that_is_none_is_refused(floor: float) -> None:
    with pytest.raises(TrainingError, match=r"floor=\.\.\. above 0, but got"):
        Config(steps=1, floor=floor).check()
