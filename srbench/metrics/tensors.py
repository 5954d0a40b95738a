"""Compared images as tensors, for metrics that PyTorch computes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from srbench.images import Image
from srbench.metrics.comparison import ComparedImages


def score(function: Callable[[Any, Any], Any], comparison: ComparedImages) -> float:
    """Return what `function` gives for SR and HR, each RGB divided by 255 of shape (1, 3, H, W), on one thread.

    One image is one call: no batch and no earlier image can change a score.
    """
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
