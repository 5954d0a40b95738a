"""What networks of others are given: range, channels, size, and what is said of those that break."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from srbench.errors import MethodError
from srbench.foreign.interface import Interface, adapted, measured_factor, to_network

IMAGE = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (1, 3, 5, 7))).float()


def nearest(image: Tensor) -> Tensor:
    return interpolate(image, scale_factor=2)


@pytest.mark.parametrize("span", ["1", "255", "-1..1"])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize(
    ("multiple", "minimum", "square"), [(1, 1, False), (4, 1, False), (8, 20, False), (3, 1, True)]
)
def test_what_goes_in_comes_out_again(span: str, channels: str, multiple: int, minimum: int, square: bool) -> None:
    interface = Interface(takes=span, gives=span, channels=channels, multiple=multiple, minimum=minimum, square=square)
    seen: list[Tensor] = []

    def network(image: Tensor) -> Tensor:
        seen.append(image)
        return nearest(image)

    result = adapted(network, interface, 2, "it")(IMAGE)
    torch.testing.assert_close(result, nearest(IMAGE), atol=1e-3, rtol=0)
    height, width = seen[0].shape[-2:]
    assert height % multiple == 0
    assert width % multiple == 0
    assert min(height, width) >= minimum
    assert not square or height == width


def test_ranges_and_channels_are_those_that_were_named() -> None:
    one = torch.tensor([0.0, 127.5, 255.0]).reshape(1, 3, 1, 1)
    values = {
        span: to_network(one, Interface(takes=span, channels="bgr")).flatten().tolist()
        for span in ("1", "255", "-1..1")
    }
    assert values == {"1": [1.0, 0.5, 0.0], "255": [255.0, 127.5, 0.0], "-1..1": [1.0, 0.0, -1.0]}


def test_missing_rows_and_columns_are_reflected_as_numpy_does() -> None:
    for shape in ((1, 1), (2, 3), (5, 7)):
        image = IMAGE[..., : shape[0], : shape[1]]
        filled = to_network(image, Interface(takes="255", multiple=16)).numpy()[0]
        pads = [(0, 0), (0, 16 - shape[0]), (0, 16 - shape[1])]
        np.testing.assert_array_equal(filled, np.pad(image.numpy()[0], pads, mode="reflect"))


def broken(_: Tensor) -> Tensor:
    raise RuntimeError("size mismatch\nand more")


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (broken, r"it breaks on \(1, 3, 5, 7\): RuntimeError: size mismatch and more"),
        (lambda image: [image], "it gave list; expected one tensor of four dimensions"),
        (lambda image: image[0], r"it gave shape \(3, 5, 7\); expected one tensor"),
        (
            lambda image: image,
            r"it gave shape \(1, 3, 5, 7\) for an input of \(1, 3, 5, 7\); expected \(1, 3, 10, 14\)",
        ),
    ],
)
def test_a_network_that_breaks_is_one_line(network: object, expected: str) -> None:
    with pytest.raises(MethodError, match=expected):
        adapted(network, Interface(), 2, "it")(IMAGE)  # type: ignore[arg-type]


def test_the_factor_is_measured() -> None:
    assert measured_factor(nearest, Interface(multiple=7), "it") == 2
    with pytest.raises(MethodError, match="height and width times one whole number"):
        measured_factor(lambda image: interpolate(image, size=(36, 36)), Interface(), "it")
