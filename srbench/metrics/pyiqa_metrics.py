"""Metrics that pyiqa computes, as `pyiqa:NAME`, and the perceptual score of NTIRE, which is made of six of them."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

from srbench.errors import MetricError, unknown
from srbench.metrics import downloads, tensors
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.table import Metric, add, add_family

# The metrics of pyiqa 0.1.16 of which less is better, for reading a run where pyiqa is not installed.
# fmt: off
_LESS_IS_BETTER = frozenset({
    "lpips", "lpips-vgg", "lpips+", "lpips-vgg+", "stlpips", "stlpips-vgg", "dists", "deepdc", "gmsd", "nlpd",
    "mad", "piqe", "niqe", "niqe_matlab", "ilniqe", "brisque", "brisque_matlab", "pi", "pieapp", "msswd", "fid",
    "sfid", "fid_dinov2", "afine_nr", "afine_fr", "afine_all_scale", "afine_all",
})
# fmt: on
_PARTS = ("lpips", "dists", "clipiqa", "maniqa", "musiq", "niqe")


def missing() -> str | None:
    """Return why pyiqa cannot be used, or None."""
    if importlib.util.find_spec("pyiqa") is None:
        return "pyiqa is not installed: pip install 'srbench[iqa]'"
    return None


@functools.cache
def names() -> dict[str, dict[str, Any]]:
    """Return pyiqa's own table, {name: what it says of it}; empty where pyiqa is not installed."""
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


@functools.lru_cache(maxsize=8)
def _network(name: str) -> Any:
    # What goes wrong is returned, so that it is remembered: weights that are not there are not asked for twice.
    def make() -> Any:
        import pyiqa

        return pyiqa.create_metric(name, device="cpu")

    try:
        import pyiqa  # noqa: F401 - before its folder is chosen

        return downloads.loaded(f"pyiqa's {name}", make)
    except MetricError as error:
        return error
    except Exception as error:  # a package that pyiqa needs
        return MetricError(f"pyiqa cannot be imported: {' '.join(str(error).split())}.")


def _value(name: str, comparison: ComparedImages) -> float:
    if reason := missing():
        raise MetricError(f"Metric 'pyiqa:{name}' cannot be computed: {reason}.")
    network = _network(name)
    if isinstance(network, MetricError):
        raise network
    without_reference = names().get(name, {}).get("metric_mode") == "NR"
    return tensors.score(lambda sr, hr: network(sr) if without_reference else network(sr, hr), comparison)


def _pyiqa(name: str) -> Metric:
    table = names()
    if table and name not in table:
        raise MetricError(unknown("pyiqa metric", name, table))
    about = table.get(name, {})
    lower = about.get("lower_better", False) if table else name in _LESS_IS_BETTER
    return Metric(
        f"pyiqa:{name}",
        f"{name} (pyiqa)",
        not lower,
        functools.partial(_value, name),
        order=200,
        library="pyiqa" if table else "",
        range=str(about.get("score_range", "")).replace(", ", ".."),
        source="pyiqa",
        settings=f"RGB; {_settings(about)}",
        needs="what pyiqa fetches for it",
        why_not=missing,
        module=__name__,
    )


def _settings(about: dict[str, Any]) -> str:
    options = about.get("metric_opts", {})
    return ", ".join(f"{key} {value}" for key, value in options.items()) or "pyiqa's default settings"


def _name_needed(comparison: ComparedImages) -> float:  # noqa: ARG001 - every metric takes a comparison
    raise MetricError("'pyiqa:NAME' stands for many metrics: replace NAME by one that pyiqa knows.")


def _ntire(comparison: ComparedImages) -> float:
    return ntire_score(**{name: _value(name, comparison) for name in _PARTS})


def ntire_score(*, lpips: float, dists: float, clipiqa: float, maniqa: float, musiq: float, niqe: float) -> float:
    """Return the perceptual score of the NTIRE 2025 challenge on image super-resolution (x4), track 2.

    The challenge computes it of the means over its images. Of one image at a time, as here, the mean is the same as
    long as no image has a NIQE above 10.

    >>> round(ntire_score(lpips=0.2, dists=0.1, clipiqa=0.6, maniqa=0.4, musiq=60.0, niqe=4.0), 6)
    3.9
    """
    return (1 - lpips) + (1 - dists) + clipiqa + maniqa + musiq / 100 + max(0.0, (10 - niqe) / 10)


add_family(
    Metric(
        "pyiqa:NAME",
        "Any that pyiqa knows",
        True,
        _name_needed,
        order=200,
        source="pyiqa",
        settings="RGB; pyiqa's default settings",
        needs="most fetch weights",
        why_not=missing,
        module=__name__,
    ),
    _pyiqa,
)
add(
    Metric(
        "ntire",
        "NTIRE perceptual score",
        True,
        _ntire,
        order=90,
        library="pyiqa" if names() else "",
        range="0..6",
        source="NTIRE 2025 image SR (x4), track 2",
        settings=f"RGB; pyiqa's {', '.join(_PARTS)}; of each image",
        needs="what pyiqa fetches for its six parts",
        why_not=missing,
        module=__name__,
    )
)
