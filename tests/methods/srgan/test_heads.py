"""A discriminator of heads: it knows originals by their statistics, and looks once at what everything else looks at."""

from __future__ import annotations

import pytest
import torch

from srbench.methods.srgan.heads import LAYERS, Heads
from srbench.training import losses
from tests.methods.srgan.test_train import batch, made, state, walk

__all__ = ["made"]  # a fixture


def maps(seed: int, scale: float = 1.0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [scale * torch.rand(3, count, size, size, generator=generator) for count, size in ((4, 8), (6, 4))]


def test_maps_are_normalised_by_the_originals_seen_so_far() -> None:
    heads, found = Heads([4, 6]), [maps(seed) for seed in range(5)]
    for one in found:
        heads.observe(one)
    for number in range(2):
        joined = torch.cat([one[number] for one in found])
        mean, square = heads.get_buffer(f"mean{number}"), heads.get_buffer(f"square{number}")
        assert torch.allclose(mean, joined.mean((0, 2, 3), keepdim=True), atol=1e-6)
        assert torch.allclose(square - mean**2, joined.var((0, 2, 3), correction=0, keepdim=True), atol=1e-5)


def test_what_has_more_energy_than_originals_is_not_made_like_them() -> None:
    """Batch normalisation would."""
    torch.manual_seed(0)
    heads = Heads([4, 6]).train()
    heads.observe(maps(0))
    for plain, loud in zip(heads(maps(1)), heads(maps(1, scale=3.0)), strict=True):
        assert plain.shape == loud.shape == (3, 1, *plain.shape[2:])
        assert (plain - loud).abs().max() > 0.1


def test_a_channel_that_never_answers_does_no_harm() -> None:
    heads = Heads([4, 6])
    silent = [torch.zeros_like(one) for one in maps(0)]
    heads.observe(silent)
    assert all(logits.isfinite().all() for logits in heads(silent))


def test_each_image_goes_through_the_features_once_in_a_step(made) -> None:
    task, looks = made(discriminator="heads", discriminator_steps=3), []
    task.features.register_forward_pre_hook(lambda _, inputs: looks.append(inputs[0].requires_grad))
    task.step(batch(), 0.0)
    assert looks == [False, True]


def test_all_heads_learn_to_tell_originals_from_sr_images(made) -> None:
    task = made(discriminator="heads", warm_up=40, rate=1e-3, schedule="constant")
    start = state(task)
    shown = [float(one["discriminator"]) for one in walk(task, 40)]
    assert shown[-1] < 0.5 * shown[0]
    hr = batch(100).hr * 2 - 1
    with torch.no_grad():
        real, fake = (task.judge(task.features(image)[1:]) for image in (hr, task.network(batch(100).lr)))
    assert len(real) == len(LAYERS)
    assert all(a.mean() > b.mean() for a, b in zip(real, fake, strict=True))
    assert all(torch.equal(value, start[name]) for name, value in task.network.named_parameters())


def test_the_adversarial_loss_is_the_mean_over_heads_and_reaches_the_image_through_the_features(made) -> None:
    task, hr = made(discriminator="heads"), batch().hr * 2 - 1
    task.judge.observe(task.features(hr)[1:])
    sr = (0.9 * hr).requires_grad_()
    parts = task._losses(sr, hr, task._seen(hr, False), task._seen(sr, False), 0.0)
    expected = sum(losses.adversarial(logits) for logits in task.judge(task.features(sr)[1:])) / len(LAYERS)
    assert parts["adversarial"].item() == pytest.approx(expected.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(parts["adversarial"], sr, retain_graph=True)
    (again,) = torch.autograd.grad(expected, sr)
    assert torch.allclose(gradient, again, atol=1e-7)
    assert gradient.abs().max() > 0
    assert all(parameter.grad is None for parameter in task.judge.parameters())


def test_the_discriminator_takes_as_many_steps_as_were_set(made) -> None:
    for kind in ("paper", "heads"):
        task = made(discriminator=kind, discriminator_steps=3)
        walk(task, 2)
        steps = {int(one["step"]) for one in task.learners["discriminator"].optimiser.state.values()}
        assert steps == {6}
        assert {int(one["step"]) for one in task.learners["generator"].optimiser.state.values()} == {2}


def test_statistics_are_kept_with_the_weights(made) -> None:
    task = made(discriminator="heads")
    walk(task, 2)
    other = made(discriminator="heads")
    other.learners["discriminator"].network.load_state_dict(state(task, "discriminator"))
    assert int(other.judge.seen) == 2
    for name, value in task.judge.named_buffers():
        assert torch.equal(other.judge.get_buffer(name), value)


def test_the_features_and_the_heads_are_said(made) -> None:
    notes = made(discriminator="heads", layer=(2, 2)).notes
    assert notes["features"].endswith("phi_2,2")
    assert notes["note"].endswith("heads on VGG's features as discriminator")
