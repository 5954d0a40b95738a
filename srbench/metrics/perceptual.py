"""LPIPS and DISTS: distances of deep features, with the authors' weights as torchmetrics ships them.

R. Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018. K. Ding et al.,
"Image Quality Assessment: Unifying Structure and Texture Similarity", IEEE TPAMI 44(5), 2022.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from srbench.errors import MetricError
from srbench.metrics import downloads, tensors
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.downloads import ALEXNET, VGG16, WeightFile
from srbench.metrics.table import Metric, add

_SMALLEST = 32


def _lpips(net: str) -> Any:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    metric: Any = LearnedPerceptualImagePatchSimilarity(cast("Any", net), normalize=True).eval()

    def distance(sr: Any, hr: Any) -> Any:
        metric.reset()  # or it would keep the sum over all images
        return metric(sr, hr)

    return distance


def _dists(_: str) -> Any:
    from torchmetrics.functional.image.dists import DISTSNetwork  # its metric makes a network for every image

    return DISTSNetwork().eval()


@functools.lru_cache(maxsize=4)
def _network(title: str, make: Callable[[str], Any], net: str, file: WeightFile) -> Any:
    # What goes wrong is returned, so that it is remembered: weights that are not there are not asked for twice.
    try:
        return downloads.loaded(title, lambda: make(net), [file])
    except MetricError as error:
        return error


def _metric(
    name: str, title: str, make: Callable[[str], Any], net: str, file: WeightFile, order: int, **columns: str
) -> Metric:
    def compute(comparison: ComparedImages) -> float:
        height, width = comparison.hr.shape[:2]
        if min(height, width) < _SMALLEST:
            raise MetricError(
                f"{title} needs {_SMALLEST} pixels each way after the border is removed; {width}x{height} are left."
            )
        network = _network(title, make, net, file)
        if isinstance(network, MetricError):
            raise network
        return tensors.score(network, comparison)

    return Metric(
        name,
        title,
        False,
        compute,
        order=order,
        library="torchmetrics",
        needs=f"fetches {file.name} ({file.megabytes} MB)",
        module=__name__,
        **columns,  # type: ignore[arg-type]
    )


for _name, _title, _net, _file, _order in (
    ("lpips-alex", "LPIPS (AlexNet)", "alex", ALEXNET, 70),
    ("lpips-vgg", "LPIPS (VGG16)", "vgg", VGG16, 71),
):
    _about = f"RGB; {_title[7:-1]}, v0.1, full size"
    add(_metric(_name, _title, _lpips, _net, _file, _order, range="0..1", source="Zhang et al. 2018", settings=_about))
add(
    _metric(
        "dists",
        "DISTS",
        _dists,
        "vgg",
        VGG16,
        72,
        range="0..1",
        source="Ding et al. 2020",
        settings="RGB; VGG16, the authors' alpha and beta, full size",
    )
)
