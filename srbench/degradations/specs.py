"""How a degradation is written down, read without NumPy's help, so that the command line can check it at once."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from srbench.errors import DegradationError, unknown

NAMED = ("bicubic", "gaussian", "real-esrgan")
_STEPS = ("blur", "noise", "jpeg")
_HIGHEST = {"blur": 20.0, "noise": 255.0, "jpeg": 100.0}


@dataclass(frozen=True, slots=True)
class Range:
    """A number that is drawn evenly from `low` to `high`, or is always the same where they are equal."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}..{self.high:g}"


@dataclass(frozen=True, slots=True)
class Degradation:
    """How an LR image is made of its original.

    Attributes:
        name: `bicubic`, `gaussian`, `real-esrgan`, or `steps`: blur, bicubic reduction, noise, JPEG, in this order.
        blur: Standard deviation of a Gaussian filter before the reduction, in HR pixels; None for no such step.
        noise: Standard deviation of Gaussian noise after it, on the 0..255 scale.
        jpeg: Quality of JPEG compression at the end, 1..100.
        seed: What random numbers begin with, together with the image's own hash.
    """

    name: str = "bicubic"
    blur: Range | None = None
    noise: Range | None = None
    jpeg: Range | None = None
    seed: int = 0

    def __str__(self) -> str:
        """Return the spelling that means the same and is always equal for equal degradations."""
        parts = [] if self.name == "steps" else [self.name]
        parts += [f"{step}={value}" for step in _STEPS if (value := getattr(self, step)) is not None]
        return ",".join([*parts, *([f"seed={self.seed}"] if self.seed else [])])


def is_plain(spec: str) -> bool:
    """Return whether LR images of `spec` need no random numbers and no steps: `bicubic` and `gaussian`."""
    return spec in ("bicubic", "gaussian")


def parse(spec: str) -> Degradation:
    """Return the degradation that is written as `spec`.

    >>> parse("blur=0.2..3,noise=10,jpeg=60")
    Degradation(name='steps', blur=Range(low=0.2, high=3.0), noise=Range(low=10.0, high=10.0), jpeg=Range(low=60.0, \
high=60.0), seed=0)
    >>> str(parse("real-esrgan, seed=7"))
    'real-esrgan,seed=7'

    Raises:
        DegradationError: It is none of those, or a number makes no sense.
    """
    parts = [part.strip() for part in spec.split(",") if part.strip()]
    first = parts[0] if parts else ""
    found = Degradation("steps")
    if "=" not in first:
        if first not in NAMED:
            raise DegradationError(f"{unknown('degradation', first, NAMED)} {_EXPECTED}")
        found = Degradation(first)
        parts = parts[1:]
    for part in parts:
        step, _, value = part.partition("=")
        if step == "seed" and value.isdecimal() and not is_plain(found.name):
            found = dataclasses.replace(found, seed=int(value))
        elif step in _STEPS and found.name == "steps" and getattr(found, step) is None:
            steps: dict[str, Any] = {step: _range(step, value)}
            found = dataclasses.replace(found, **steps)
        else:
            raise DegradationError(f"Cannot use '{part}' in the degradation '{spec}'. {_EXPECTED}")
    return found


_EXPECTED = (
    "Expected bicubic, gaussian, real-esrgan, or steps such as 'blur=1.6,noise=10,jpeg=60', each a number or a range "
    "as in blur=0.2..3, and seed=N."
)


def _range(step: str, text: str) -> Range:
    low, dots, high = text.partition("..")
    try:
        found = Range(float(low), float(high) if dots else float(low))
    except ValueError:
        raise DegradationError(f"Expected a number or a range for {step}, but got '{text}'. {_EXPECTED}") from None
    least = 1.0 if step == "jpeg" else 0.0
    if not (math.isfinite(found.low) and least <= found.low <= found.high <= _HIGHEST[step]):
        raise DegradationError(f"Expected {step} between {least:g} and {_HIGHEST[step]:g}, but got '{text}'.")
    return found
