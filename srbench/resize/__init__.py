"""MATLAB-exact image resizing, and the two ways of making LR images: bicubic, and Gaussian blur with decimation."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from srbench.errors import ImageError
from srbench.resize.weights import Taps, blur_taps, resize_taps

__all__ = ["SCALES", "blur_decimate", "enlarge", "imresize", "reduce"]

SCALES = (2, 3, 4, 8)
"""The factors that `reduce` and `blur_decimate` are meant for; other whole numbers work as well."""

_T = TypeVar("_T", bound=np.generic)
_Scale = int | float | Fraction


def imresize(
    image: NDArray[_T],
    scale: _Scale | None = None,
    *,
    shape: tuple[int, int] | None = None,
    kernel: str = "bicubic",
    antialias: bool = True,
    boundary: str = "symmetric",
) -> NDArray[_T]:
    """Resize like MATLAB's `imresize`.

    The axis with the smaller scale goes first, rows before columns when they are equal. uint8 images are rounded
    to uint8 after each of the two passes, halves away from zero; float images are neither rounded nor clipped.
    With the rational kernels (all but Lanczos) and scales that are fractions of small whole numbers the sums are
    exact, so that a half is a tie and never a rounding error away from one.

    Args:
        image: Shape (H, W) or (H, W, C); uint8, float32 or float64.
        scale: Output size over input size; the output has ceil(size * scale) pixels.
        shape: Instead of `scale`, the (height, width) to make.
        kernel: `bicubic` (Keys, a = -1/2), `bilinear`, `lanczos2`, `lanczos3`, `box` or `nearest`.
        antialias: Stretch the kernel when shrinking. `nearest` never does.
        boundary: What lies outside: `symmetric` (current MATLAB) or `replicate` (SelfExSR's LR images).

    Returns:
        The resized image, with the dtype of `image`.

    Raises:
        ImageError: The image, the scale, the kernel or the boundary is none of those.

    >>> imresize(np.array([[0, 100]], np.uint8), shape=(1, 4), kernel="bilinear")
    array([[  0,  25,  75, 100]], dtype=uint8)
    """
    _check(image)
    sizes, scales = _geometry(image.shape[:2], scale, shape)
    rows, columns = (
        resize_taps(n, m, s, kernel, antialias and kernel != "nearest", boundary)
        for n, m, s in zip(image.shape[:2], sizes, scales, strict=True)
    )
    if scales[0] <= scales[1]:
        return _apply(image, rows, columns)
    return np.ascontiguousarray(_apply(image.swapaxes(0, 1), columns, rows).swapaxes(0, 1))


def reduce(hr: NDArray[_T], scale: int, *, boundary: str = "symmetric", kernel: str = "bicubic") -> NDArray[_T]:
    """Return the LR image of `hr`: `imresize` by 1/`scale`, with antialiasing."""
    return imresize(hr, _inverse(scale), kernel=kernel, boundary=boundary)


def enlarge(lr: NDArray[_T], scale: int, *, boundary: str = "symmetric", kernel: str = "bicubic") -> NDArray[_T]:
    """Return `lr` enlarged `scale` times by interpolation."""
    return imresize(lr, scale, kernel=kernel, boundary=boundary)


def blur_decimate(
    hr: NDArray[_T], scale: int, *, sigma: float | None = None, boundary: str = "symmetric"
) -> NDArray[_T]:
    """Make the LR image of the SRGAN paper's section 2: a Gaussian filter, then one sample per block.

    The sample is taken at the centre of each `scale` x `scale` block, which for even scales lies between four
    pixels, so that the LR image is aligned with the one that `reduce` makes. (Taking the first pixel of a block,
    as some code does, shifts the image by (scale - 1) / 2 pixels.) uint8 images are rounded once, at the end.

    Args:
        hr: Shape (H, W) or (H, W, C).
        scale: Size of a block in pixels.
        sigma: Of the Gaussian, in HR pixels; cut off at 4 sigma. The paper does not state it: the default is
            0.4 `scale`, 1.6 pixels at x4 as in most work on blurred LR images.
        boundary: As in `imresize`.

    Raises:
        ImageError: The image, the scale or sigma cannot be used.
    """
    _check(hr)
    sizes, _ = _geometry(hr.shape[:2], _inverse(scale), None)
    sigma = 0.4 * scale if sigma is None else sigma
    if not (math.isfinite(sigma) and sigma > 0):
        raise ImageError(f"Cannot blur with sigma {sigma}; expected a number above 0, in pixels.")
    rows, columns = (blur_taps(n, m, scale, sigma, boundary) for n, m in zip(hr.shape[:2], sizes, strict=True))
    blurred = _apply(hr.astype(np.float64), rows, columns)
    return (np.floor(blurred + 0.5) if hr.dtype == np.uint8 else blurred).astype(hr.dtype)


def _check(image: NDArray[Any]) -> None:
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ImageError(f"Cannot resize an array of shape {image.shape}; expected (H, W) or (H, W, C).")
    if image.dtype not in (np.uint8, np.float32, np.float64):
        raise ImageError(f"Cannot resize an image of {image.dtype}; expected uint8, float32 or float64.")


def _geometry(
    old: tuple[int, ...], scale: _Scale | None, shape: tuple[int, int] | None
) -> tuple[tuple[int, int], tuple[Fraction, Fraction]]:
    if scale is not None and shape is None:
        if not (math.isfinite(scale) and scale > 0):
            raise ImageError(f"Cannot resize by {scale}; expected a finite scale above 0.")
        exact = _rational(scale)
        return (math.ceil(old[0] * exact), math.ceil(old[1] * exact)), (exact, exact)
    if shape is None or scale is not None:
        raise ImageError("imresize takes either a scale or a shape; expected exactly one of them.")
    if min(shape) < 1:
        raise ImageError(f"Cannot resize to {shape[1]}x{shape[0]}; expected one pixel or more each way.")
    return shape, (Fraction(shape[0], old[0]), Fraction(shape[1], old[1]))


def _inverse(scale: int) -> Fraction:
    if scale < 1:
        raise ImageError(f"Cannot reduce by {scale}; expected a whole number from 1 on.")
    return Fraction(1, scale)


def _rational(scale: _Scale) -> Fraction:
    # 1/3 as a float means one third: a float that is the nearest to a simple fraction stands for it.
    exact = Fraction(scale)
    simple = exact.limit_denominator(1000)
    return simple if float(simple) == float(scale) else exact


def _apply(image: NDArray[_T], first: Taps, second: Taps) -> NDArray[_T]:
    from srbench.resize import kernels  # here, because numba takes longer to import than most commands take

    # A copy, because numba compiles anew for each memory layout, read-only included.
    flat = np.array(image.reshape(*image.shape[:2], -1), order="C")
    # Each pass works along the first axis and swaps the first two, so two passes end where they began.
    for taps in (first, second):
        n, across, channels = flat.shape
        out = np.empty((across, taps.index.shape[0], channels), flat.dtype)
        resample = kernels.resample_bytes if flat.dtype == np.uint8 else kernels.resample_floats
        weights = taps.weights if flat.dtype == np.uint8 else taps.weights.astype(np.float64, copy=False)
        resample(flat.reshape(n, -1), taps.index, weights, taps.divisor, out)
        flat = out
    return flat.reshape(*flat.shape[:2], *image.shape[2:])
