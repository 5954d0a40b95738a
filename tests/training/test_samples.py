"""At each validation there are pictures of the same crops, and at the end all of them on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srbench import images, resize
from srbench.training import averaged, checkpoints, samples
from srbench.training.launch import TrainingRequest, launch
from tests.training.conftest import picture

SMALL: dict[str, Any] = {"crop": 16, "batch": 2, "steps": 9, "precision": "fp32", "validations": 3, "samples": 2}


@pytest.fixture(scope="module")
def run(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    with pytest.MonkeyPatch.context() as patch:
        from srbench.training import loop

        patch.setattr(loop, "VALIDATION_SHARE", 1e9)  # each of them, however slow this machine is
        launch(
            TrainingRequest(
                "srresnet-mse",
                (photo_folder,),
                out,
                {**SMALL, "width": 8, "blocks": 1, "keep_every": 4},
                photo_folder,
                3,
                device="cpu",
                quiet=True,
            )
        )
    return out


def test_each_validation_leaves_lr_bicubic_sr_and_hr_of_the_same_crops(run: Path, photo_folder: Path) -> None:
    files = sorted((run / "samples").glob("step-*.png"))
    assert [path.name for path in files] == [f"step-{step:09d}.png" for step in (3, 6, 9)]
    first, last = images.read(files[0]), images.read(files[-1])
    side, gap, head = 96, 4, 18
    assert first.shape == (head + 2 * (side + gap) - gap, 4 * (side + gap) - gap, 3)
    hr = images.read(photo_folder / "p0.png")[:, 8:104]  # the middle of a picture of 112 x 96
    cells = [first[head : head + side, (side + gap) * column :][:, :side] for column in range(4)]
    lr = resize.reduce(images.read(photo_folder / "p0.png"), 4)[:, 2:26]
    assert np.array_equal(cells[3], hr)
    inside = (slice(12, -12), slice(12, -12))  # at its edges a photograph is repeated there, and mirrored by imresize
    assert np.array_equal(cells[0][inside], np.repeat(np.repeat(lr, 4, axis=0), 4, axis=1)[inside])
    assert np.abs(cells[1][inside].astype(int) - resize.enlarge(lr, 4)[inside]).max() <= 1
    assert np.array_equal(first[head:, :side], last[head:, :side])  # LR stays
    sr = slice(2 * (side + gap), 2 * (side + gap) + side)
    assert not np.array_equal(first[head:, sr], last[head:, sr])  # SR learns


def test_at_the_end_all_moments_are_on_one_sheet(run: Path) -> None:
    sheet = images.read(run / "samples" / samples.OVER_TIME)
    side, gap, head = 96, 4, 18
    assert sheet.shape == (head + 2 * (side + gap) - gap, 5 * (side + gap) - gap, 3)
    last = images.read(run / "samples" / "step-000000009.png")
    cell = slice(head, head + side)
    assert np.array_equal(sheet[cell, 3 * (side + gap) :][:, :side], last[cell, 2 * (side + gap) :][:, :side])
    assert np.array_equal(sheet[cell, 4 * (side + gap) :][:, :side], last[cell, 3 * (side + gap) :][:, :side])


def test_tensorboard_has_the_pictures_and_the_curves(run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    assert [one.step for one in events.Images("samples")] == [3, 6, 9]
    assert {"loss", "learning rate", "validation PSNR"} <= set(events.Tags()["scalars"])
    assert len(events.Scalars("validation PSNR")) == 3


def test_the_best_weights_and_those_of_every_so_many_steps_are_kept(run: Path) -> None:
    steps = [averaged.read(averaged.kept(run, step)).step for step in (4, 8)]
    assert steps == [4, 8]
    assert len(list(run.glob("weights-*"))) == 2
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    curve = {one.step: one.value for one in events.Scalars("validation PSNR")}
    best = max(curve, key=lambda step: curve[step])
    assert averaged.read(run / averaged.BEST).step == best
    assert averaged.best_psnr(run) == pytest.approx(curve[best], abs=1e-4)


def test_weights_that_are_given_away_do_not_tell_where_photographs_were(run: Path, photo_folder: Path) -> None:
    assert str(photo_folder) in (run / checkpoints.INDEX).read_text()
    for path in run.glob("*.safetensors"):
        if not path.name.startswith("checkpoint"):
            assert str(photo_folder).encode() not in path.read_bytes()


def test_luma_is_shown_gray_and_crops_are_no_larger_than_the_photograph() -> None:
    from srbench.training.validation import Held

    hr = torch.from_numpy(picture(0).transpose(2, 0, 1).copy())[None]
    held = Held(hr, hr[..., ::4, ::4])
    one = samples.crop(held, 4)
    assert one.lr.shape[-2:] == (24, 24)
    assert torch.equal(one.lr, held.lr[..., :, 2:26])
    assert torch.equal(one.hr, hr[..., :, 8:104])
    gray = samples.picture(hr[:, :1])
    assert gray.shape == (96, 112, 3)
    assert np.array_equal(gray[..., 0], gray[..., 2])
