"""Times `srbench run` as a user starts it: a fresh run, the same again, and its memory against the number of images.

    python benchmarks/run.py [--datasets set5,set14,bsd100] [--methods nearest,bicubic]

Data sets other than `demo` are found through SRBENCH_DATA or downloaded. Times are wall seconds of whole processes; the
compile cache is warmed first. Peak memory is the largest that any row of scores.csv names (per worker process).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from srbench.bench import results


def timed(arguments: list[str]) -> float:
    """Run srbench and return the seconds it took."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "srbench", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", default="set5,set14,bsd100")
    parser.add_argument("--methods", default="nearest,bicubic")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = ["run", "--datasets", options.datasets, "--methods", options.methods]
        timed([*command, "--limit", "1", "--out", f"{folder}/warm"])
        few = Path(folder) / "few"
        timed([*command, "--limit", "5", "--out", str(few)])
        whole = Path(folder) / "whole"
        fresh = timed([*command, "--out", str(whole)])
        again = min(timed([*command, "--out", str(whole)]) for _ in range(3))
        one_job = timed([*command, "--out", f"{folder}/one", "--jobs", "1"])
        rows = {name: results.load(run).scores for name, run in (("few", few), ("whole", whole))}
        images = {name: frame[["dataset", "image"]].drop_duplicates().shape[0] for name, frame in rows.items()}
        print(f"fresh run, all cores     {fresh:7.2f} s   ({images['whole']} images, methods {options.methods})")
        print(f"fresh run, one worker    {one_job:7.2f} s   ({one_job / fresh:.2f}x)")
        print(f"finished run again       {again:7.2f} s")
        for name, frame in rows.items():
            print(f"peak memory of a worker  {frame['peak_mb'].max():7.0f} MB  ({images[name]} images)")


if __name__ == "__main__":
    main()
