"""The same metrics by other libraries, where they are installed: what benchmarks/metrics.py times beside srbench's own.

BasicSR's package no longer imports beside a current torchvision; its metrics do: they are loaded from an installed or
an unpacked one without its `__init__`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srbench import images

Pair = tuple[np.ndarray, np.ndarray]
Score = Callable[[Pair], float]

# The names of the same metric in each library; None where it has none.
METRICS: dict[str, dict[str, str | None]] = {
    "ms-ssim": {"piq": "multi_scale_ssim", "torchmetrics": "multiscale", "pyiqa": "ms_ssim"},
    "fsim": {"piq": "fsim", "pyiqa": "fsim"},
    "vifp": {"piq": "vif_p", "torchmetrics": "visual_information_fidelity", "pyiqa": None},
    "gmsd": {"piq": "gmsd", "pyiqa": "gmsd"},
    "niqe": {"basicsr": "niqe", "pyiqa": "niqe"},
}


def shaved(pair: Pair) -> Pair:
    """Return both images without 4 pixels on each side."""
    return images.shave(pair[0], 4), images.shave(pair[1], 4)


def tensors(pair: Pair) -> list[torch.Tensor]:
    """Return both images in 0..1, (1, 3, H, W), without their border."""
    return [
        torch.from_numpy(images.as_rgb(image).transpose(2, 0, 1).copy())[None].float() / 255 for image in shaved(pair)
    ]


def by_piq(name: str) -> Score:
    """Return a function of piq."""
    import piq

    function = functools.partial(getattr(piq, name), data_range=1.0)
    return lambda pair: float(function(*tensors(pair)))


def by_torchmetrics(name: str) -> Score:
    """Return a functional metric of torchmetrics."""
    from torchmetrics.functional import image

    if name == "multiscale":
        return lambda pair: float(image.multiscale_structural_similarity_index_measure(*tensors(pair), data_range=1.0))
    return lambda pair: float(getattr(image, name)(*(255 * x for x in tensors(pair))))


@functools.cache
def by_pyiqa(name: str) -> Score:
    """Return a metric of pyiqa; without a reference where it takes none."""
    import pyiqa

    metric = pyiqa.create_metric(name, device="cpu")
    if metric.metric_mode == "NR":
        return lambda pair: float(metric(tensors(pair)[0]))
    return lambda pair: float(metric(*tensors(pair)))


def basicsr_module(name: str, folder: Path | None) -> Any:
    """Return one of BasicSR's modules, such as `metrics.niqe`, without importing the package around it."""
    if "basicsr" not in sys.modules:
        if folder is None:
            spec = importlib.util.find_spec("basicsr")
            if spec is None or spec.origin is None:
                raise ModuleNotFoundError("basicsr is not installed, and --basicsr names no unpacked one")
            folder = Path(spec.origin).parent.parent
        for package in ("basicsr", "basicsr.metrics", "basicsr.utils"):
            module = types.ModuleType(package)
            module.__path__ = [str(folder / package.replace(".", "/"))]
            sys.modules[package] = module
        colours = importlib.import_module("basicsr.utils.color_util")
        sys.modules["basicsr.utils"].bgr2ycbcr = colours.bgr2ycbcr  # type: ignore[attr-defined]
    return importlib.import_module(f"basicsr.{name}")


def by_basicsr(name: str, folder: Path | None) -> Score:
    """Return BasicSR's own NIQE, or its PSNR and SSIM of luma."""
    if name == "niqe":
        niqe = basicsr_module("metrics.niqe", folder).calculate_niqe
        return lambda pair: float(niqe(images.as_rgb(pair[0])[..., ::-1], 4))
    module = basicsr_module("metrics.psnr_ssim", folder)
    function = getattr(module, f"calculate_{name}")
    return lambda pair: float(function(*(image[..., ::-1] for image in pair), 4, test_y_channel=True))


def peers(metric: str, basicsr: Path | None) -> tuple[dict[str, Score], dict[str, str]]:
    """Return {library: the metric by it}, and {library: why it is left out}."""
    makers: dict[str, Callable[[str], Score]] = {
        "piq": by_piq,
        "torchmetrics": by_torchmetrics,
        "pyiqa": by_pyiqa,
        "basicsr": lambda name: by_basicsr(name, basicsr),
    }
    found, missing = {}, {}
    for library, name in METRICS[metric].items():
        if name is None:
            continue
        try:
            found[library] = makers[library](name)
        except Exception as error:  # not installed, or weights that cannot be fetched: said in the table
            missing[library] = " ".join(f"{type(error).__name__}: {error}".split())[:90]
    return found, missing
