"""Multiply-accumulates against sums made by hand, and against figures that other people published."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from srbench.inference import operations
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.methods.srresnet import loading
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup, create

LR, SR = 180 * 320, 720 * 1280


def test_srcnn_has_the_products_that_its_layers_have() -> None:
    by_hand = (9 * 9 * 64 + 1 * 1 * 64 * 32 + 5 * 5 * 32) * SR
    assert operations.count(SRCNN(), (1, 1, 720, 1280)) == by_hand


def test_srresnet_has_the_products_that_its_layers_have() -> None:
    first, last = 9 * 9 * 3 * 64 * LR, 9 * 9 * 64 * 3 * SR
    body = (2 * 16 + 1) * 3 * 3 * 64 * 64 * LR
    shuffles = 3 * 3 * 64 * 256 * (LR + 4 * LR)
    assert operations.count(SRResNet(4), (1, 3, 180, 320)) == first + body + shuffles + last


@pytest.mark.parametrize(
    ("network", "channels", "size", "published"),
    [
        # As tables of papers print them for 1280x720 at x4, in 10^9 (Ahn et al., ECCV 2018, Table 1).
        (lambda: SRCNN((9, 5, 5)), 1, (720, 1280), 52.7),
        (lambda: DRCN(), 1, (720, 1280), 17974.3),
        (lambda: SRResNet(4), 3, (180, 320), 127.8),
    ],
)
def test_published_figures_come_out(network, channels: int, size: tuple[int, int], published: float) -> None:
    assert round(operations.count(network().eval(), (1, channels, *size)) / 1e9, 1) == published


def test_nothing_is_computed() -> None:
    class Recorder(nn.Conv2d):
        seen: tuple[str, ...] = ()

        def forward(self, image: Tensor) -> Tensor:
            Recorder.seen = (*Recorder.seen, type(image).__name__)
            return super().forward(image)

    assert operations.count(Recorder(3, 3, 1), (1, 3, 100_000, 100_000)) == 9 * 10**10  # 120 GB if there were numbers
    assert Recorder.seen == ("FakeTensor",)


@pytest.mark.parametrize("network", [lambda image: torch.from_numpy(image.numpy()), lambda image: image + 1])
def test_what_torch_cannot_count_is_not_known(network) -> None:
    assert operations.count(network, (1, 3, 4, 4)) is None


def test_an_upscaler_counts_for_the_lr_image_it_is_given_whatever_it_makes_of_it() -> None:
    exact = Setup(4, precision="exact")
    network = SRResNet(4, blocks=1, width=8).eval()
    alone = operations.count(network, (1, 3, 10, 12))
    assert loading.ready(network, exact).multiply_accumulates(10, 12) == alone
    for name, channels, factor in (("srcnn", SRCNN(), 4), ("espcn", ESPCN(4), 1)):
        expected = operations.count(channels.eval(), (1, 1, 10 * factor, 12 * factor))
        assert create(name, exact).multiply_accumulates(10, 12) == expected
