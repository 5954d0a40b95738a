"""SelfExSR (Huang, Singh, Ahuja, CVPR 2015): super-resolution from transformed self-exemplars, without learning."""

from __future__ import annotations

import multiprocessing
import sys
from typing import Any

from numpy.typing import NDArray

from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "selfexsr",
    title="SelfExSR",
    scales=(2, 3, 4, 8),
    order=40,
    cite="Huang, Singh, Ahuja: Single image super-resolution from transformed self-exemplars, CVPR 2015",
)
def _load(setup: Setup) -> Upscaler:
    from srbench.methods.selfexsr.synthesis import upscale

    def enlarge(lr: Any) -> NDArray[Any]:
        # A worker of the bench shares the terminal with others and with the bench's own bar.
        if multiprocessing.parent_process() is not None or not sys.stderr.isatty():
            return upscale(lr, setup.scale)
        from tqdm import tqdm

        with tqdm(unit="patch", unit_scale=True, desc="selfexsr", leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return upscale(lr, setup.scale, progress=show)

    return enlarge
