"""Metrics that well-kept libraries compute: piq's, and any that pyiqa knows, on the shaved RGB images in 0..1."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srbench.errors import MetricError, unknown
from srbench.images import Image
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.table import Metric, add, add_family

_SMALLEST_MS_SSIM = 161
# The metrics of pyiqa 0.1.16 of which less is better, for reading a run where pyiqa is not installed.
# fmt: off
_LESS_IS_BETTER = frozenset({
    "lpips", "lpips-vgg", "lpips+", "lpips-vgg+", "stlpips", "stlpips-vgg", "dists", "deepdc", "gmsd", "nlpd",
    "mad", "piqe", "niqe", "niqe_matlab", "ilniqe", "brisque", "brisque_matlab", "pi", "pieapp", "msswd", "fid",
    "sfid", "fid_dinov2", "afine_nr", "afine_fr", "afine_all_scale", "afine_all",
})
# fmt: on


def _on_tensors(function: Callable[[Any, Any], Any], comparison: ComparedImages) -> float:
    import torch

    def tensor(image: Image) -> Any:
        return torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float() / 255.0

    threads = torch.get_num_threads()
    # The bench runs one image per core: threads inside an image would only wait for each other.
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' own use of deprecated functions of torch
            return float(function(*map(tensor, comparison.rgb)))
    finally:
        torch.set_num_threads(threads)


def _piq(name: str, **options: Any) -> Callable[[ComparedImages], float]:
    def compute(comparison: ComparedImages) -> float:
        import piq

        return _on_tensors(functools.partial(getattr(piq, name), data_range=1.0, **options), comparison)

    return compute


def _ms_ssim(comparison: ComparedImages) -> float:
    height, width = comparison.hr.shape[:2]
    if min(height, width) < _SMALLEST_MS_SSIM:
        raise MetricError(
            f"MS-SSIM needs {_SMALLEST_MS_SSIM} pixels each way after the border is removed; {width}x{height} are left."
        )
    return _piq("multi_scale_ssim")(comparison)


@functools.cache
def _lpips_network() -> Any:
    # What goes wrong is returned, so that it is remembered: a network that is not there is not asked twice.
    import piq

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # piq asks torchvision for weights in a deprecated way
            return piq.LPIPS()
    except Exception as error:  # HTTP, TLS, the file system, a damaged file
        return error


def _lpips(comparison: ComparedImages) -> float:
    network = _lpips_network()
    if isinstance(network, Exception):
        import torch

        raise MetricError(
            "LPIPS needs weights that could not be downloaded from download.pytorch.org (vgg16-397923af.pth) and "
            f"github.com (lpips_weights.pt): {' '.join(str(network).split())}. Put both files into "
            f"{Path(torch.hub.get_dir()) / 'checkpoints'}, or leave 'lpips' out."
        ) from network
    return _on_tensors(network, comparison)


def _pyiqa_missing() -> str | None:
    if importlib.util.find_spec("pyiqa") is None:
        return "pyiqa is not installed: pip install 'srbench[iqa]'"
    return None


@functools.cache
def _pyiqa_table() -> dict[str, dict[str, Any]]:
    # Its table is a file without imports; importing pyiqa itself takes many seconds.
    package = importlib.util.find_spec("pyiqa")
    if package is None or package.origin is None:
        return {}
    spec = importlib.util.spec_from_file_location(
        "pyiqa_table", Path(package.origin).with_name("default_model_configs.py")
    )
    if spec is None or spec.loader is None:
        return {}
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.DEFAULT_CONFIGS)


@functools.lru_cache(maxsize=4)
def _pyiqa_network(name: str) -> Any:
    import pyiqa

    try:
        return pyiqa.create_metric(name, device="cpu")
    except Exception as error:  # nearly always weights that cannot be downloaded
        return error


def _pyiqa(name: str) -> Metric:
    table = _pyiqa_table()
    if table and name not in table:
        raise MetricError(unknown("pyiqa metric", name, table))
    about = table.get(name, {})
    without_reference = about.get("metric_mode") == "NR"
    lower = about.get("lower_better", False) if table else name in _LESS_IS_BETTER

    def compute(comparison: ComparedImages) -> float:
        if reason := _pyiqa_missing():
            raise MetricError(f"Metric 'pyiqa:{name}' cannot be computed: {reason}.")
        network = _pyiqa_network(name)
        if isinstance(network, Exception):
            raise MetricError(f"pyiqa cannot make '{name}': {' '.join(str(network).split())}.") from network
        return _on_tensors(lambda sr, hr: network(sr) if without_reference else network(sr, hr), comparison)

    return Metric(
        f"pyiqa:{name}",
        f"{name} (pyiqa)",
        not lower,
        compute,
        order=200,
        library="pyiqa" if table else "",
        why_not=_pyiqa_missing,
        module=__name__,
    )


def _name_needed(comparison: ComparedImages) -> float:  # noqa: ARG001 - every metric takes a comparison
    raise MetricError("'pyiqa:NAME' stands for many metrics: replace NAME by one that pyiqa knows.")


add(Metric("ms-ssim", "MS-SSIM", True, _ms_ssim, order=30, library="piq", module=__name__))
add(Metric("fsim", "FSIMc", True, _piq("fsim"), order=40, library="piq", module=__name__))
add(Metric("vifp", "VIFp", True, _piq("vif_p"), order=50, library="piq", module=__name__))
add(Metric("gmsd", "GMSD", False, _piq("gmsd"), order=60, library="piq", module=__name__))
add(Metric("lpips", "LPIPS (VGG)", False, _lpips, order=70, library="piq", module=__name__))
add_family(
    Metric(
        "pyiqa:NAME",
        "Any that pyiqa knows",
        True,
        _name_needed,
        order=200,
        why_not=_pyiqa_missing,
        module=__name__,
    ),
    _pyiqa,
)
