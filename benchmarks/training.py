"""Prints how fast each family trains here: milliseconds a step, and the share of the device's convolution peak.

Run it on an idle machine: python benchmarks/training.py [--device cuda] [--steps 20]. Photographs are noise, because
speed does not depend on what they show; everything else is the trainer's own code with its default settings.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from srbench.training import parallel, photographs, throughput
from srbench.training.patches import Cutter, Shape
from srbench.training.recipes import configure, recipes

# Sizes that a CPU can do; on a GPU larger batches come nearer to its peak.
CASES: tuple[tuple[str, dict[str, object]], ...] = (
    ("espcn", {"crop": 96, "batch": 16}),
    ("srcnn", {"crop": 48, "batch": 16}),
    ("drcn", {"crop": 40, "batch": 4}),
    ("srresnet-mse", {"crop": 64, "batch": 8}),
    ("srresnet-mse", {"crop": 96, "batch": 16}),
)


def main() -> None:
    """Measure every case in both precisions and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=20)
    arguments = parser.parse_args()
    processes = parallel.join(arguments.device)
    noise = np.random.default_rng(0).integers(0, 256, (8, 320, 320, 3)).astype(np.uint8)
    decoded = [(Path(str(i)), image) for i, image in enumerate(noise)]
    print(f"{'family':14} {'crops':>9} {'precision':>9} {'ms a step':>9} {'of which cutting':>16} {'of peak':>8}")
    for name, settings in CASES:
        for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            recipe = recipes()[name]
            plan = configure(recipe, {**settings, "precision": precision, "steps": 1})
            task = recipe.task(plan, processes)
            shape = Shape(plan.crop, plan.scale, task.enlarge)
            cutter = Cutter(photographs.pack(decoded, shape.window, task.luma).to(processes.device), shape)
            batch = cutter.draw(plan.batch, torch.default_generator)
            _, operations = throughput.counted(lambda task=task, batch=batch: task.step(batch, 0.5))
            cutting = timed(
                lambda cutter=cutter, plan=plan: cutter.draw(plan.batch, torch.default_generator),
                arguments.steps,
                processes,
            )
            step = timed(lambda task=task, batch=batch: task.step(batch, 0.5), arguments.steps, processes)
            share = operations / step / throughput.convolution_peak(processes.device, dtype)
            print(
                f"{name:14} {plan.batch:>3}x{plan.crop}^2 {precision:>9} {1e3 * (step + cutting):9.1f} "
                f"{1e3 * cutting:16.2f} {share:8.0%}",
                flush=True,
            )


def timed(call: Callable[[], object], count: int, processes: parallel.ProcessGroup) -> float:
    """Return the median seconds of `count` calls."""
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        if processes.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


if __name__ == "__main__":
    main()
