"""What trains on a GPU is on the GPU, and waits for nothing: shown with a device that is not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from srbench.training import checkpoints, initial, loop, patches, photographs, validation
from srbench.training.launch import TrainingRequest, launch
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch, Cutter, Shape
from srbench.training.recipes import configure, find
from srbench.training.task import TrainingTask
from tests.training.conftest import picture

TRAINED = [
    ("srresnet-mse", {"optimiser": "adam", "width": 8, "blocks": 2}),
    ("srresnet-mse", {"optimiser": "soap", "soap_every": 2, "width": 8, "blocks": 2}),
    ("espcn", {}),
    ("srcnn", {}),
    ("drcn", {"width": 8, "recursions": 4, "growth": 0.5}),
    ("srgan-mse", {"width": 8, "blocks": 1, "crop": 32}),
]


@pytest.fixture(autouse=True)
def _no_matrix_is_left_behind() -> Iterator[None]:
    yield
    patches.reduction.cache_clear()
    patches.enlargement.cache_clear()


def task(name: str, device: torch.device, **settings: Any) -> TrainingTask:
    recipe = find(name)
    plan = configure(recipe, {"steps": 10, "batch": 2, "crop": 48, "precision": "fp32", **settings})
    return recipe.task(plan, ProcessGroup(0, 1, device))


def batch(made: TrainingTask, device: torch.device) -> Batch:
    channels, crop = 1 if made.luma else 3, made.plan.crop
    hr, lr, enlarged = (torch.rand(2, channels, size, size, device=device) for size in (crop, crop // 4, crop))
    return Batch(hr, lr, enlarged if made.enlarge else None)


@pytest.mark.parametrize(("name", "settings"), TRAINED, ids=lambda value: value if isinstance(value, str) else "")
def test_steps_stay_on_the_device_and_read_nothing_back(
    pretended: torch.device, name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initial, "load", lambda *_: "nowhere")
    made = task(name, pretended, **settings)
    for fraction in (0.0, 0.3, 0.9):
        losses = made.step(batch(made, pretended), fraction)
    assert {loss.device for loss in losses.values()} == {pretended}
    for learner in made.learners.values():
        for state in learner.optimiser.state.values():
            places = {value.device for key, value in state.items() if key != "step"}
            assert places == {pretended}


def test_a_value_that_is_read_back_and_a_tensor_left_behind_would_be_noticed(pretended: torch.device) -> None:
    with pytest.raises(Exception, match="_local_scalar_dense"):
        float(torch.rand(1, device=pretended))
    with pytest.raises(RuntimeError, match="device"):
        torch.rand(2, 2) @ torch.rand(2, 2, device=pretended)


def test_crops_are_cut_reduced_and_enlarged_on_the_device(pretended: torch.device) -> None:
    photos = photographs.pack([(Path("a"), picture(0)), (Path("b"), picture(1))], 48)
    cutter = Cutter(dataclasses.replace(photos, pixels=photos.pixels.to(pretended)), Shape(24, 4, enlarge=True))
    # Where crops lie is drawn on the processor; with numbers that are there, so that `multinomial` can be left out.
    places = torch.tensor([0, 1]), torch.tensor([3, 5]), torch.tensor([2, 8]), torch.tensor([1, 6])
    crops = cutter.cut(*places)
    assert crops.enlarged is not None
    assert {crops.hr.device, crops.lr.device, crops.enlarged.device} == {pretended}
    assert (crops.hr.shape[-1], crops.lr.shape[-1], crops.enlarged.shape[-1]) == (24, 6, 24)


def test_matrices_are_kept_on_the_device_by_size_and_scale(pretended: torch.device) -> None:
    image = torch.rand(1, 3, 40, 60, device=pretended)
    assert patches.reduced(image, 4).device == pretended
    before = patches.reduction.cache_info()
    assert patches.enlarged(patches.reduced(image, 4), 4).device == pretended
    assert patches.reduction.cache_info().misses == before.misses
    assert patches.reduction(10, 4, pretended) is patches.reduction(10, 4, pretended)


@pytest.mark.parametrize("name", ["espcn", "srcnn", "drcn", "srresnet-mse"])
def test_whole_images_are_upscaled_on_the_device_for_validation(pretended: torch.device, name: str) -> None:
    made = task(name, pretended)
    hr = torch.rand(1, 1 if made.luma else 3, 40, 48, device=pretended)
    held = validation.Held(hr, patches.reduced(hr, 4))
    sr = made.upscale(made.network, held.lr)
    assert (sr.device, sr.shape) == (pretended, hr.shape)


@pytest.mark.parametrize("optimiser", ["adam", "soap"])
@pytest.mark.parametrize("to_device", [True, False])
def test_a_run_goes_on_on_another_device(pretended: torch.device, optimiser: str, to_device: bool) -> None:
    processor = torch.device("cpu")
    old, new = (processor, pretended) if to_device else (pretended, processor)
    settings = {"optimiser": optimiser, "width": 8, "blocks": 1}
    first, second = (task("srresnet-mse", device, **settings) for device in (old, new))
    for _ in range(3):
        first.step(batch(first, old), 0.1)
    learner = second.learners["generator"]
    stored = checkpoints.on_cpu(checkpoints.optimiser_tensors(first.learners["generator"].optimiser))
    assert {tensor.device for tensor in stored.values()} == {processor}
    checkpoints.restore_optimiser(learner.optimiser, stored)
    moved = checkpoints.optimiser_tensors(learner.optimiser)
    assert moved.keys() == stored.keys()
    assert {tensor.device for name, tensor in moved.items() if not name.endswith(".step")} == {new}
    if optimiser == "adam":  # SOAP's count is a number that is there, and a restored one has no value here
        second.step(batch(second, new), 0.2)


@pytest.mark.parametrize("group", [{"fused": True}, {"capturable": True}, {"fused": None}])
def test_adam_counts_its_steps_where_its_kernels_look_for_them(group: dict[str, Any]) -> None:
    weight, meta = torch.nn.Parameter(torch.zeros(3, device="meta")), torch.device("meta")
    optimiser = torch.optim.Adam([weight])
    optimiser.param_groups[0].update(group)
    checkpoints.restore_optimiser(optimiser, {"0.step": torch.tensor(7.0), "0.exp_avg": torch.zeros(3)})
    assert optimiser.state[weight]["exp_avg"].device == meta
    assert (optimiser.state[weight]["step"].device == meta) == bool(group.get("fused") or group.get("capturable"))


def test_what_is_restored_belongs_to_its_parameter_in_whatever_group() -> None:
    weights = [torch.nn.Parameter(torch.full((2,), float(i))) for i in range(4)]
    make = lambda: torch.optim.Adam([{"params": weights[:3]}, {"params": weights[3:]}])  # noqa: E731 - used twice
    first, second = make(), make()
    sum(((i + 1) * w).sum() for i, w in enumerate(weights)).backward()  # type: ignore[union-attr]
    first.step()
    checkpoints.restore_optimiser(second, checkpoints.optimiser_tensors(first))
    for weight in weights:
        assert torch.equal(first.state[weight]["exp_avg"], second.state[weight]["exp_avg"])


def test_bicubic_interpolation_is_exact_while_networks_compute_in_16_bits() -> None:
    made = task("drcn", torch.device("cpu"), width=8, recursions=2, precision="bf16")
    lr = patches.luma(torch.tensor(picture(4, 24, 32)).permute(2, 0, 1)[None].float())
    with torch.inference_mode():
        sr = made.upscale(made.network, lr)
    # An untrained DRCN adds nothing to the interpolated image.
    torch.testing.assert_close(sr, patches.enlarged(lr, 4), rtol=0, atol=1e-4)


def test_losses_are_read_all_at_once_and_in_their_order() -> None:
    shown = loop.read_losses({"b": torch.tensor(2.0), "a": torch.tensor(1.5, dtype=torch.bfloat16)})
    assert list(shown.items()) == [("b", 2.0), ("a", 1.5)]


def test_modes_of_networks_are_set_only_where_they_change(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []
    original = loop.freeze_batch_norm
    monkeypatch.setattr(loop, "freeze_batch_norm", lambda network, on: (calls.append(on), original(network, on)))
    settings = {"steps": 10, "crop": 16, "batch": 2, "width": 8, "blocks": 1, "precision": "fp32", "freeze_bn": 0.5}
    request = TrainingRequest("srresnet-mse", (photo_folder,), tmp_path / "run", settings, quiet=True, device="cpu")
    launch(request)
    assert calls == [False, True]
    launch(dataclasses.replace(request, resume=True, settings={"steps": 11}))
    assert calls == [False, True, True]
