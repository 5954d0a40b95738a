"""How far each optimiser gets with a network in equal processor time, on photographs that are held out.

    python benchmarks/optimisers.py --data DIR... --validation DIR [--seconds 60] [NAME...]

NAME is a recipe (default: espcn, srcnn and srresnet-mse). Every optimiser trains with its own best of `--rates`, as the
recipe's cosine falls over the given seconds; validation takes the middle of 20 photographs of `--validation`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from srbench.training import cache, loading, parallel, photographs, precision, validation
from srbench.training.launch import held_out
from srbench.training.patches import Cutter, Shape
from srbench.training.recipes import configure, recipes
from srbench.training.state import Average
from srbench.training.task import OPTIMISERS
from srbench.training.validation import Held

SIZES = {"espcn": (16, 96), "srcnn": (16, 48), "drcn": (4, 40), "srresnet-mse": (8, 64)}
RATES = {"adam": (1e-3, 2e-3), "soap": (2e-3, 3e-3)}
MARKS = (0.1, 0.25, 0.5, 1.0)
MIDDLE = 128


def main() -> None:
    """Print one line for each network, optimiser and rate: the PSNR after parts of the time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["espcn", "srcnn", "srresnet-mse"])
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    held = held_out(arguments.validation, 20)
    print(f"{'network':14} {'optimiser':9} {'rate':>6} " + " ".join(f"{mark:>10.0%}" for mark in MARKS) + "  steps")
    for name in arguments.names:
        for optimiser, rates in RATES.items():
            for rate in rates:
                scores, steps = run(name, optimiser, rate, arguments.seconds, arguments.data, held)
                shown = " ".join(f"{score:7.3f} dB" for score in scores)
                print(f"{name:14} {optimiser:9} {rate:6g} {shown}  {steps}", flush=True)


def run(
    name: str, optimiser: str, rate: float, seconds: float, data: list[Path], held: list[Path]
) -> tuple[list[float], int]:
    """Train for so many seconds of processor time; return the validation scores at `MARKS` and the steps made."""
    assert optimiser in OPTIMISERS
    recipe, (batch, crop) = recipes()[name], SIZES[name]
    settings = {"batch": batch, "crop": crop, "rate": rate, "optimiser": optimiser, "minutes": seconds / 60}
    processes = parallel.join("cpu")
    plan = configure(recipe, settings | {"precision": precision.choose(processes.device, "auto", batch)[0]})
    torch.manual_seed(plan.seed)
    task = recipe.task(plan, processes)
    shape = Shape(plan.crop, plan.scale, task.enlarge)
    store = cache.PixelCache(cache.folder(None, Path.cwd()))
    wanted = loading.Request(photographs.find(data), held, shape.window, task.luma)
    cutter = Cutter(loading.load(wanted, store, processes.device).photographs, shape)
    whole = validation.hold_out(held, plan, task.luma, processes.device)
    small = [middle(one, plan.scale) for one in whole.pairs]
    average, generator = Average(task.network, plan.ema), torch.Generator().manual_seed(plan.seed + 1)
    scores: list[float] = []
    began, steps = time.process_time(), 0
    while len(scores) < len(MARKS):
        fraction = (time.process_time() - began) / seconds
        if fraction >= MARKS[len(scores)]:
            before = time.process_time()
            scores.append(validation.psnr(task, average.network, small))
            began += time.process_time() - before
            continue
        task.step(cutter.draw(plan.batch, generator), min(fraction, 1.0))
        steps += 1
        average.update(steps)
    return scores, steps


def middle(one: Held, scale: int) -> Held:
    """Return the middle of a photograph, so that validation of large networks stays cheap."""
    top, left = ((size // scale - MIDDLE // scale) // 2 for size in one.hr.shape[-2:])
    size = MIDDLE // scale
    lr = one.lr[..., top : top + size, left : left + size]
    hr = one.hr[..., top * scale : (top + size) * scale, left * scale : (left + size) * scale]
    return Held(hr, lr)


if __name__ == "__main__":
    main()
