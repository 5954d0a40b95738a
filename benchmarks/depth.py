"""Depth of SRResNet against PSNR and time, with and without skip connections: figure 7 of the paper's supplement.

    python benchmarks/depth.py --data DIR... --validation DIR [--blocks 1 2 4 8 16] [--steps 1000] [--out runs/depth]

Every network makes the same steps. A study that was stopped goes on where it was when the same command is given again.
PSNR (protocol `matlab`) is the mean over 20 photographs of `--validation`, which are held out; the time is that of one
LR image of 120x80 pixels by the shipped inference, the least of ten turns on one thread.
"""

from __future__ import annotations

import argparse
import timeit
from pathlib import Path

import numpy as np
import torch

from srbench import registry
from srbench.datasets import ImagePair
from srbench.images import file_sha256
from srbench.methods.srresnet import loading
from srbench.ready import ReadyMethod
from srbench.registry import Setup, Upscaler
from srbench.training import checkpoints, shipping
from srbench.training.launch import TrainingRequest, held_out, launch

METHOD = "srresnet-mse"
SCALE = 4
TURNS = 10


def main() -> None:
    """Train every network and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--blocks", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/depth"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    held = [
        ImagePair("held out", path.stem, SCALE, path, file_sha256(path)) for path in held_out(arguments.validation, 20)
    ]
    print("| Blocks | Skips | Parameters | PSNR | Training | 120x80 LR |")
    print("|--:|:--|--:|--:|--:|--:|", flush=True)
    for skip in (True, False):
        for blocks in arguments.blocks:
            out = arguments.out / f"{blocks}-{'skip' if skip else 'plain'}"
            settings = {"blocks": blocks, "skip": skip, "validations": 0}
            settings |= {name: getattr(arguments, name) for name in ("steps", "batch", "crop")}
            request = TrainingRequest(
                METHOD,
                tuple(arguments.data),
                out,
                settings,
                arguments.validation,
                resume=(out / checkpoints.INDEX).is_file(),
                device=arguments.device,
                quiet=True,
            )
            result = launch(request)
            if result.stopped_by:
                raise SystemExit(f"Stopped by {result.stopped_by}; the same command goes on.")
            count = sum(parameter.numel() for parameter in result.network.parameters())
            upscale = loading.ready(result.network.cpu(), Setup(SCALE, "cpu", "fast"))  # type: ignore[arg-type] # SRResNet
            method = ReadyMethod(registry.find(METHOD)[0], Setup(SCALE), upscale)
            score = shipping.means(method.on_pair, held)["psnr"]
            print(
                f"| {blocks} | {'yes' if skip else 'no'} | {count:,} | {score:.2f} dB | {result.seconds:.0f} s "
                f"| {milliseconds(upscale):.0f} ms |",
                flush=True,
            )


def milliseconds(upscale: Upscaler) -> float:
    """Return the least time that one LR image takes."""
    lr = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    return 1e3 * min(timeit.repeat(lambda: upscale(lr), number=1, repeat=TURNS))


if __name__ == "__main__":
    main()
