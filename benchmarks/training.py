"""Prints how fast each family trains here: milliseconds a step, and the share of the device's convolution peak.

Run it on an idle machine: python benchmarks/training.py [--device cuda] [--steps 20] [--vgg FILE]. Photographs are
noise, because speed does not depend on what they show; everything else is the trainer's own code with its default
settings. On a GPU each case is measured with and without cuDNN's search for the fastest algorithms, and SRGAN is one of
them where --vgg gives features.

With --loading FOLDER it prints instead how long a run takes to its first step, how much processor time that is (which
says more on a busy machine), and how much memory it holds at the most,
for 100 megapixels, 1 gigapixel, 10,000 small files and 10,000 photographs of ImageNet's usual size, each for the first
time, for the second, and resumed. It makes the photographs in FOLDER, which needs 15 GB, and leaves them there.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image as PillowImage

from srbench import images
from srbench.training import checkpoints, loop, parallel, photographs, throughput
from srbench.training.launch import TrainingRequest, launch
from srbench.training.patches import Cutter, Shape
from srbench.training.recipes import configure, recipes

CASES: tuple[tuple[str, dict[str, object]], ...] = (
    ("espcn", {"crop": 96, "batch": 16}),
    ("srcnn", {"crop": 48, "batch": 16}),
    ("drcn", {"crop": 40, "batch": 4}),
    ("srresnet-mse", {"crop": 64, "batch": 8}),
    ("srresnet-mse", {"crop": 96, "batch": 16}),
)
"""Sizes that a processor can do."""

LARGE_CASES: tuple[tuple[str, dict[str, object]], ...] = (
    ("srresnet-mse", {"crop": 96, "batch": 16, "optimiser": "adam"}),
    ("srresnet-mse", {"crop": 96, "batch": 64, "optimiser": "adam"}),
    ("srresnet-mse", {"crop": 96, "batch": 64, "optimiser": "soap"}),
    ("drcn", {"crop": 40, "batch": 64}),
    ("srgan-vgg54", {"crop": 96, "batch": 16, "preset": "balanced", "window": 80}),
)
"""Sizes that bring a GPU nearer to its peak."""


def main() -> None:
    """Measure every case in both precisions and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--vgg", type=Path, help="features of SRGAN's content loss")
    parser.add_argument("--loading", type=Path, help="folder for photographs: measure loading, not steps")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*map(Path, arguments.child))
        return
    if arguments.loading:
        loading(arguments.loading)
        return
    processes = parallel.join(arguments.device)
    gpu = processes.device.type == "cuda"
    print(f"{'family':14} {'crops':>9} {'optimiser':>9} {'precision':>9} {'cuDNN':>8} {'ms a step':>9} ", end="")
    print(f"{'of which cutting':>16} {'of peak':>8}")
    for name, settings in LARGE_CASES if gpu else CASES:
        if name.startswith("srgan"):
            if arguments.vgg is None:
                continue
            settings = {**settings, "vgg": str(arguments.vgg)}
        for precision in ("fp32", "bf16"):
            for searching in (False, True) if gpu else (False,):
                with torch.backends.cudnn.flags(enabled=True, benchmark=searching, allow_tf32=True):
                    case(name, {**settings, "precision": precision, "steps": 1}, processes, arguments.steps)


def case(name: str, settings: dict[str, object], processes: parallel.ProcessGroup, steps: int) -> None:
    """Measure one network and print its line."""
    recipe = recipes()[name]
    plan = configure(recipe, settings)
    task = recipe.task(plan, processes)
    shape = Shape(plan.crop, plan.scale, task.enlarge)
    noise = np.random.default_rng(0).integers(0, 256, (8, 320, 320, 3)).astype(np.uint8)
    decoded = [(Path(str(i)), image) for i, image in enumerate(noise)]
    photos = photographs.pack(decoded, shape.window, task.luma)
    photos = dataclasses.replace(photos, pixels=photos.pixels.to(processes.device))
    cutter = Cutter(photos, shape)
    batch = cutter.draw(plan.batch, torch.default_generator).to(torch.channels_last)
    task.done = 10_000  # past the steps in which a discriminator learns alone
    _, operations = throughput.counted(lambda: task.step(batch, 0.5))
    cutting = timed(lambda: cutter.draw(plan.batch, torch.default_generator), steps, processes)
    step = timed(lambda: task.step(batch, 0.5), steps, processes)
    dtype = torch.bfloat16 if plan.precision == "bf16" else torch.float32
    share = operations / step / throughput.convolution_peak(processes.device, dtype)
    searching = "searches" if torch.backends.cudnn.benchmark else ""
    print(
        f"{name:14} {plan.batch:>3}x{plan.crop}^2 {plan.optimiser:>9} {plan.precision:>9} {searching:>8} "
        f"{1e3 * (step + cutting):9.1f} {1e3 * cutting:16.2f} {share:8.0%}",
        flush=True,
    )


SETS = (
    ("100 MP", 37, (1356, 2040)),
    ("1 GP", 362, (1356, 2040)),
    ("10,000 files", 10_000, (128, 128)),
    ("10,000 photos", 10_000, (375, 500)),  # of the usual size in ImageNet
)
LOADING = {"width": 2, "blocks": 1, "crop": 96, "batch": 16, "precision": "fp32", "log": "none"}
STEPS = 60


def loading(folder: Path) -> None:
    """Print one line for each set: seconds to the first step and peak memory, thrice."""
    print(f"{'set':14} {'files':>12} {'run':>8} {'first step':>10} {'processor':>10} {'peak memory':>11}")
    for name, count, size in SETS:
        photos = folder / name.replace(" ", "-")
        make(photos, count, size)
        out, cache = folder / "run", folder / f"cache-{photos.name}"
        for place in (out, cache):
            shutil.rmtree(place, ignore_errors=True)
        for run in ("first", "second", "resumed"):
            if run == "second":
                shutil.rmtree(out)
            command = [sys.executable, __file__, "--child", str(photos), str(out), str(cache)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, busy, memory = map(float, done.stdout.split())
            stored = sum(path.stat().st_size for path in photos.iterdir()) / 1e9
            line = f"{name:14} {stored:9.2f} GB {run:>8} {seconds:8.1f} s {busy:8.1f} s {memory / 1e9:8.2f} GB"
            print(line, flush=True)


def make(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Write JPEG photographs of slopes and grain, each another part of one large picture."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    height, width = size
    y, x = np.mgrid[: height + 97, : width + 101]
    slopes = 128 + 60 * np.sin(x / 37) * np.cos(y / 53)
    large = np.stack([slopes, 255 - slopes, slopes[::-1]], axis=2) + random.normal(0, 12, (*slopes.shape, 3))
    large = images.to_8bit(large)
    for number in range(len(list(folder.iterdir())), count):
        top, left = number % 97, number // 97
        PillowImage.fromarray(large[top : top + height, left % 101 : left % 101 + width]).save(
            folder / f"{number:05d}.jpg", quality=90, comment=str(number)
        )


def child(photos: Path, out: Path, cache: Path) -> None:
    """Train some steps; print the seconds of the process up to the first, how many of them it was busy, and memory."""
    began, first = psutil.Process().create_time(), []
    original = loop._Session.step

    def step(session: loop._Session, fraction: float) -> None:
        original(session, fraction)
        first.append((time.time(), time.process_time()))

    loop._Session.step = step
    resume = (out / checkpoints.INDEX).is_file()
    settings = {**LOADING, "steps": STEPS * (2 if resume else 1)}
    request = TrainingRequest(
        "srresnet-mse", (photos,), out, settings, resume=resume, device="cpu", cache=cache, quiet=True
    )
    launch(request)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(first[0][0] - began, first[0][1], peak)


def timed(call: Callable[[], object], count: int, processes: parallel.ProcessGroup) -> float:
    """Return the mean seconds of `count` calls after a first one that warms up."""
    call()
    throughput.wait(processes.device)
    start = time.perf_counter()
    for _ in range(count):
        call()
    throughput.wait(processes.device)
    return (time.perf_counter() - start) / count


if __name__ == "__main__":
    main()
