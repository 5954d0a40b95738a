"""Runs BasicSR's own test pipeline on our weights; `inference.py peer` starts it and counts its CPU time.

    python benchmarks/inference_basicsr.py BASICSR DATA WEIGHTS OUT

`test` does with its options what BasicSR's `test.py` does with an option file: build the data sets, their loaders
and an SRModel, and validate with Y-PSNR, Y-SSIM and saved images.
"""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path
from typing import Any

import torch
import torchvision.transforms.functional as transforms

from srbench import weights
from srbench.methods.srresnet.network import SRResNet


class Published(torch.nn.Module):
    """The published network behind BasicSR's convention, which is 0..1 for both images."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.network = weights.load(Path(file), SRResNet, 4)

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        """Return the SR image in 0..1."""
        return (self.network(lr) + 1) / 2


def options(file: str, out: str) -> dict[str, Any]:
    """Return what BasicSR reads from its option files."""
    metric = {"crop_border": 4, "test_y_channel": True}
    measured = {"psnr": {"type": "calculate_psnr", **metric}, "ssim": {"type": "calculate_ssim", **metric}}
    return {
        "name": "peer",
        "model_type": "SRModel",
        "scale": 4,
        "num_gpu": 0,
        "dist": False,
        "is_train": False,
        "network_g": {"type": "Published", "file": file},
        "path": {"pretrain_network_g": None, "visualization": out},
        "val": {"save_img": True, "suffix": None, "metrics": measured},
    }


def dataset(data: str, name: str) -> dict[str, Any]:
    """Return the options of one data set."""
    return {
        "name": name,
        "type": "PairedImageDataset",
        "phase": "test",
        "scale": 4,
        "dataroot_gt": f"{data}/{name}/HR",
        "dataroot_lq": f"{data}/{name}/LR_bicubic_x4",
        "io_backend": {"type": "disk"},
    }


def test(data: str, file: str, out: str) -> None:
    """Build and validate as `test.py` does, and print the means."""
    from basicsr.data import build_dataloader, build_dataset
    from basicsr.models import build_model
    from basicsr.utils.registry import ARCH_REGISTRY

    ARCH_REGISTRY.register(Published)
    loaders = []
    for name in ("set5", "set14"):
        given = dataset(data, name)
        loaders.append(build_dataloader(build_dataset(given), given, num_gpu=0, dist=False, sampler=None, seed=0))
    model = build_model(options(file, out))
    for loader in loaders:
        model.validation(loader, current_iter="peer", tb_logger=None, save_img=True)
        print(loader.dataset.opt["name"], model.metric_results)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sys.path.append(sys.argv[1])
    # BasicSR 1.4.2 imports a module that torchvision has renamed since; nothing here calls it.
    renamed = types.ModuleType("torchvision.transforms.functional_tensor")
    renamed.rgb_to_grayscale = transforms.rgb_to_grayscale  # type: ignore[attr-defined]
    sys.modules[renamed.__name__] = renamed
    test(*sys.argv[2:5])
