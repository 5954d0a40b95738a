"""What a cluster costs and gives: overhead of a task, speed-up by a second worker, memory of a long run.

    python benchmarks/cluster.py [--tasks 2000] [--long 100000] [--images 60] [--only overhead,speed,memory,folder]

All on this machine, in one run:

- overhead: real tasks that have almost nothing to do (a picture of 8x8 pixels is read, no score is missing), by the
  local pool, by `DaskEngine` and by plain `dask.delayed`, one worker each, beside the calling process alone. On a busy
  machine the time of this process, client and scheduler, says more than the clock. The aim is 5 ms.
- speed: whole runs with one worker and with two, by the local pool and by `DaskEngine`: images a second from the first
  outcome to the last, so that the start of processes is not counted. A method that waits 50 ms shows what the engine
  loses; bicubic on photographs shows what the cores give beside what else runs on them. The aim is 1.8x.
- memory: resident memory of this process, which holds client and scheduler, after a tenth of many tiny tasks and after
  all of them.
- folder: bytes an image in the files of a run folder, and processor seconds and memory to write its tables and to open
  it again, for a tenth of the images of --long and two metrics; pictures are not there.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from srbench import bench, images
from srbench.bench import clusters, results
from srbench.bench.clusters import ClusterSpec
from srbench.bench.dask_engine import DaskEngine
from srbench.bench.engine import CallingProcess, Engine
from srbench.bench.interrupt import Interrupt
from srbench.bench.journal import Journal
from srbench.bench.luggage import Luggage
from srbench.bench.plan import ImageTask
from srbench.bench.pool import LocalPool
from srbench.bench.results import image_path
from srbench.bench.rows import ImageOutcome, Score
from srbench.datasets import ImagePair
from srbench.metrics import find_protocol
from srbench.registry import Setup

WAIT_S = 0.05


def tiny(folder: Path, count: int) -> list[ImageTask]:
    """Return tasks whose picture is there and lacks no score."""
    hr = folder / "a.png"
    images.write(hr, np.zeros((8, 8, 3), np.uint8))
    pair = ImagePair("tiny", "a", 2, hr, images.file_sha256(hr))
    sha256 = images.write(image_path(folder / "run", "nearest", "tiny", "a"), np.zeros((8, 8, 3), np.uint8))
    blank = ImageOutcome("tiny", "a", "nearest", "key", sha256, 0.0, 0.0, "", "ok", "")
    task = ImageTask(pair, "nearest", Setup(2), folder / "run", (), blank)
    outcomes = (replace(blank, image=f"i{number}") for number in range(count))
    return [replace(task, blank=outcome, done=outcome) for outcome in outcomes]


def plainly(task: ImageTask) -> ImageOutcome:
    """Do a task in the Dask worker itself, as somebody would who has no engine."""
    from srbench.bench.worker import ImageWorker

    return ImageWorker().do(task)


class Delayed:
    """Plain `dask.delayed`, a thousand tasks at a time: a graph of all of them would have to be held in memory."""

    def outcomes(self, tasks: Sequence[ImageTask], interrupt: Interrupt) -> Iterator[ImageOutcome]:  # noqa: ARG002
        """Yield the outcomes in the order of the tasks."""
        import dask

        with clusters.connected(ClusterSpec("local", workers=1)) as client:
            yield client.submit(plainly, tasks[0]).result()
            for start in range(1, len(tasks), 1000):
                graph = [dask.delayed(plainly)(task) for task in tasks[start : start + 1000]]
                yield from client.gather(client.compute(graph))


def clock(outcomes: Iterable[object], on_each: Callable[[int], None] = lambda _: None) -> tuple[float, float]:
    """Return seconds a task by the clock, and of this process, from the first outcome, when all has started."""
    times = []
    for number, _ in enumerate(outcomes):
        times.append((time.perf_counter(), time.process_time()))
        on_each(number)
    wall, own = (last - first for first, last in zip(times[0], times[-1], strict=True))
    return wall / (len(times) - 1), own / (len(times) - 1)


def overhead(count: int, rounds: int) -> Iterator[tuple[str, float, float]]:
    """Yield (engine, milliseconds a task by the clock, those of this process): the least of some rounds each."""
    engines: dict[str, Engine] = {
        "calling process": CallingProcess(Luggage()),
        "local pool": LocalPool(1),
        "DaskEngine": DaskEngine("local:1"),
        "dask.delayed": Delayed(),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory() as folder, Interrupt() as interrupt:
        tasks = tiny(Path(folder), count)
        for _ in range(rounds):
            for name, engine in engines.items():
                found[name].append(clock(engine.outcomes(tasks, interrupt)))
    for name, rows in found.items():
        wall, own = (1e3 * min(column) for column in zip(*rows, strict=True))
        yield name, wall, own


def waits(lr: Any, scale: int) -> Any:
    """Enlarge after a while."""
    time.sleep(WAIT_S)
    return lr.repeat(scale, 0).repeat(scale, 1)


def rate(method: Any, pictures: Path, out: Path, engine: Engine) -> float:
    """Return images a second of a run."""
    times: list[float] = []
    bench.run(
        method, pictures, out=out, scale=4, engine=engine, device="cpu", on_outcome=lambda _: times.append(time.time())
    )
    first = len(times) // 5
    return (len(times) - 1 - first) / (times[-1] - times[first])


def speed(count: int) -> list[tuple[str, float, float]]:
    """Return (what, images a second with one worker, with two)."""
    makers: dict[str, Callable[[int], Engine]] = {
        "local pool": LocalPool,
        "DaskEngine": lambda workers: DaskEngine(f"local:{workers}"),
    }
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "noise"
        for number in range(count):
            values = np.random.default_rng(number).integers(0, 256, (96, 128, 3), dtype=np.uint8)
            images.write(pictures / f"{number:03}.png", values.repeat(4, 0).repeat(4, 1))
        for title, method in ((f"waits {1e3 * WAIT_S:.0f} ms", waits), ("bicubic", "bicubic")):
            for name, make in makers.items():
                one, two = (rate(method, pictures, Path(folder) / f"{title}{name}{n}", make(n)) for n in (1, 2))
                rows.append((f"{title}, {name}", one, two))
    return rows


def memory(count: int) -> list[tuple[str, float, float, float]]:
    """Return (engine, MB after a tenth of the tasks, MB after all, milliseconds a task)."""
    process, rows = psutil.Process(), []
    with tempfile.TemporaryDirectory() as folder, Interrupt() as interrupt:
        tasks = tiny(Path(folder), count)
        engines: dict[str, Engine] = {"local pool": LocalPool(1), "DaskEngine": DaskEngine("local:1")}
        for name, engine in engines.items():
            resident: dict[int, float] = {}

            def look(number: int, into: dict[int, float] = resident) -> None:
                if number in (count // 10, count - 1):
                    into[number] = process.memory_info().rss / 1e6

            wall, _ = clock(engine.outcomes(tasks, interrupt), look)
            rows.append((name, resident[count // 10], resident[count - 1], 1e3 * wall))
    return rows


def run_folder(count: int) -> Iterator[tuple[str, str]]:
    """Yield (what, how much) of the folder of a run over so many images by one method."""
    names = [f"photograph-{number:07}" for number in range(count)]
    version = find_protocol("daala").version
    scores = tuple(Score("daala", version, name, "0" * 16, 28.123456789012345) for name in ("psnr", "ssim"))
    outcomes = [
        ImageOutcome(
            "mine", name, "srresnet-mse", "0" * 16, "0" * 64, 0.123456, 512.5, "cpu fp32 folded+tail strips", "ok", "",
            scores, "1" * 16, "2" * 16,
        )
        for name in names
    ]  # fmt: skip
    entry = {"hr_sha256": "0" * 64, "lr_sha256": "", "input_hash": "1" * 16}
    info = {
        "schema_version": results.SCHEMA_VERSION,
        "scale": 4,
        "protocols": {"daala": version},
        "metric_fingerprints": {score.metric: score.metric_fingerprint for score in scores},
        "methods": {"srresnet-mse": {"title": "SRResNet-MSE", "order": 70, "note": "", "fingerprint": "2" * 16}},
        "datasets": {"mine": {name: dict(entry) for name in names}},
        "images_sha256": results.pictures(outcomes),
        "sources": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        journal = Journal(run)
        journal.append(*outcomes)
        journal.close()
        start = time.process_time()
        results.save(run, results.table(outcomes, 4), info)
        yield "tables and run.json written", f"{1e6 * (time.process_time() - start) / count:.0f} us an image"
        for name in ("journal.jsonl", "run.json", "scores.csv", "scores.parquet"):
            yield name, f"{(run / name).stat().st_size / count:.0f} bytes an image"
        del outcomes, info, names, journal
        before, start = psutil.Process().memory_info().rss, time.process_time()
        opened = bench.load(run)
        yield "opened again", f"{1e6 * (time.process_time() - start) / count:.0f} us an image"
        yield "memory of that", f"{(psutil.Process().memory_info().rss - before) / count / 1e3:.1f} kB an image"
        if len(opened.scores) != 2 * count:
            raise SystemExit(f"expected {2 * count} rows; got {len(opened.scores)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--long", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="overhead,speed,memory,folder")
    options = parser.parse_args()
    only = options.only.split(",")
    load = os.getloadavg()[0]
    print(f"{len(os.sched_getaffinity(0))} cores, load {load:.1f} when it began, Python {sys.version.split()[0]}")
    if "overhead" in only:
        print(f"\noverhead, ms a task, least of {options.rounds} rounds of {options.tasks} tasks (aim: 5)")
        for name, wall, own in overhead(options.tasks, options.rounds):
            print(f"  {name:16} {wall:6.2f} by the clock  {own:6.2f} of this process", flush=True)
    if "speed" in only:
        print(f"\nspeed, images a second, {options.images} images (aim: 1.8x)")
        for name, one, two in speed(options.images):
            print(f"  {name:28} {one:6.1f} with one worker  {two:6.1f} with two  {two / one:.2f}x", flush=True)
    if "memory" in only:
        print(f"\nmemory of client and scheduler, {options.long} tasks")
        for name, tenth, end, each in memory(options.long):
            print(
                f"  {name:28} {tenth:6.0f} MB after a tenth  {end:6.0f} MB after all  {each:.2f} ms a task", flush=True
            )
    if "folder" in only:
        print(f"\nfolder of a run, {options.long // 10} images, two metrics")
        for what, how_much in run_folder(options.long // 10):
            print(f"  {what:28} {how_much}", flush=True)


if __name__ == "__main__":
    main()
