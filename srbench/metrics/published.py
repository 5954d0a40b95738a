"""The protocols that papers and their code use; docs/protocol.md describes each."""

from __future__ import annotations

from srbench import images
from srbench.images import Image
from srbench.metrics import daala, planes
from srbench.metrics.planes import Planes
from srbench.metrics.protocol import register_protocol


@register_protocol(
    "daala",
    version="1",
    title="The SRGAN paper's",
    description="4 pixels removed from each side; dithered BT.709 luma of png2y4m; dump_psnr -y and dump_ssim -r -y of "
    "the daala tools.",
    border=4,
    psnr=daala.psnr,
    ssim=daala.ssim,
)
def of_daala(sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return the dithered luma of both."""
    return daala.luma(sr), daala.luma(hr)


@register_protocol(
    "matlab",
    version="1",
    title="The community's",
    description="As many pixels as the scale removed from each side; rounded Y of MATLAB's rgb2ycbcr, gray images as "
    "they are, against the mean of the channels where SR is colour; Wang's SSIM over whole windows.",
    gray_as_rgb="matlab-gray-rgb",
)
def of_matlab(sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return the rounded luma of both, or their gray values where the original has no colours."""
    if hr.ndim == 3:
        return planes.luma(sr), planes.luma(hr)
    # Thirds never lie in the middle between two whole numbers.
    return (sr if sr.ndim == 2 else images.to_8bit(sr.mean(axis=2))), hr


@register_protocol(
    "matlab-gray-rgb",
    version="1",
    title="The community's, gray as colour",
    description="As many pixels as the scale removed from each side; rounded Y of MATLAB's rgb2ycbcr, gray images "
    "as three equal channels; Wang's SSIM over whole windows.",
)
def of_matlab_without_gray(sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return the rounded luma of both, gray images taken as three equal channels."""
    return planes.luma(images.as_rgb(sr)), planes.luma(images.as_rgb(hr))


@register_protocol(
    "basicsr",
    version="1",
    title="BasicSR's, luma",
    description="As many pixels as the scale removed from each side; Y of MATLAB's rgb2ycbcr, not rounded, gray images "
    "as three equal channels; Wang's SSIM over whole windows.",
)
def of_basicsr(sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return the luma of both before rounding."""
    return planes.exact_luma(images.as_rgb(sr)), planes.exact_luma(images.as_rgb(hr))


@register_protocol(
    "basicsr-rgb",
    version="1",
    title="BasicSR's, RGB",
    description="As many pixels as the scale removed from each side; PSNR over all three channels, Wang's SSIM as the "
    "mean over channels; gray images as three equal channels.",
)
def of_basicsr_rgb(sr: Image, hr: Image) -> tuple[Planes, Planes]:
    """Return both as colour images."""
    return images.as_rgb(sr), images.as_rgb(hr)
