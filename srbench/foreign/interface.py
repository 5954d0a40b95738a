"""What a network of others takes and gives, and the tensors that it must therefore be handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srbench.errors import MethodError

RANGES = {"1": (1 / 255, 0.0), "255": (1.0, 0.0), "-1..1": (1 / 127.5, -1.0)}
"""What 0..255 is multiplied by, and what is added then, to get the values that a network takes."""
CHANNELS = ("rgb", "bgr", "y")
GRAY = ("colour", "as-is")

Network = Callable[[Tensor], Tensor]
"""(N, C, H, W) in, (N, C, factor*H, factor*W) out, in the network's own range and order of channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a network takes and gives.

    Attributes:
        takes: Range of the values that go in: one of `RANGES`.
        gives: Range of the values that come out.
        channels: `rgb`, `bgr`, or `y`: luma alone, the colour differences are enlarged by bicubic interpolation.
        gray: How a gray image is handed over: `colour` (three equal channels, and their mean afterwards), or `as-is`
            (one channel, its values as they are).
        multiple: Height and width must be multiples of it. What is missing is filled by reflection, below and on the
            right, and cut off afterwards.
        minimum: Smallest height and width; filled in the same way.
        square: Whether height and width must be equal.
        enlarged: Whether it sharpens what bicubic interpolation has enlarged before.
        tile: Side of the pieces that large images are computed in, in pixels of the input; None: whole.
        halo: How many pixels around a piece are computed with it.
    """

    takes: str = "1"
    gives: str = "1"
    channels: str = "rgb"
    gray: str = "colour"
    multiple: int = 1
    minimum: int = 1
    square: bool = False
    enlarged: bool = False
    tile: int | None = None
    halo: int = 32

    @property
    def planes(self) -> int:
        """Number of channels that go in for a colour image."""
        return 1 if self.channels == "y" else 3

    def padded(self, height: int, width: int) -> tuple[int, int]:
        """Return the size that an image of this size is filled up to.

        >>> Interface(multiple=16, minimum=32).padded(33, 5)
        (48, 32)
        """
        height, width = (-(-max(side, self.minimum) // self.multiple) * self.multiple for side in (height, width))
        return (max(height, width),) * 2 if self.square else (height, width)


def adapted(network: Network, interface: Interface, factor: int, name: str) -> Network:
    """Return a network that takes and gives any size on the 0..255 scale, colours in RGB order.

    Args:
        network: As it was written.
        interface: What it takes and gives.
        factor: Output pixels per input pixel.
        name: What to call it in messages.

    Returns:
        A function that raises MethodError when the network breaks or gives something of another size.
    """

    def compute(image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        output = attempt(network, to_network(image, interface), name)
        output = output[..., : factor * height, : factor * width]
        expected = (*image.shape[:2], factor * height, factor * width)
        if output.shape != expected:
            raise MethodError(
                f"{name} gave shape {tuple(output.shape)} for an input of {tuple(image.shape)}; expected {expected}."
            )
        slope, offset = RANGES[interface.gives]
        result: Tensor = (output.float() - offset) / slope
        return result.flip(1) if interface.channels == "bgr" else result

    return compute


def to_network(image: Tensor, interface: Interface) -> Tensor:
    """Return an image of the 0..255 scale as a network takes it: filled up, in its range and order of channels."""
    slope, offset = RANGES[interface.takes]
    height, width = image.shape[-2:]
    if interface.channels == "bgr":
        image = image.flip(1)
    target = interface.padded(height, width)
    if target != (height, width):
        rows, columns = (_reflected(side, to, image.device) for side, to in zip((height, width), target, strict=True))
        image = image[..., rows, :][..., columns]
    return image * slope + offset


def _reflected(length: int, to: int, device: torch.device) -> Tensor:
    # As often as needed: torch's own padding refuses more than the image has. A single pixel is repeated.
    places = np.pad(np.arange(length), (0, to - length), mode="reflect")
    return torch.from_numpy(places).to(device)


def attempt(network: Network, image: Tensor, name: str) -> Tensor:
    """Return what a network gives for an input, or say in one line why it gives nothing.

    Raises:
        MethodError: It breaks, or gives no tensor of four dimensions.
    """
    output: Any  # what code of others gives, whatever it was to give
    try:
        output = network(image)
    except (torch.OutOfMemoryError, MemoryError):
        raise MethodError(f"{name} needs more memory than there is for an input of {tuple(image.shape)}.") from None
    except MethodError:
        raise
    except Exception as error:  # the code is not ours: whatever it raises is what to report
        reason = " ".join(str(error).split())[:300]
        raise MethodError(f"{name} breaks on {tuple(image.shape)}: {type(error).__name__}: {reason}") from None
    if not isinstance(output, Tensor) or output.ndim != 4:
        came = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        hint = " A card says which of several it is: 'output'." if isinstance(output, list | tuple) else ""
        raise MethodError(f"{name} gave {came}; expected one tensor of four dimensions.{hint}")
    return output


def measured_factor(network: Network, interface: Interface, name: str) -> int:
    """Return how many output pixels an input pixel becomes, found by running a small gray picture.

    Raises:
        MethodError: The network breaks on it, or enlarges by no whole number.
    """
    image = to_network(torch.full((1, interface.planes, 24, 24), 127.5), interface)
    with torch.inference_mode():
        output = attempt(network, image, name)
    factors = {to / side for to, side in zip(output.shape[-2:], image.shape[-2:], strict=True)}
    factor = factors.pop()
    if factors or factor != round(factor) or not factor or output.shape[1] != image.shape[1]:
        raise MethodError(
            f"{name} makes {tuple(output.shape)} of {tuple(image.shape)}; expected as many channels, and height and "
            "width times one whole number."
        )
    return int(factor)
