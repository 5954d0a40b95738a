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

from srbench import datasets, metrics
from srbench.images import Image
from srbench.ready import ORIENTATIONS, ready
from srbench.registry import Setup

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print PSNR of one answer and of eight for each method and data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+", metavar="METHOD")
    parser.add_argument("--datasets", default="set5")
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("SRBENCH_DATA", ROOT.parent / "shared/datasets"))
    )
    given = parser.parse_args()

    def psnr(sr: Image, hr: Image) -> float:
        return metrics.evaluate(sr, hr, scale=4, protocol="matlab", names=["psnr"])["psnr"]

    print(f"{'method':30} {'set':10} {'one':>8} {'eight':>8}")
    for name in given.methods:
        method = ready(name, Setup.choose(4, "cpu", "fast"))
        for dataset in given.datasets.split(","):
            rows = []
            for pair in datasets.load(dataset, 4, data_root=given.data):
                lr, hr = pair.lr(), pair.hr()
                rows.append([psnr(method.on_image(lr, count), hr) for count in (1, ORIENTATIONS)])
            one, eight = np.mean(rows, axis=0)
            print(f"{name:30} {dataset:10} {one:8.3f} {eight:8.3f}", flush=True)


if __name__ == "__main__":
    main()
