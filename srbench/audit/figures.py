"""Audits GAN-trained methods: is their sharpness structure of the photograph, or just noise and ringing?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench import datasets, images, metrics, registry, resize
from srbench.errors import MetricError
from srbench.images import Image
from srbench.registry import ImagePair, Setup

Plane = NDArray[np.float64]
BLOCK = 16
FREQUENCY = 1 / 8  # cycles per pixel: at x4 the LR image knows nothing above it
GAP = (1.0, 3.5)
TEXTURE = (0.5, 1.3)
CORRELATION = 0.85
CONSISTENCY = 30.0
# The paper's Table 1: the deeper the features, the lower the PSNR.
ORDER = ("srgan-mse", "srgan-vgg22", "srgan-vgg54")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one method, as means over a data set's images.

    Attributes:
        method: Its name.
        psnr: In dB, protocol `matlab`.
        texture: Energy of luma above 1/8 cycle per pixel, relative to the original's.
        correlation: Of the logarithms of that energy in blocks of 16x16 pixels, with the original's.
        consistency: PSNR in dB of the output, reduced again, against the LR image.
        judge: Accuracy of a discriminator trained against this method alone; None when it was not trained.
        niqe: Naturalness (lower is better); None when its parameters are not there.
    """

    method: str
    psnr: float
    texture: float
    correlation: float
    consistency: float
    judge: float | None = None
    niqe: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement, whether it is met (None when it was not measured), and the figures that say so."""

    name: str
    passed: bool | None
    detail: str


def measure(name: str, upscale: Callable[[ImagePair], Image], pairs: Sequence[ImagePair], scale: int = 4) -> Figures:
    """Measure all that needs no learning: PSNR, texture, block-energy correlation and consistency.

    Args:
        name: The method, for tables.
        upscale: Makes the 8-bit SR image of a pair.
        pairs: Test images.
        scale: Upscaling factor; as many pixels at each side are left out.
    """
    rows = []
    for pair in pairs:
        sr, hr = upscale(pair), pair.hr()
        rows.append(
            (
                metrics.evaluate(sr, hr, scale=scale, protocol="matlab", names=("psnr",))["psnr"],
                texture(sr, hr, scale),
                correlation(sr, hr, scale),
                consistency(sr, pair.lr(), scale),
            )
        )
    return Figures(name, *(float(value) for value in np.mean(rows, axis=0)))


def texture(sr: Image, hr: Image, scale: int = 4) -> float:
    """Return the energy of fine detail in `sr` over that in `hr`: 1 is as textured as the photograph."""
    return float((_detail(sr, scale) ** 2).sum() / (_detail(hr, scale) ** 2).sum())


def correlation(sr: Image, hr: Image, scale: int = 4) -> float:
    """Return how well the places of fine detail agree: Pearson's r of log energies in 16x16 blocks, or 0.

    It is 0 where one of the images has the same energy everywhere, as flat ones have.
    """
    a, b = (np.log(_block_energy(_detail(image, scale)) + 1e-3).ravel() for image in (sr, hr))
    if a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def consistency(sr: Image, lr: Image, scale: int = 4) -> float:
    """Return the PSNR in dB of luma between `sr` reduced to LR size and the LR image it was made from."""
    again = resize.reduce(luma(sr), scale)
    error = float(np.mean((again - luma(lr)) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def luma(image: Image) -> Plane:
    """Return unrounded luma, ITU-R BT.601 in 16..235; gray images are used as they are."""
    if image.ndim == 2:
        return image.astype(np.float64)
    weights = np.array([65.481, 128.553, 24.966]) / 255
    plane: Plane = image.astype(np.float64) @ weights + 16
    return plane


def _detail(image: Image, border: int) -> Plane:
    plane = luma(images.shave(image, border))
    spectrum = np.fft.fft2(plane - plane.mean())
    rows, columns = np.fft.fftfreq(plane.shape[0])[:, None], np.fft.fftfreq(plane.shape[1])
    detail: Plane = np.fft.ifft2(spectrum * (np.hypot(rows, columns) > FREQUENCY)).real
    return detail


def _block_energy(detail: Plane) -> Plane:
    high, wide = (size // BLOCK for size in detail.shape)
    blocks = detail[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK)
    energy: Plane = (blocks**2).mean((1, 3))
    return energy


def verdict(own: Figures, reference: Figures, all_figures: Sequence[Figures] = ()) -> list[Check]:
    """Compare a method with the MSE-trained `reference` and return every requirement with its outcome."""
    gap = reference.psnr - own.psnr
    return [
        Check("PSNR below the reference", GAP[0] <= gap <= GAP[1], f"{gap:.2f} dB, expected {GAP[0]} to {GAP[1]}"),
        _order(own, all_figures),
        Check(
            "texture energy",
            TEXTURE[0] <= own.texture <= TEXTURE[1],
            f"{own.texture:.2f}, expected {TEXTURE[0]} to {TEXTURE[1]}",
        ),
        Check(
            "block-energy correlation",
            own.correlation >= CORRELATION and own.correlation > reference.correlation,
            f"{own.correlation:.3f}, expected {CORRELATION} or more and above {reference.correlation:.3f}",
        ),
        Check(
            "consistency with LR",
            own.consistency >= CONSISTENCY,
            f"{own.consistency:.1f} dB, expected {CONSISTENCY:.0f} or more",
        ),
        _below("judge's accuracy", own.judge, reference.judge, "give training photographs with --data"),
        _below("NIQE", own.niqe, reference.niqe, "install pyiqa with its parameters"),
    ]


def _order(own: Figures, every: Sequence[Figures]) -> Check:
    psnr = {figures.method: figures.psnr for figures in every}
    if own.method not in ORDER:
        return Check("order of PSNR", None, "only SRGAN's three variants have an order")
    missing = [name for name in ORDER if name not in psnr]
    if missing:
        return Check("order of PSNR", None, f"not measured without {', '.join(missing)}")
    values = [psnr[name] for name in ORDER]
    detail = " > ".join(f"{name} {psnr[name]:.2f}" for name in ORDER)
    return Check("order of PSNR", values[0] > values[1] > values[2], f"expected {detail}")


def _below(name: str, own: float | None, reference: float | None, advice: str) -> Check:
    if own is None or reference is None:
        return Check(name, None, f"not measured: {advice}")
    return Check(name, own < reference, f"{own:.3f}, expected less than {reference:.3f}")


def upscaler(name: str, scale: int = 4, device: str = "cpu") -> Callable[[ImagePair], Image]:
    """Return the method `name` as a function from a pair to its 8-bit SR image."""
    method, _ = registry.find(name)
    run = registry.create(name, Setup(scale=scale, device=device))

    def upscale(pair: ImagePair) -> Image:
        lr = pair.lr()
        shape = (lr.shape[0] * scale, lr.shape[1] * scale, *lr.shape[2:])
        return registry.to_8bit(name, run(pair if method.takes_pair else lr), shape)

    return upscale


def audit(
    names: Sequence[str],
    reference: str,
    *,
    dataset: str = "set14",
    data_root: Path | None = None,
    photographs: Sequence[Path] = (),
    device: str = "cpu",
    show: Callable[[str], Any] = lambda _: None,
) -> tuple[Figures, list[tuple[Figures, list[Check]]]]:
    """Audit methods against an MSE-trained one.

    Args:
        names: Methods.
        reference: The MSE-trained method, such as `srresnet-mse`.
        dataset: Test set of all figures but the judge's and NIQE, which use BSD100.
        data_root: Where the data sets are.
        photographs: Training photographs for the judge; none leaves it out.
        device: Where networks run.
        show: Is told what is being done.

    Returns:
        The reference's figures, and each method's with its checks.
    """
    from dataclasses import replace

    pairs = datasets.load(dataset, scale=4, data_root=data_root)
    measured = []
    for name in dict.fromkeys([reference, *names]):
        show(f"{name}: measuring {len(pairs)} images")
        upscale = upscaler(name, device=device)
        figures = measure(name, upscale, pairs)
        if photographs:
            from srbench.audit import judge

            show(f"{name}: training a judge")
            tested = datasets.load("bsd100", scale=4, data_root=data_root)
            figures = replace(figures, judge=judge.accuracy(upscale, photographs, tested))
        measured.append(replace(figures, niqe=_niqe(upscale, data_root)))
    first = next(figures for figures in measured if figures.method == reference)
    return first, [(f, verdict(f, first, measured)) for f in measured if f.method in names]


def _niqe(upscale: Callable[[ImagePair], Image], data_root: Path | None) -> float | None:
    if metrics.why_not("pyiqa:niqe"):
        return None
    scores = []
    for pair in datasets.load("bsd100", scale=4, data_root=data_root):
        try:
            scores.append(metrics.evaluate(upscale(pair), pair.hr(), scale=4, names=("pyiqa:niqe",))["pyiqa:niqe"])
        except MetricError:  # pyiqa is there, but its parameters are not and cannot be downloaded
            return None
    return float(np.mean(scores))
