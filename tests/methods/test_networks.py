"""The networks as published: shapes, parameter counts, gradients, and what each paper says of them."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from srbench.errors import TrainingError
from srbench.methods.drcn.network import DRCN
from srbench.methods.drcn.train import RECIPES, DRCNTask
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import GREY, SRCNN
from srbench.methods.srgan.discriminator import Discriminator
from srbench.methods.srresnet.network import SRResNet, factors
from srbench.training.parallel import ProcessGroup


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (SRCNN(), 8_129),
        (SRCNN((9, 5, 5)), 57_281),
        (ESPCN(2), 21_284),
        (ESPCN(3), 22_729),
        (ESPCN(4), 24_752),
        (DRCN(), 1_775_121),
        (SRResNet(2), 1_401_749),
        (SRResNet(3), 1_586_389),
        (SRResNet(4), 1_549_462),
        (SRResNet(4, bn=False), 1_545_238),
        (Discriminator(), 23_565_505),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_each_network_has_the_parameters_that_its_description_adds_up_to(network: nn.Module, parameters: int) -> None:
    assert count(network) == parameters


@pytest.mark.parametrize("kernels", [(9, 1, 5), (9, 5, 5)])
def test_srcnn_keeps_the_size_and_repeats_borders(kernels: tuple[int, int, int]) -> None:
    network = SRCNN(kernels)
    assert network(torch.rand(2, 1, 7, 11)).shape == (2, 1, 7, 11)
    flat = network(torch.full((1, 1, 20, 20), 0.4))
    # With repeated borders a flat image is flat to its edge; zero padding would darken it there.
    assert torch.allclose(flat, flat.mean(), atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_espcn_and_srresnet_enlarge_by_their_scale(scale: int) -> None:
    assert ESPCN(scale)(torch.rand(2, 1, 5, 3)).shape == (2, 1, 5 * scale, 3 * scale)
    small = SRResNet(scale, blocks=1, width=8)
    assert small(torch.rand(2, 3, 5, 3)).shape == (2, 3, 5 * scale, 3 * scale)


def test_srresnet_takes_any_product_of_twos_and_threes_and_nothing_else() -> None:
    assert factors(8) == [2, 2, 2]
    assert factors(6) == [2, 3]
    for scale in (1, 5, 10, 0, -2):
        with pytest.raises(ValueError, match="products of 2 and 3"):
            factors(scale)


def test_without_skips_nothing_is_added() -> None:
    network = SRResNet(2, blocks=2, skip=False, width=4).eval()
    # All-zero last convolution of the body: without the long skip, nothing of the image is left.
    nn.init.zeros_(network.body[-2].weight)  # type: ignore[arg-type]
    image = torch.rand(1, 3, 4, 4)
    assert torch.equal(network(image), network(1 - image))
    with_skip = SRResNet(2, blocks=2, skip=True, width=4).eval()
    with_skip.load_state_dict(network.state_dict())
    assert not torch.equal(with_skip(image), with_skip(1 - image))


def test_drcn_starts_with_the_identity_as_its_recursion_and_averages_all_predictions() -> None:
    torch.manual_seed(0)
    network = DRCN(recursions=3, width=8)
    image = torch.rand(1, 1, 6, 6)
    assert torch.equal(network.predictions(image), image.expand(3, 1, 1, 6, 6))  # it sets out from bicubic
    nn.init.normal_(network.reconstruction[-1].weight)  # type: ignore[arg-type]
    predictions = network.predictions(image)
    # The hidden state is not negative after its ReLU, so an identity recursion leaves it alone.
    assert torch.allclose(predictions[0], predictions[2])
    assert not torch.allclose(predictions[0], image, atol=0.1)
    assert torch.allclose(network(image), predictions.mean(0), atol=1e-6)
    nn.init.normal_(network.recursion[0].weight)  # type: ignore[arg-type]
    first = network.predictions(image, 2)
    assert torch.equal(first, network.predictions(image)[:2])
    network.weights.data = torch.tensor([3.0, 1.0, 9.0])
    assert torch.allclose(network.average(first, 2), 0.75 * first[0] + 0.25 * first[1], atol=1e-5)


def test_drcn_computes_only_the_predictions_that_are_averaged() -> None:
    torch.manual_seed(0)
    everything, last_two = DRCN(recursions=4, width=8), DRCN(recursions=4, width=8, averaged=2)
    for parameter in everything.parameters():
        nn.init.normal_(parameter, std=0.2)
    everything.weights.data = torch.tensor([5.0, 7.0, 1.0, 3.0])
    last_two.load_state_dict(everything.state_dict())
    image, calls = torch.rand(1, 1, 6, 6), []
    predictions = everything.predictions(image)
    last_two.reconstruction.register_forward_hook(lambda *_: calls.append(1))
    assert torch.equal(last_two.predictions(image), predictions[2:])
    assert len(calls) == 2
    assert torch.allclose(last_two(image), 0.25 * predictions[2] + 0.75 * predictions[3], atol=1e-6)
    # While it grows, the last two of those that are made so far count, and one alone counts whole.
    made = last_two.predictions(image, 3)
    assert torch.equal(made, predictions[1:3])
    assert torch.allclose(last_two.average(made, 3), 0.875 * made[0] + 0.125 * made[1], atol=1e-6)
    assert torch.equal(last_two.average(last_two.predictions(image, 1), 1), predictions[0])


def test_tables_will_say_that_a_drcn_does_not_average_all_its_predictions() -> None:
    plan, alone = replace(RECIPES["drcn"].config, steps=1, width=4), ProcessGroup(0, 1, torch.device("cpu"))
    for more in (replace(plan, recursions=20), plan):  # however many recursions there are, all are averaged
        task = DRCNTask(more, alone)
        assert "note" not in task.notes
        assert len(task.network.predictions(torch.rand(1, 1, 4, 4))) == more.recursions  # type: ignore[operator]
    assert DRCNTask(replace(plan, averaged=1), alone).notes["note"] == "only the last of its 16 predictions"
    assert DRCNTask(replace(plan, averaged=3), alone).notes["note"] == "only the last 3 of its 16 predictions"


@pytest.mark.parametrize("wrong", ["recursions", "width", "averaged"])
def test_a_drcn_of_nothing_is_refused(wrong: str) -> None:
    plan = replace(RECIPES["drcn"].config, steps=1, **{wrong: 0})
    with pytest.raises(TrainingError, match=r"Expected recursions, width and averaged of at least 1, but got .*0"):
        plan.check()


def test_drcn_grows_its_recursions_by_equal_factors_in_equal_times() -> None:
    plan = replace(RECIPES["drcn"].config, steps=1, growth=0.5, width=4)
    alone = ProcessGroup(0, 1, torch.device("cpu"))
    task = DRCNTask(plan, alone)
    assert [task.recursions(fraction) for fraction in (0.0, 0.125, 0.25, 0.375, 0.5, 1.0)] == [1, 2, 4, 8, 16, 16]
    at_once = DRCNTask(replace(plan, growth=0.0), alone)
    assert [at_once.recursions(fraction) for fraction in (0.0, 0.5, 1.0)] == [16, 16, 16]


@pytest.mark.parametrize("network", [SRCNN(), ESPCN(2)], ids=["srcnn", "espcn"])
def test_taking_grey_off_is_something_that_biases_could_do(network: nn.Module) -> None:
    image = torch.rand(1, 1, 9, 8)
    layers = copy.deepcopy(network.layers)
    first, last = layers[0], layers[4]
    first.bias.data -= GREY * first.weight.data.sum((1, 2, 3))
    last.bias.data += GREY
    assert torch.allclose(layers(image), network(image), atol=1e-5)


def test_drcn_applies_the_same_convolution_sixteen_times() -> None:
    calls = []
    network = DRCN(width=4)
    network.recursion.register_forward_hook(lambda *_: calls.append(1))
    network(torch.rand(1, 1, 4, 4))
    assert len(calls) == 16


def test_the_discriminator_gives_one_logit_an_image_and_has_no_normalisation_first() -> None:
    network = Discriminator(crop=32)
    assert network(torch.rand(3, 3, 32, 32)).shape == (3,)
    layers = list(network.features)
    assert not isinstance(layers[1], nn.BatchNorm2d)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in layers) == 7


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (SRCNN(), (1, 1, 6, 5)),
        (ESPCN(2), (1, 1, 6, 5)),
        (DRCN(recursions=2, width=6), (1, 1, 6, 5)),
        (SRResNet(2, blocks=1, width=4), (1, 3, 5, 4)),
        (Discriminator(crop=16), (2, 3, 16, 16)),
    ],
    ids=["srcnn", "espcn", "drcn", "srresnet", "discriminator"],
)
def test_gradients_equal_finite_differences(network: nn.Module, shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    network = network.double().eval()
    image = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(network, (image,), fast_mode=True)

    weight = next(network.parameters())

    def of_weight(value: torch.Tensor) -> torch.Tensor:
        name = next(name for name, _ in network.named_parameters())
        result: torch.Tensor = torch.func.functional_call(network, {name: value}, (image.detach(),))
        return result

    assert torch.autograd.gradcheck(of_weight, (weight.detach().clone().requires_grad_(),), fast_mode=True)
