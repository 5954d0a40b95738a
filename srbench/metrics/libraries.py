"""Metrics that piq computes, on the shaved RGB images in 0..1: four by names of their own, the others as `piq:NAME`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srbench.errors import MetricError, unknown
from srbench.metrics import downloads, tensors
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.table import Metric, add, add_family

_SMALLEST_MS_SSIM = 161
_SVM = "https://github.com/photosynthesis-team/piq/releases/download/v0.4.0/brisque_svm_weights.pt"


@dataclass(frozen=True, slots=True)
class _Known:
    """What piq's own documentation says of one of its functions."""

    higher: bool
    range: str
    source: str
    needs: str = ""
    without_reference: bool = False


_FUNCTIONS = {
    "brisque": _Known(
        False, "about 0..100", "Mittal et al. 2012", f"brisque_svm_weights.pt ({_SVM})", without_reference=True
    ),
    "dss": _Known(True, "0..1", "Balanov et al. 2015"),
    "fsim": _Known(True, "0..1", "Zhang et al. 2011"),
    "gmsd": _Known(False, "0..0.35", "Xue et al. 2013"),
    "haarpsi": _Known(True, "0..1", "Reisenhofer et al. 2018"),
    "information_weighted_ssim": _Known(True, "0..1", "Wang and Li 2011"),
    "mdsi": _Known(False, "0..1", "Nafchi et al. 2016"),
    "multi_scale_gmsd": _Known(False, "0..0.35", "Zhang et al. 2017"),
    "multi_scale_ssim": _Known(True, "0..1", "Wang et al. 2003"),
    "psnr": _Known(True, "dB", "mean squared error"),
    "srsim": _Known(True, "0..1", "Zhang and Li 2012"),
    "ssim": _Known(True, "0..1", "Wang et al. 2004"),
    "vif_p": _Known(True, "0..1", "Sheikh and Bovik 2006"),
    "vsi": _Known(True, "0..1", "Zhang et al. 2014"),
}


def _computed(name: str) -> Callable[[ComparedImages], float]:
    known = _FUNCTIONS[name]

    def compute(comparison: ComparedImages) -> float:
        import piq

        function = functools.partial(getattr(piq, name), data_range=1.0)
        call = (lambda sr, _: function(sr)) if known.without_reference else function
        if not known.needs:
            return tensors.score(call, comparison)
        # It asks for its file at every call. Errors of the network and of the file system alone are about that.
        return downloads.loaded(
            f"piq's {name}", lambda: tensors.score(call, comparison), unchecked=known.needs, caught=OSError
        )

    return compute


def _ms_ssim(comparison: ComparedImages) -> float:
    height, width = comparison.hr.shape[:2]
    if min(height, width) < _SMALLEST_MS_SSIM:
        raise MetricError(
            f"MS-SSIM needs {_SMALLEST_MS_SSIM} pixels each way after the border is removed; {width}x{height} are left."
        )
    return _computed("multi_scale_ssim")(comparison)


def _own(name: str, title: str, function: str, order: int, settings: str, **columns: Any) -> Metric:
    known = _FUNCTIONS[function]
    columns = {"compute": _computed(function), **columns}
    return Metric(
        name,
        title,
        known.higher,
        order=order,
        library="piq",
        range=known.range,
        source=known.source,
        settings=f"RGB; {settings}",
        module=__name__,
        **columns,
    )


def _piq(name: str) -> Metric:
    if name not in _FUNCTIONS:
        raise MetricError(unknown("piq metric", name, _FUNCTIONS))
    title, settings = f"{name} (piq)", "piq's default settings"
    return _own(f"piq:{name}", title, name, 190, settings, needs=_FUNCTIONS[name].needs and "fetches weights")


def _name_needed(comparison: ComparedImages) -> float:  # noqa: ARG001 - every metric takes a comparison
    raise MetricError(f"'piq:NAME' stands for many metrics: replace NAME by one of {', '.join(_FUNCTIONS)}.")


add(_own("ms-ssim", "MS-SSIM", "multi_scale_ssim", 30, "5 scales, 11x11 Gauss, mean over channels", compute=_ms_ssim))
add(_own("fsim", "FSIMc", "fsim", 40, "with colour, 4 scales, 4 orientations, reduced to 256"))
add(_own("vifp", "VIFp", "vif_p", 50, "pixel domain, 4 scales"))
add(_own("gmsd", "GMSD", "gmsd", 60, "gray of YIQ, reduced by 2"))
add_family(
    Metric(
        "piq:NAME",
        "Any function of piq",
        True,
        _name_needed,
        order=190,
        library="piq",
        source="piq",
        settings="RGB; piq's default settings",
        needs="some fetch weights",
        module=__name__,
    ),
    _piq,
)
