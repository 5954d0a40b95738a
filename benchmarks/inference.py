"""Measures how fast networks run, what the rewrites cost in dB, and how much memory a large image takes.

    python benchmarks/inference.py speed    [--rounds 7]          published against rewritten, on one core
    python benchmarks/inference.py accuracy [--images 1000]       fast and bf16 against exact, per data set
    python benchmarks/inference.py memory                         a 2K image: peak, and bits in pieces and whole
    python benchmarks/inference.py peer     [--basicsr FOLDER]    whole runs over Set5 and Set14 against BasicSR

All use the shipped srresnet-mse at x4, and the data sets under --data (default: SRBENCH_DATA, then
../shared/datasets). Times are CPU seconds of one thread; competitors take turns, so that a busy machine slows all
alike, and each counts with its least. FOLDER is where BasicSR was put by

    pip install --target FOLDER --no-deps basicsr addict future lmdb yapf pyyaml

and `peer` runs its test pipeline (data set, loader, SRModel, metrics, saved PNGs) in a process of its own.
"""

from __future__ import annotations

import argparse
import copy
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from srbench import content, images, metrics, registry, weights
from srbench.inference.upscalers import RgbUpscaler
from srbench.methods.drcn import loading as drcn_loading
from srbench.methods.drcn.network import DRCN
from srbench.methods.srresnet import loading
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup, Upscaler

NAME = "srresnet-mse"
WEIGHTS = content.folder("methods") / "srresnet" / "weights" / f"{NAME}-x4.safetensors"
PEER = Path(__file__).with_name("inference_basicsr.py")
PRECISIONS = ("exact", "fast", "bf16")


def network() -> SRResNet:
    """Return the shipped network, or an untrained one of the same size: speed does not depend on the values."""
    if WEIGHTS.is_file():
        return weights.load(WEIGHTS, SRResNet, 4)
    print(f"{WEIGHTS.name} is not shipped: measuring an untrained network")
    return SRResNet().eval()


def ready(precision: str) -> RgbUpscaler:
    """Return an upscaler on its own copy of the network."""
    return loading.ready(copy.deepcopy(network()), Setup(4, "cpu", precision))


def files(data: Path, name: str) -> list[tuple[Path, Path]]:
    """Return the (HR, LR) files of one data set."""
    return [(hr, data / name / "LR_bicubic_x4" / hr.name) for hr in sorted((data / name / "HR").glob("*.png"))]


def least(competitors: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least CPU seconds of each competitor, taking turns."""
    seconds = dict.fromkeys(competitors, float("inf"))
    for _ in range(rounds):
        for name, run in competitors.items():
            start = time.process_time()
            run()
            seconds[name] = min(seconds[name], time.process_time() - start)
    return seconds


def speed(data: Path, rounds: int) -> None:
    """One BSD100 image (120x80 LR): the published network run eagerly, and each precision."""
    found = files(data, "bsd100")
    wide = [lr for lr in (images.read(small) for _, small in found[:9]) if lr.shape[1] == 120]
    lr = wide[0] if wide else np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    _compare("SRResNet", {precision: ready(precision) for precision in PRECISIONS}, lr, rounds)
    # An untrained DRCN: its speed does not depend on the values.
    drcn = {precision: drcn_loading.ready(DRCN().eval(), Setup(4, "cpu", precision)) for precision in PRECISIONS}
    _compare("DRCN", drcn, lr[:40, :40], max(1, rounds // 2))


def _compare(title: str, upscalers: Mapping[str, Upscaler], lr: NDArray[np.uint8], rounds: int) -> None:
    competitors = {str(one.path): (lambda one=one: one(lr)) for one in upscalers.values()}  # type: ignore[attr-defined]
    seconds = least(competitors, rounds)
    eager = next(iter(seconds.values()))
    print(f"{title} x4 on a {lr.shape[1]}x{lr.shape[0]} LR image, one thread, least of {rounds} turns")
    for path, value in seconds.items():
        print(f"  {path:34} {value * 1e3:7.0f} ms   {eager / value:5.2f}x")


def accuracy(data: Path, limit: int) -> None:
    """PSNR and SSIM (matlab protocol) of fast and bf16 minus those of exact."""
    upscalers = {precision: ready(precision) for precision in PRECISIONS}
    print("set      images  precision   mean dB      worst dB     worst SSIM   worst 8-bit step")
    for name in ("set5", "set14", "bsd100"):
        found = files(data, name)[:limit]
        shots = [_differences(upscalers, hr, lr) for hr, lr in found]
        for precision in PRECISIONS[1:]:
            db, ssim, step = (np.array([shot[precision][i] for shot in shots]) for i in range(3))
            row = f"{db.mean():+.2e}   {np.abs(db).max():.2e}   {np.abs(ssim).max():.2e}   {step.max():.0f}"
            print(f"{name:8} {len(found):6}  {precision:9} {row}")


def _differences(upscalers: dict[str, RgbUpscaler], hr: Path, lr: Path) -> dict[str, tuple[float, float, float]]:
    original, small = images.read(hr), images.read(lr)
    results = {name: registry.to_8bit(name, up(small), original.shape) for name, up in upscalers.items()}
    scores = {
        name: metrics.evaluate(sr, original, scale=4, protocol="matlab", names=["psnr", "ssim"])
        for name, sr in results.items()
    }
    exact = scores["exact"]
    return {
        name: (
            scores[name]["psnr"] - exact["psnr"],
            scores[name]["ssim"] - exact["ssim"],
            float(np.abs(results[name].astype(int) - results["exact"].astype(int)).max()),
        )
        for name in results
    }


def memory() -> None:
    """Peak of a 2048x1080 SR image above what the process had before, for each precision, and whole."""
    lr = np.random.default_rng(0).integers(0, 256, (270, 512, 3), dtype=np.uint8)
    print("2048x1080 SR image: peak above the process before it")
    for precision in ("fast", "bf16"):
        strips, extra = _peak(precision, lr)
        shipped, loading._STRIP = loading._STRIP, sys.maxsize
        whole, extra_whole = _peak(precision, lr)
        loading._STRIP = shipped
        same = "same bits" if np.array_equal(strips, whole) else "DIFFERENT BITS"
        print(f"  {precision:5} in strips {extra:5.0f} MB, whole {extra_whole:5.0f} MB, {same}")


def _peak(precision: str, lr: images.Image) -> tuple[np.ndarray, float]:
    upscaler, process = ready(precision), psutil.Process()
    upscaler(lr[:16, :16])
    before, peak, done = process.memory_info().rss, 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.002):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = upscaler(lr)
    done.set()
    watcher.join()
    return result, (peak - before) / 1e6


def peer(data: Path, basicsr: Path | None, rounds: int) -> None:
    """CPU seconds of whole processes: imports, reading, network, PSNR and SSIM, writing PNGs."""
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "srbench", "run", "--datasets", "set5,set14", "--methods", NAME]
        ours += ["--protocol", "matlab", "--jobs", "1", "--data-root", str(data), "--out"]
        theirs = [sys.executable, str(PEER), str(basicsr), str(data), str(WEIGHTS), folder]
        best = {"srbench": float("inf"), "BasicSR": float("inf")}
        for turn in range(rounds):
            best["srbench"] = min(best["srbench"], _children([*ours, f"{folder}/ours-{turn}"]))
            if basicsr is not None:
                best["BasicSR"] = min(best["BasicSR"], _children(theirs))
        print(f"{NAME} over Set5 and Set14, PSNR, SSIM and PNGs included, least of {rounds} turns")
        for name, seconds in best.items():
            print(f"  {name:8} {seconds:6.1f} s of CPU")
        if basicsr is not None:
            print(f"  srbench / BasicSR = {best['srbench'] / best['BasicSR']:.2f}")


def _children(command: Sequence[str]) -> float:
    def used() -> float:
        times = resource.getrusage(resource.RUSAGE_CHILDREN)
        return times.ru_utime + times.ru_stime

    before = used()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return used() - before


def main() -> None:
    """Parse the command line and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "accuracy", "memory", "peer"])
    beside = Path(__file__).resolve().parents[2] / "shared" / "datasets"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SRBENCH_DATA", beside)))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=1000, help="at most so many of each data set")
    parser.add_argument("--basicsr", type=Path, help="folder that BasicSR was installed into")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "speed":
        speed(given.data, given.rounds)
    elif given.what == "accuracy":
        accuracy(given.data, given.images)
    elif given.what == "memory":
        memory()
    else:
        peer(given.data, given.basicsr, given.rounds)


if __name__ == "__main__":
    main()
