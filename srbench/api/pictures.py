"""Pictures: one SR image or a folder of them against its originals, and the LR image of an original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import srbench.metrics as metric_table
from srbench import images, resize
from srbench.images import Image

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    sr: Image | str | Path,
    hr: Image | str | Path,
    *,
    scale: int = 4,
    protocol: str = "matlab",
    metrics: str | Sequence[str] = ("psnr", "ssim"),
) -> dict[str, float]:
    """Score one SR image against its original.

    Args:
        sr: uint8, shape (H, W) or (H, W, 3) in RGB order, or a path.
        hr: The original, of the same size.
        scale: The upscaling factor; protocols remove a border that may depend on it.
        protocol: Name of a protocol, see `protocols`.
        metrics: Names of metrics, see `metrics`.

    Returns:
        The score of each metric by name; PSNR of equal images is infinite.

    Raises:
        MetricError: A name is unknown, the images do not fit each other, or a metric failed.
        ImageError: A file cannot be read.
    """
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    return metric_table.evaluate(_image(sr), _image(hr), scale=scale, protocol=protocol, names=names)


def set_scores(
    sr: str | Path,
    hr: str | Path,
    metrics: str | Sequence[str] = ("fid", "kid"),
    *,
    scale: int = 4,
    border: int | None = None,
    patch: int = 128,
    features: str | Callable[..., Any] = "inception",
) -> pd.DataFrame:
    """Return FID and KID over patches, between a folder of results and its originals.

    Args:
        sr: Folder of results, found by name as `results:DIR` finds them: `runs/demo-x4/images/bicubic` too.
        hr: Folder of originals, or the name of a data set.
        metrics: `fid`, `kid` or both.
        scale: The factor.
        border: Pixels removed from each side; the scale where none is given.
        patch: Side of a patch in pixels.
        features: `inception`, whose weights are fetched at first use; `random`, for tests; or a function of yours from
            patches uint8 (N, P, P, 3) to features (N, D).

    Returns:
        One row per metric: metric, value, images, patches, settings; lower is better. `attrs["notes"]` says what was
        left out.

    Raises:
        MetricError: The pictures are too small or too few, or weights cannot be had.
        DatasetError, MethodError, ImageError: A folder or a picture cannot be read.
    """
    import pandas as pd

    from srbench.pairing import pictures

    found, notes = pictures(sr, hr, scale)
    less = max((scale if border is None else border) - found[0].removed, 0)
    scores = metric_table.set_scores(
        (images.shave(picture.sr, less) for picture in found),
        (images.shave(picture.hr, less) for picture in found),
        names=(metrics,) if isinstance(metrics, str) else tuple(metrics),
        patch=patch,
        features=features,
    )
    frame = pd.DataFrame(
        [
            {
                "metric": score.metric,
                "value": score.value,
                "images": len(found),
                "patches": score.patches,
                "settings": score.settings,
            }
            for score in scores
        ]
    )
    frame.attrs["notes"] = notes
    return frame


def degrade(hr: Image | str | Path, scale: int = 4) -> Image:
    """Return the LR image of an original: MATLAB's bicubic `imresize`, after cropping to a multiple of `scale`.

    Args:
        hr: uint8, shape (H, W) or (H, W, 3), or a path.
        scale: The factor.

    Raises:
        ImageError: The image is smaller than `scale`, or the file cannot be read.

    >>> degrade(np.full((9, 8), 7, np.uint8), 4).tolist()
    [[7, 7], [7, 7]]
    """
    return resize.reduce(images.crop_to_multiple(_image(hr), scale), scale)


def _image(given: Image | str | Path) -> Image:
    return given if isinstance(given, np.ndarray) else images.read(given)
