"""The table of protocols: what two images become before they are compared, a user's own protocols included."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from srbench import plugins
from srbench.errors import MetricError, PluginError, unknown
from srbench.images import Image
from srbench.metrics import discovery, planes
from srbench.metrics.marks import mark
from srbench.metrics.planes import Planes

Compared = Callable[[Image, Image], tuple[Planes, Planes]]
Score = Callable[[Planes, Planes], float]


@dataclass(frozen=True, slots=True)
class Protocol:
    """How two images become PSNR and SSIM.

    Attributes:
        name: What users type.
        version: Changes whenever any score would; stored in every row.
        title: What tables print.
        description: One sentence.
        shave: From the scale to the number of pixels that are removed from each side.
        compared: From the shaved SR and HR image to the two arrays that are compared.
        psnr: From these two to dB.
        ssim: From these two to the mean index.
        gray_as_rgb: The protocol that differs from this one in taking gray images as colour; empty where none does.
        module: The module that registered it.
    """

    name: str
    version: str
    title: str
    description: str
    shave: Callable[[int], int]
    compared: Compared
    psnr: Score = planes.psnr
    ssim: Score = planes.ssim
    gray_as_rgb: str = ""
    module: str = ""


PROTOCOLS: dict[str, Protocol] = {}
"""The protocols by name; a user's own are among them once any was looked for."""

_names = plugins.Names("protocol", MetricError)


def register_protocol(
    name: str,
    *,
    title: str,
    description: str = "",
    border: int | Callable[[int], int] | None = None,
    version: str = "",
    **columns: Any,
) -> Callable[[Compared], Compared]:
    """Register a function `(sr, hr) -> (x, y)` as a protocol: it makes what PSNR and SSIM compare.

    Both images are uint8 and already without the border: (H, W) or (H, W, 3), a gray HR image also with a colour SR
    image. What comes back are two arrays of one shape, (H, W) or (H, W, C), on the 0..255 scale: luma, say.
    PSNR is taken over all their values; SSIM is Wang's, the mean over channels.

    Args:
        name: Lower-case letters, digits and hyphens.
        title: What tables print.
        description: One sentence; by default the first line of the function's docstring.
        border: Pixels that are removed from each side, or a function of the scale; by default the scale.
        version: Changes whenever any score would. By default a hash of the function's file and what it imports.
        **columns: Further fields of `Protocol`, such as `ssim`.

    Raises:
        MetricError: The name cannot be typed on the command line.

    >>> @register_protocol("doctest-green", title="Green alone", border=6)
    ... def green(sr, hr):
    ...     '''The green channel of colour images.'''
    ...     return sr[..., 1].copy(), hr[..., 1].copy()
    >>> find_protocol("doctest-green").description
    'The green channel of colour images.'
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name):
        raise MetricError(f"Protocol name {name!r} is not made of lower-case letters, digits and hyphens.")

    def decorate(function: Compared) -> Compared:
        about = description or (inspect.getdoc(function) or "").partition("\n")[0]
        stays = version or mark(function.__module__, function)[:8]
        _add(Protocol(name, stays, title, about, _shave(border), function, module=function.__module__, **columns))
        return function

    return decorate


def _shave(border: int | Callable[[int], int] | None) -> Callable[[int], int]:
    if border is None:
        return lambda scale: scale
    return border if callable(border) else lambda _: border


def _add(protocol: Protocol) -> None:
    if not _names.claim(protocol.name, protocol.module):
        return
    PROTOCOLS[protocol.name] = protocol


def protocols() -> list[Protocol]:
    """Return all protocols: srbench's own in the order of the documentation, then users' in the order of loading.

    Raises:
        MetricError: Two plugins have one name.
    """
    discovery.discover()
    _names.check()
    return list(PROTOCOLS.values())


def find_protocol(name: str, *, gray: str = "mean") -> Protocol:
    """Return the protocol called `name`.

    Args:
        name: As users type it.
        gray: What a gray HR image is compared as: `mean`, as it is, beside the mean of the channels of a colour SR
            image; `rgb`, as a colour image with three equal channels. Only `matlab` tells the two apart: for `rgb`
            this is the protocol `matlab-gray-rgb`.

    Raises:
        MetricError: There is no such protocol, or `gray` is none of the two.
    """
    known = {protocol.name: protocol for protocol in protocols()}
    if name not in known:
        raise MetricError(unknown("protocol", name, known) + discovery.hint())
    if gray not in {"mean", "rgb"}:
        raise MetricError(f"Cannot compare gray images as {gray!r}; expected 'mean' or 'rgb'.")
    found = known[name]
    return known[found.gray_as_rgb] if gray == "rgb" and found.gray_as_rgb else found


def compared(protocol: Protocol, sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return the two arrays that `protocol` compares of two shaved images, contiguous, uint8 or float64.

    Raises:
        MetricError: The protocol's function failed, or returned something that cannot be compared.
    """
    try:
        with _containing(protocol):
            x, y = protocol.compared(sr, hr)
        x, y = _checked(x), _checked(y)
    except MetricError as error:
        raise MetricError(f"Protocol '{protocol.name}': {error}") from error
    except PluginError as error:
        raise MetricError(str(error)) from error
    except Exception as error:  # a user's code: whatever it does, the protocol is named
        reason = " ".join(str(error).split())
        raise MetricError(f"Protocol '{protocol.name}' failed: {type(error).__name__}: {reason}") from error
    if x.shape != y.shape:
        raise MetricError(
            f"Protocol '{protocol.name}' made arrays of the shapes {x.shape} and {y.shape}; expected equal shapes."
        )
    if x.dtype != y.dtype:
        return x.astype(float), y.astype(float)
    return x, y


def _containing(protocol: Protocol) -> AbstractContextManager[None]:
    if protocol.module.startswith("srbench.metrics."):  # ours does nothing that must be contained
        return contextlib.nullcontext()
    return plugins.contained(f"Protocol '{protocol.name}'")


def _checked(values: Planes) -> Planes:
    # numba compiles anew for each type and memory layout, read-only included: all come as one of two kinds.
    array = np.ascontiguousarray(values)
    if array.ndim not in (2, 3) or not array.size:
        raise MetricError(f"expected arrays (H, W) or (H, W, C); one has shape {array.shape}.")
    if array.dtype == np.uint8:
        return array if array.flags.writeable else array.copy()
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise MetricError("expected finite values; some are NaN or infinite.")
    return floats
