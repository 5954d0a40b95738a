"""Measures what the mean of eight turned and mirrored answers gains over one: PSNR in dB, protocol `matlab`, x4.

    python benchmarks/orientations.py srresnet-mse checkpoint:RUN --datasets set5,set14

METHODs are what `srbench run --methods` takes; the data sets are under --data (default: SRBENCH_DATA, then
../shared/datasets).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from srbench import datasets, metrics, registry
from srbench.images import Image
from srbench.ready import ReadyMethod, ready
from srbench.registry import Setup
from srbench.training import orientations

ROOT = Path(__file__).resolve().parent.parent


def answers(method: ReadyMethod, lr: Image) -> list[NDArray]:
    """Return what `method` makes of an image in each of the eight orientations, upright."""
    planes = torch.tensor(np.atleast_3d(lr)).movedim(-1, 0)
    made = []
    for orientation in range(orientations.COUNT):
        seen = orientations.turned(planes, orientation).movedim(0, -1).contiguous().numpy()
        sr = torch.tensor(np.atleast_3d(method.on_image(seen.reshape(*seen.shape[:2], *lr.shape[2:]))))
        upright = orientations.turned_back(sr.movedim(-1, 0), orientation).movedim(0, -1).numpy()
        made.append(upright.reshape(*upright.shape[:2], *lr.shape[2:]))
    return made


def main() -> None:
    """Print PSNR of one answer and of eight for each method and data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+", metavar="METHOD")
    parser.add_argument("--datasets", default="set5")
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("SRBENCH_DATA", ROOT.parent / "shared/datasets"))
    )
    given = parser.parse_args()

    def psnr(name: str, sr: NDArray, hr: Image) -> float:
        made = registry.to_8bit(name, sr, hr.shape)
        return metrics.evaluate(made, hr, scale=4, protocol="matlab", names=["psnr"])["psnr"]

    print(f"{'method':30} {'set':10} {'one':>8} {'eight':>8}")
    for name in given.methods:
        method = ready(name, Setup.choose(4, "cpu", "fast"))
        for dataset in given.datasets.split(","):
            rows = []
            for pair in datasets.load(dataset, 4, data_root=given.data):
                lr, hr = pair.lr(), pair.hr()
                made = answers(method, lr)
                rows.append((psnr(name, made[0], hr), psnr(name, np.mean(made, axis=0), hr)))
            one, eight = np.mean(rows, axis=0)
            print(f"{name:30} {dataset:10} {one:8.3f} {eight:8.3f}", flush=True)


if __name__ == "__main__":
    main()
