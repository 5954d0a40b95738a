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
- folder: a whole run of --long images and two metrics by an engine that answers at once: the client's processor time
  and memory an image, bytes an image in the files of the folder, and processor time and memory to open it again, by
  columns, whole, and from its journal alone. There are no pictures, and lines are written but not flushed to the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
import unittest.mock
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from srbench import bench, images
from srbench.bench import clusters
from srbench.bench.clusters import ClusterSpec
from srbench.bench.dask_engine import DaskEngine
from srbench.bench.engine import CallingProcess, Engine, taken
from srbench.bench.execution import carry_out
from srbench.bench.interrupt import Interrupt
from srbench.bench.luggage import Luggage
from srbench.bench.plan import ImageTask, RunPlan
from srbench.bench.pool import LocalPool
from srbench.bench.results import image_path
from srbench.bench.rows import ImageOutcome
from srbench.bench.specs import find_methods
from srbench.datasets import ImagePair
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

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Iterator[ImageOutcome]:  # noqa: ARG002
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
                found[name].append(clock(engine.outcomes(list(tasks), interrupt)))
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

            wall, _ = clock(engine.outcomes(list(tasks), interrupt), look)
            rows.append((name, resident[count // 10], resident[count - 1], 1e3 * wall))
    return rows


class AtOnce:
    """Answers every task at once, with an outcome of its own as a worker process would send it.

    Args:
        look: Called with the number of each task.
    """

    def __init__(self, look: Callable[[int], None]) -> None:
        self._look = look

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Iterator[ImageOutcome]:  # noqa: ARG002
        """Yield the outcomes in the order of the tasks."""
        for number, task in enumerate(_each(taken(tasks))):
            self._look(number)
            yield pickle.loads(pickle.dumps(_outcome(task, number)))


def _each(waiting: deque[ImageTask]) -> Iterator[ImageTask]:
    while waiting:
        yield waiting.popleft()


def _outcome(task: ImageTask, number: int) -> ImageOutcome:
    return replace(
        task.blank,
        sha256=hashlib.sha256(b"%d" % number).hexdigest(),
        seconds=0.1 + 1e-6 * number,
        peak_mb=512.5,
        path="cpu fp32 folded+tail strips",
        scores=tuple(replace(score, value=28 + 1e-6 * number) for score in task.wanted),
    )


def run_folder(count: int) -> Iterator[tuple[str, str]]:
    """Yield (what, how much) of a run over so many images by one method, whose client is this process."""
    process, resident = psutil.Process(), {}

    def look(number: int) -> None:
        if number in (count // 10, count - 1):
            resident[number] = process.memory_info().rss

    with tempfile.TemporaryDirectory() as folder, Interrupt() as interrupt:
        run = Path(folder)
        plan = _plan(run, count)
        start = time.process_time()
        with unittest.mock.patch("os.fsync", new=_nothing):
            carry_out(plan, AtOnce(look), interrupt, (), None, None)
        yield "the client's part", f"{1e6 * (time.process_time() - start) / count:.0f} us an image"
        grown = (resident[count - 1] - resident[count // 10]) / (0.9 * count)
        yield "memory that an outcome takes", f"{grown:.0f} bytes an image"
        for name in ("journal.parquet", "run.json", "scores.csv", "scores.parquet"):
            yield name, f"{(run / name).stat().st_size / count:.0f} bytes an image"
        del plan
        for what, columns, sealed in (
            ("opened again, four columns", ["method", "dataset", "metric", "value"], True),
            ("opened again", None, True),
            ("opened without its seal", None, False),
        ):
            if not sealed:
                (run / ".seal.json").unlink()
            seconds, peak = _opened(run, columns)
            yield what, f"{1e6 * seconds / count:.0f} us an image, {peak / count / 1e3:.2f} kB of memory at its peak"


def _nothing(_: int) -> None:
    """Stand for flushing."""


def _plan(run: Path, count: int) -> RunPlan:
    specs, _ = find_methods(["nearest"], 4)
    setup = Setup(4, "cpu", "fast")
    names = (f"photograph-{number:07}" for number in range(count))
    pairs = [ImagePair("mine", name, 4, run / name, hashlib.sha256(name.encode()).hexdigest()) for name in names]
    prints = {spec.name: spec.fingerprint(setup) for spec in specs}
    return RunPlan(pairs, frozenset(), {}, specs, {}, {}, setup, ["daala"], ["psnr", "ssim"], run, prints)


def _opened(run: Path, columns: Sequence[str] | None) -> tuple[float, float]:
    """Return the processor seconds and bytes at the peak that a fresh process takes to open a run."""
    program = (
        # The kernel's mark of this program alone: what getrusage says starts with what the one that began it had.
        "import re, sys, time, pandas, pyarrow.parquet; from pathlib import Path; from srbench.bench import results;"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) * 1024;"
        "columns = sys.argv[2].split(',') if sys.argv[2] else None; start, before = time.process_time(), peak();"
        "results.load(sys.argv[1], columns); print(time.process_time() - start, peak() - before)"
    )
    command = [sys.executable, "-c", program, str(run), ",".join(columns or ())]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(peak)


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
        print(f"\nfolder of a run, {options.long} images, two metrics")
        for what, how_much in run_folder(options.long):
            print(f"  {what:28} {how_much}", flush=True)


if __name__ == "__main__":
    main()
