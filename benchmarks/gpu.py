"""What a GPU gives: are its scores those of the CPU, how many images a second with and without batches, in what memory.

    python benchmarks/gpu.py [--data FOLDER] [--out gpu.json]          on a machine with a GPU: at most 90 seconds
    python benchmarks/gpu.py --device cpu --images 4 --repeat 1        the same on a processor, to try it

FOLDER holds bsd100/HR and bsd100/LR_bicubic_x4 (default: SRBENCH_DATA). It runs from a checkout, installed or not, and
needs no network. All runs are `bench.run`: workers write and score pictures while the network computes. Rates count
from the first fifth of the images to the last, when everything has started. `raw` is the network alone.

Scores by the GPU must lie within BOUNDS of those by the CPU at `exact` on every image, or the exit status is 1. After
--seconds no further part begins, and the table says which were left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from srbench import bench, images, registry
from srbench.bench.results import image_path
from srbench.registry import Setup

METHOD = "srresnet-mse"
AIM = 100  # images a second
# Largest differences from the CPU at `exact` on one image: PSNR in dB, SSIM, steps of 8-bit values.
BOUNDS = {"exact": (0.001, 1e-5, 1), "fast": (0.01, 2e-4, 3), "bf16": (0.1, 2e-3, 12)}


class Parts:
    """The parts of the measurement, as long as there is time for them."""

    def __init__(self, seconds: float) -> None:
        self._begin, self._seconds = time.monotonic(), seconds
        self.left_out: list[str] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the program began."""
        return time.monotonic() - self._begin

    def do(self, name: str, part: Callable[[], Any]) -> Any:
        """Do one part and say how long it took; None where there is no time left."""
        if self.elapsed > self._seconds:
            self.left_out.append(name)
            return None
        start = time.monotonic()
        result = part()
        print(f"[{self.elapsed:5.1f} s] {name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
        return result


def copies(data: Path, folder: Path, count: int, repeat: int) -> Path:
    """Return a data set of the first `count` images of BSD100, each `repeat` times, as links."""
    for side in ("HR", "LR_bicubic_x4"):
        (folder / side).mkdir(parents=True)
        for path in sorted((data / "bsd100" / side).glob("*.png"))[:count]:
            for copy in range(repeat):
                (folder / side / f"{path.stem}-{copy}.png").symlink_to(path.absolute())
    return folder


def run(pictures: Path, out: Path, device: str, precision: str, jobs: int, batch: int) -> dict[str, Any]:
    """Carry out one run and return its scores and how fast it was."""
    times: list[float] = []
    start = time.perf_counter()
    finished = bench.run(
        METHOD,
        pictures,
        out=out,
        device=device,
        precision=precision,
        jobs=jobs,
        batch=batch,
        on_outcome=lambda _: times.append(time.perf_counter()),
    )
    failed = finished.scores[finished.scores["status"] != "ok"]
    if len(failed):
        raise SystemExit(f"{device} {precision}: {failed['image'].iloc[0]}: {failed['message'].iloc[0]}")
    first = len(times) // 5
    # Outcomes come in batches: of few images the time between first and last says nothing.
    rate = (len(times) - 1 - first) / (times[-1] - times[first]) if len(times) > 4 * batch else float("nan")
    return {
        "scores": finished.scores,
        "folder": out,
        "images_per_s": round(rate, 1),
        "wall_s": round(time.perf_counter() - start, 1),
        "peak_mb": float(finished.scores["peak_mb"].max()),
        "path": str(finished.scores["path"].mode()[0]),
    }


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, float]:
    """Return the largest differences of two runs on one image."""
    keys = ["dataset", "image", "metric"]
    both = found["scores"].merge(expected["scores"], on=keys, suffixes=("", "_expected"), validate="1:1")
    apart = (both["value"] - both["value_expected"]).abs()
    names = both[["dataset", "image"]].drop_duplicates().itertuples(index=False)

    def steps(place: Sequence[str]) -> int:
        one, other = (images.read(image_path(each["folder"], METHOD, *place)) for each in (found, expected))
        return int(np.abs(one.astype(int) - other.astype(int)).max())

    with ThreadPoolExecutor(8) as threads:
        worst = max(threads.map(steps, names))
    return {
        "psnr_db": float(apart[both["metric"] == "psnr"].max()),
        "ssim": float(apart[both["metric"] == "ssim"].max()),
        "steps": worst,
    }


def raw(pictures: Path, device: str, precision: str, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return images a second of the network alone, with 8-bit arrays in and float arrays out, for sizes of batches."""
    import torch

    found = [images.read(path) for path in sorted((pictures / "LR_bicubic_x4").glob("*.png"))]
    alike = [lr for lr in found if lr.shape == found[0].shape]
    upscale = registry.create(METHOD, Setup(4, device, precision))
    rows = []
    for size in sizes:
        lr = (alike * (size // len(alike) + 1))[:size]
        upscale.batch(lr)  # chooses kernels
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < 1.0:
            upscale.batch(lr)
            done += size
        rate = done / (time.perf_counter() - start)
        peak = torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else float("nan")
        rows.append({"batch": size, "images_per_s": round(rate, 1), "peak_mb": round(peak, 1)})
    return rows


def machine(device: str, out: Path) -> dict[str, Any]:
    """Return what the figures belong to."""
    import torch

    start = time.perf_counter()
    for number in range(20):
        images.write_atomically(out / f".fsync-{number}", b"x" * 500)
    flush = (time.perf_counter() - start) / 20
    gpu = torch.cuda.get_device_name() if device == "cuda" else ""
    return {
        "device": gpu or "cpu",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "flush_ms": round(1e3 * flush, 2),
    }


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return all figures."""
    parts, device, jobs = Parts(options.seconds), options.device, options.jobs
    few = copies(options.data, folder / "few" / "bsd", options.images, 1)
    many = copies(options.data, folder / "many" / "bsd", options.images, options.repeat)
    figures: dict[str, Any] = {"method": METHOD, "images": options.images, "repeat": options.repeat, "jobs": jobs}
    arguments = ["--datasets", few, "--methods", "bicubic", "--limit", "1", "--jobs", "1", "--device", "cpu"]
    compiling = subprocess.Popen(
        [sys.executable, "-m", "srbench", "run", *map(str, arguments), "--out", folder / "warm"],
        stdout=subprocess.DEVNULL,
    )
    figures["machine"] = parts.do("torch", lambda: machine(device, folder))
    parts.do("metrics compiled", compiling.wait)
    expected = parts.do("cpu exact", lambda: run(few, folder / "cpu", "cpu", "exact", jobs, 0))
    figures["runs"], figures["rates"] = [], []

    def compare(precision: str) -> None:
        found = run(few, folder / precision, device, precision, jobs, options.batch)
        apart = differences(found, expected)
        limits = dict(zip(apart, BOUNDS[precision], strict=True))
        within = all(apart[what] <= limits[what] for what in apart)
        row = {"precision": precision, "batch": options.batch, **_shown(found)}
        figures["runs"].append({**row, "differences": apart, "bounds": limits, "within": within})

    def rate(batch: int) -> None:
        found = run(many, folder / f"rate-{batch}", device, "fast", jobs, batch)
        figures["rates"].append({"batch": batch, **_shown(found)})

    parts.do(f"{device} fast", lambda: compare("fast"))
    parts.do(f"rate, batch {options.batch}", lambda: rate(options.batch))
    parts.do("rate, batch 1", lambda: rate(1))
    parts.do(f"{device} exact", lambda: compare("exact"))
    parts.do(f"{device} bf16", lambda: compare("bf16"))
    figures["raw"] = parts.do("network alone", lambda: raw(few, device, "fast", options.sizes)) or []
    return {**figures, "left_out": parts.left_out, "seconds": round(parts.elapsed, 1)}


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("images_per_s", "wall_s", "peak_mb", "path")}


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a page of text."""
    about = figures["machine"]
    count, repeat = figures["images"], figures["repeat"]
    where = f"{about['device']}, torch {about['torch']}, {about['cores']} cores"
    lines = [
        f"{METHOD} x4 on {count} images of BSD100: {where}, {figures['jobs']} workers",
        f"a flushed write takes {about['flush_ms']} ms",
        "",
        "against the CPU at exact, worst image:",
    ]
    for row in figures["runs"]:
        apart, limits = row["differences"], row["bounds"]
        said = "  ".join(f"{what} {apart[what]:.2g} (<= {limits[what]:g})" for what in apart)
        lines.append(f"  {row['precision']:6} {said}  {'ok' if row['within'] else 'BEYOND THE BOUNDS'}  {row['path']}")
    lines += ["", f"the whole bench, fast, {count * repeat} images (aim: {AIM} images/s):"]
    lines += [
        f"  batch {row['batch']:3}  {row['images_per_s']:8.1f} images/s  {row['wall_s']:6.1f} s with its start  "
        f"peak {row['peak_mb']:.0f} MB"
        for row in figures["rates"]
    ]
    lines += ["", "the network alone, fast:"]
    lines += [
        f"  batch {row['batch']:3}  {row['images_per_s']:8.1f} images/s  peak of the GPU {row['peak_mb']:.0f} MB"
        for row in figures["raw"]
    ]
    left_out = f"; no time for: {', '.join(figures['left_out'])}" if figures["left_out"] else ""
    return "\n".join([*lines, "", f"{figures['seconds']} s in all{left_out}"])


def main() -> int:
    """Measure, print a table, and write the figures where --out says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SRBENCH_DATA"))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3, help="times that each image counts when rates are measured")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 4, 16, 32])
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=75.0, help="no further part begins after so many")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.data is None or not (Path(options.data) / "bsd100" / "HR").is_dir():
        parser.error(
            f"expected a folder with bsd100/HR and bsd100/LR_bicubic_x4; got {options.data}: give it by --data"
        )
    options.data = Path(options.data)
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))
    return 0 if all(row["within"] for row in figures["runs"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
