"""One step of SRGAN: who sees what, who learns at which rate, and how the adversarial weight comes about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from srbench.errors import TrainingError
from srbench.methods.srgan.config import Config
from srbench.methods.srgan.train import ADVERSARIAL_WEIGHT, CONTENT_WEIGHT, TEXTURE_WEIGHT, SRGANTask, network
from srbench.training import losses
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from tests.training.conftest import named, narrow

SMALL: dict[str, Any] = {"steps": 10, "batch": 2, "crop": 32, "width": 8, "blocks": 1, "precision": "fp32"}
ALONE = ProcessGroup(0, 1, torch.device("cpu"))


@pytest.fixture
def made(tmp_path: Path):
    """Return a function that makes a task from settings, with few channels and a VGG16 of few channels."""
    torch.manual_seed(0)
    config = Config(**SMALL)
    save_file(network(config).state_dict(), tmp_path / "start.safetensors")
    save_file(named("VGG16", narrow("VGG16"), "halves"), tmp_path / "vgg.safetensors")
    places = {"start": str(tmp_path / "start.safetensors"), "vgg": str(tmp_path / "vgg.safetensors")}

    def make(**settings: Any) -> SRGANTask:
        torch.manual_seed(1)
        return SRGANTask(Config(**{**SMALL, **places, **settings}), ALONE)

    return make


def batch(seed: int = 5) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    hr = torch.rand(2, 3, 32, 32, generator=generator)
    return Batch(hr, torch.nn.functional.avg_pool2d(hr, 4))


def walk(task: SRGANTask, steps: int) -> list[dict[str, torch.Tensor]]:
    shown = []
    for step in range(steps):
        task.done = step
        shown.append(dict(task.step(batch(step), step / 10)))
    return shown


def unweighted(task: SRGANTask, sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Return the content loss without a weight."""
    return losses.content(task.features(sr)[0], task.features(hr)[0])


def state(task: SRGANTask, name: str = "generator") -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in task.learners[name].network.state_dict().items()}


def test_discriminator_and_features_see_equal_windows_at_a_new_place_in_each_step(
    made, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = made(window=16)
    judged: list[torch.Tensor] = []
    compared: list[torch.Tensor] = []
    task.judge.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0].detach()))
    task.features.register_forward_pre_hook(lambda _, inputs: compared.append(inputs[0].detach()))
    offsets = set()
    for step in range(12):
        crops = batch(step)
        judged.clear(), compared.clear()
        task.step(crops, 0.0)
        (real, fake, again), (hr, sr) = judged, compared
        assert torch.equal(real, hr)
        assert torch.equal(fake, sr)
        assert torch.equal(again, sr)
        whole = crops.hr * 2 - 1
        places = [(y, x) for y in range(17) for x in range(17) if torch.equal(whole[..., y : y + 16, x : x + 16], hr)]
        assert len(places) == 1
        offsets.update(places)
    assert len(offsets) > 6


def test_without_a_window_they_see_the_crops(made) -> None:
    task, judged = made(), []
    task.judge.register_forward_pre_hook(lambda _, inputs: judged.append(inputs[0].detach()))
    task.step(batch(), 0.0)
    assert torch.equal(judged[0], batch().hr * 2 - 1)


def test_the_discriminator_learns_alone_for_as_many_steps_as_were_set(made) -> None:
    task = made(warm_up=3)
    generator, judge = state(task), state(task, "discriminator")
    shown = walk(task, 3)
    assert [set(losses) for losses in shown] == [{"discriminator"}] * 3
    weights = dict(task.network.named_parameters())
    assert all(torch.equal(value, generator[key]) for key, value in weights.items())
    assert not torch.equal(state(task, "discriminator")["features.0.weight"], judge["features.0.weight"])
    task.done = 3
    assert {"content", "adversarial"} <= set(task.step(batch(), 0.3))
    assert not torch.equal(state(task)["head.0.weight"], generator["head.0.weight"])


def test_the_balanced_weight_is_set_again_every_few_steps_from_gradients_at_the_image(made) -> None:
    task, images = made(balance=0.5, balance_every=4, rate=1e-3), []
    task.network.register_forward_hook(lambda _, __, sr: images.append(sr.detach()))
    found, expected = [], []
    for step in range(9):
        task.done = step
        task.step(batch(step), 0.0)
        found.append(task.notes[ADVERSARIAL_WEIGHT])
        # What the discriminator says after it has learned in this step, as the generator's step found it.
        sr, hr = images[-1].requires_grad_(), batch(step).hr * 2 - 1
        content = task.config.content * torch.autograd.grad(unweighted(task, sr, hr), sr)[0].norm()
        adversarial = torch.autograd.grad(losses.adversarial(task.judge(sr)), sr)[0].norm()
        expected.append(float(0.5 * content / adversarial))
    for step in (0, 4, 8):
        assert found[step] == pytest.approx(expected[step], rel=1e-3)
    assert len({round(weight, 12) for weight in found}) == 3
    assert found[0] == found[3] != found[4] == found[7]


def test_the_content_weight_can_follow_mse_and_the_adversarial_one_follows_both(made) -> None:
    task, images = made(content_ratio=11.0, balance=0.5, balance_every=4, rate=1e-3), []
    task.network.register_forward_hook(lambda _, __, sr: images.append(sr.detach()))
    for step in range(6):
        task.done = step
        shown = task.step(batch(step), 0.0)
        sr, hr = images[-1].requires_grad_(), batch(step).hr * 2 - 1
        assert shown["content"].item() == pytest.approx(unweighted(task, sr, hr).item(), rel=1e-4)
        if step % 4 == 0:
            content, mse, adversarial = (
                float(torch.autograd.grad(loss, sr)[0].norm())
                for loss in (unweighted(task, sr, hr), losses.pixel(sr, hr), losses.adversarial(task.judge(sr)))
            )
        assert task.notes[CONTENT_WEIGHT] == pytest.approx(11 * mse / content, rel=1e-3)
        assert task.notes[ADVERSARIAL_WEIGHT] == pytest.approx(0.5 * 11 * mse / adversarial, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "leading"), [({}, "content"), ({"content_ratio": 11.0}, "ratio"), ({"layer": None}, "mse")]
)
def test_the_texture_loss_follows_what_leads(made, settings: dict[str, Any], leading: str) -> None:
    task, images = made(texture=0.5, balance_every=4, rate=1e-3, **settings), []
    task.network.register_forward_hook(lambda _, __, sr: images.append(sr.detach()))
    found, expected = [], []
    for step in range(5):
        task.done = step
        shown = task.step(batch(step), 0.0)
        sr, hr = images[-1].requires_grad_(), batch(step).hr * 2 - 1
        texture = losses.texture(sr, hr, 4)
        assert shown["texture"].item() == pytest.approx(texture.item(), rel=1e-5)
        led = {
            "content": lambda sr, hr: task.config.content * unweighted(task, sr, hr),
            "ratio": lambda sr, hr: 11 * losses.pixel(sr, hr),
            "mse": losses.pixel,
        }[leading](sr, hr)
        lengths = [float(torch.autograd.grad(loss, sr)[0].norm()) for loss in (led, texture)]
        found.append(task.notes[TEXTURE_WEIGHT])
        expected.append(0.5 * lengths[0] / lengths[1])
    assert found[0] == found[3] != found[4]
    assert [found[0], found[4]] == pytest.approx([expected[0], expected[4]], rel=1e-3)


def test_the_presets_content_weight_is_refused_for_features_of_another_size(made, tmp_path: Path) -> None:
    save_file(named("VGG19", narrow("VGG19"), "torchvision"), tmp_path / "other.safetensors")
    settings: dict[str, Any] = {"preset": "balanced", "content": 3e-4, "vgg": str(tmp_path / "other.safetensors")}
    with pytest.raises(TrainingError, match=r"another size\. Add --set content_ratio=11") as caught:
        made(**settings)
    assert "\n" not in str(caught.value)
    assert made(**settings, content_ratio=11.0).features is not None
    halved, images = made(**{**settings, "content": 0.5}), []
    halved.network.register_forward_hook(lambda _, __, sr: images.append(sr.detach()))
    shown = halved.step(batch(), 0.0)["content"].item()
    assert shown == pytest.approx(0.5 * unweighted(halved, images[0], batch().hr * 2 - 1).item(), rel=1e-4)


def test_the_losses_that_are_shown_are_those_of_the_settings(made) -> None:
    assert set(walk(made(), 1)[0]) == {"discriminator", "content", "adversarial"}
    assert set(walk(made(layer=None), 1)[0]) == {"discriminator", "mse", "adversarial"}
    many = made(anchor=0.3, phase=100.0, texture=0.5, variation=1e-6)
    assert set(walk(many, 1)[0]) == {"discriminator", "content", "adversarial", "mse", "phase", "texture", "variation"}
    assert set(walk(made(adversarial=0.0, layer=(2, 2)), 1)[0]) == {"content"}


def test_the_tail_is_frozen_first_and_slower_later(made) -> None:
    task = made(tail_frozen=0.5, tail_rate=0.1, schedule="constant", rate=1e-3)
    before = state(task)
    task.step(batch(), 0.4)
    between = state(task)
    assert torch.equal(between["last.weight"], before["last.weight"])
    assert torch.equal(between["upsampling.0.weight"], before["upsampling.0.weight"])
    assert not torch.equal(between["body.1.weight"], before["body.1.weight"])

    fresh = made(tail_rate=0.1, schedule="constant", rate=1e-3)
    before = state(fresh)
    fresh.step(batch(), 0.0)
    after = state(fresh)
    # Adam's first step changes every weight by the rate, whatever its gradient.
    moved = {key: (after[key] - before[key]).abs().median().item() for key in ("head.0.weight", "last.weight")}
    assert moved["head.0.weight"] == pytest.approx(1e-3, rel=0.01)
    assert moved["last.weight"] == pytest.approx(1e-4, rel=0.01)


def test_the_generators_step_leaves_no_gradient_in_the_discriminator(made) -> None:
    task = made()
    task.step(batch(), 0.0)
    judge, hr = task.learners["discriminator"], batch().hr * 2 - 1
    for parameter in judge.network.parameters():
        parameter.grad = None
    sr = hr.clone().requires_grad_()
    needed: list[bool] = []
    judge.network.register_forward_pre_hook(
        lambda module, _: needed.extend(p.requires_grad for p in module.parameters())
    )
    parts = task._losses(sr, hr, task._seen(hr, False), task._seen(sr, False), 0.0)
    assert torch.autograd.grad(parts["adversarial"], sr)[0].abs().max() > 0
    assert not any(needed)
    assert all(parameter.grad is None for parameter in judge.network.parameters())
    assert all(parameter.requires_grad for parameter in judge.network.parameters())


def test_the_discriminator_learns_at_its_own_rate(made) -> None:
    task = made(discriminator_rate=0.25, schedule="constant", rate=1e-3)
    before = state(task, "discriminator")
    task.step(batch(), 0.0)
    moved = (state(task, "discriminator")["features.2.weight"] - before["features.2.weight"]).abs().median().item()
    assert moved == pytest.approx(2.5e-4, rel=0.01)


def test_noise_falls_to_nothing_and_is_the_same_in_a_step_done_again(made) -> None:
    task, image = made(noise=0.2), torch.zeros(2, 3, 64, 64)
    strengths = [task._noisy(image, fraction, 0).std().item() for fraction in (0.0, 0.5, 1.0)]
    assert strengths == pytest.approx([0.2, 0.1, 0.0], rel=0.05)
    assert torch.equal(task._noisy(image, 0.0, 0), task._noisy(image, 0.0, 0))
    assert not torch.equal(task._noisy(image, 0.0, 0), task._noisy(image, 0.0, 1))
    first = task._noisy(image, 0.0, 0)
    task.done = 1
    assert not torch.equal(task._noisy(image, 0.0, 0), first)


def test_notes_say_features_and_what_is_not_the_papers(made) -> None:
    notes = made(phase=100.0).notes
    assert notes["features"] == "VGG16 of unknown training (vgg), phi_5,3"
    assert notes["note"] == "VGG16 of unknown training (vgg), phi_5,3; phase penalty 100"
    assert "note" not in made(layer=None).notes
