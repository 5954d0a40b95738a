"""Worker processes: whatever a method or metric does to its own, the run goes on, ends, and names it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from srbench import bench, images

from .dask_cluster import until

RUN = [sys.executable, "-m", "srbench", "run"]

METHODS = """
import ctypes, os, sys, threading, time
from pathlib import Path
from srbench.registry import register, register_loader

def enlarge(lr, scale):
    return lr.repeat(scale, 0).repeat(scale, 1)

@register("exits", title="Exits")
def exits(lr, scale):
    sys.exit(3)

@register("interrupts", title="Interrupts")
def interrupts(lr, scale):
    raise KeyboardInterrupt

@register_loader("exits-loading", title="Exits while it is loaded")
def exits_loading(setup):
    raise SystemExit("no weights")

@register("quits", title="Ends its process")
def quits(lr, scale):
    os._exit(5)

@register("crashes", title="Crashes in native code")
def crashes(lr, scale):
    ctypes.string_at(0)

@register("moves", title="Changes the working directory")
def moves(lr, scale):
    os.chdir("/")
    return enlarge(lr, scale)

@register("threads", title="Leaves threads running")
def threads(lr, scale):
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return enlarge(lr, scale)

@register("fragile", title="Fails where NumPy warns")
def fragile(lr, scale):
    import numpy as np
    np.seterr(all="raise")
    return enlarge(lr, scale)

@register("reads", title="Waits for an answer")
def reads(lr, scale):
    return enlarge(lr, scale) * int(input("scale? "))

@register("slow", title="Waits until it may go on")
def slow(lr, scale):
    folder = Path(__file__).parent
    (folder / "begun").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
    return enlarge(lr, scale)
"""

METRICS = """
import os, sys
import numpy as np
from srbench.metrics import register_metric

@register_metric("dies", title="Dies", higher_is_better=True)
def dies(sr, hr):
    os.kill(os.getpid(), 11)

@register_metric("leaves", title="Leaves", higher_is_better=True)
def leaves(sr, hr):
    sys.exit(1)

@register_metric("nothing", title="NaN", higher_is_better=True)
def nothing(sr, hr):
    return np.nan
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two small images."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    for i in range(2):
        values = np.random.default_rng(i).integers(60, 190, (8, 8, 3)).astype(np.uint8)
        images.write(folder / f"p{i}.png", values.repeat(7, 0).repeat(7, 1))
    return folder


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders with methods and metrics that misbehave, for processes that a test starts."""
    for kind, text in (("METHODS", METHODS), ("METRICS", METRICS)):
        folder = tmp_path / kind.lower()
        folder.mkdir()
        (folder / "misbehaving.py").write_text(text)
        monkeypatch.setenv(f"SRBENCH_{kind}_PATH", str(folder))
    monkeypatch.delenv("SRBENCH_DATA", raising=False)
    return tmp_path


def srbench(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [*RUN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200, **options)


def by_method(out: Path) -> dict[str, set[str]]:
    scores = bench.load(out).scores
    return {str(name): set(rows["status"]) for name, rows in scores.groupby("method")}


@pytest.mark.usefixtures("plugins")
def test_a_method_that_ends_the_program_ends_only_itself(pictures: Path, tmp_path: Path) -> None:
    names = "exits,interrupts,exits-loading,quits,crashes,reads,nearest"
    done = srbench("--datasets", pictures, "--methods", names, "--out", tmp_path / "r", "--jobs", 2)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert by_method(tmp_path / "r") == {name: {"failed"} for name in names.split(",")[:-1]} | {"nearest": {"ok"}}
    scores = bench.load(tmp_path / "r").scores
    messages = scores.groupby("method")["message"].first()
    assert "ends the program with 3" in messages["exits"]
    assert "KeyboardInterrupt" in messages["interrupts"]
    assert "no weights" in messages["exits-loading"]
    assert "ends the program with 5" in messages["quits"]
    assert messages["crashes"] == "The worker process died in this method, a crash in native code (SIGSEGV)."
    assert "EOF" in messages["reads"]


@pytest.mark.usefixtures("plugins")
def test_what_a_method_leaves_behind_reaches_no_other(pictures: Path, tmp_path: Path) -> None:
    names = "moves,threads,fragile,nearest"
    # With a relative folder and stored results beside it, a changed working directory would be noticed.
    base = ("--datasets", pictures, "--jobs", 1)
    done = srbench(*base, "--methods", names, "--out", "r", cwd=tmp_path)  # the thread sleeps for an hour
    assert done.returncode == 0, done.stderr
    alone = srbench(*base, "--methods", "nearest", "--out", "alone", cwd=tmp_path)
    assert alone.returncode == 0, alone.stderr
    columns = ["image", "metric", "value"]
    every = bench.load(tmp_path / "r").scores
    expected = bench.load(tmp_path / "alone").scores[columns]
    for name in names.split(","):
        rows = every[every["method"] == name][columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, expected)


@pytest.mark.usefixtures("plugins")
def test_a_metric_that_fails_costs_only_its_own_scores(pictures: Path, tmp_path: Path) -> None:
    base = ("--datasets", pictures, "--methods", "nearest", "--jobs", 1)
    done = srbench(*base, "--metrics", "psnr,dies,leaves,nothing,ssim", "--out", tmp_path / "r")
    assert done.returncode == 1, done.stderr
    scores = bench.load(tmp_path / "r").scores
    assert {str(name): set(rows["status"]) for name, rows in scores.groupby("metric")} == {
        "psnr": {"ok"},
        "ssim": {"ok"},
        "dies": {"failed"},
        "leaves": {"failed"},
        "nothing": {"failed"},
    }
    messages = scores.groupby("metric")["message"].first()
    assert "died" in messages["dies"]
    assert "SIGSEGV" in messages["dies"]
    assert "NaN" in messages["nothing"]
    srbench(*base, "--out", tmp_path / "alone")
    alone = bench.load(tmp_path / "alone").scores[["metric", "image", "value"]]
    kept = scores[scores["metric"].isin(["psnr", "ssim"])][["metric", "image", "value"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone)


def test_a_small_image_has_the_scores_that_fit_it(tmp_path: Path) -> None:
    values = np.random.default_rng(3).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    images.write(tmp_path / "small" / "s.png", values)
    both = bench.run("nearest", tmp_path / "small", protocols="matlab", out=tmp_path / "both", jobs=1).scores
    alone = bench.run(
        "nearest", tmp_path / "small", protocols="matlab", metrics="psnr", out=tmp_path / "psnr", jobs=1
    ).scores
    assert both.set_index("metric")["status"].to_dict() == {"psnr": "ok", "ssim": "failed"}
    assert both.set_index("metric")["value"]["psnr"] == alone["value"][0]


def start_slow(pictures: Path, tmp_path: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """Start a run, and return it and its processes once the third of its four images is in progress."""
    command = [*RUN, "--datasets", str(pictures), "--methods", "nearest,slow", "--jobs", "1"]
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [*command, "--out", str(tmp_path / "r")], stdout=subprocess.DEVNULL, stderr=stderr,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell may start it ignored
        )  # fmt: skip
    journal = tmp_path / "r" / "journal.jsonl"

    def in_progress() -> bool:
        assert process.poll() is None, "the run ended by itself"
        done = journal.read_bytes().count(b"\n") if journal.is_file() else 0
        return done == 2 and (tmp_path / "methods" / "begun").is_file()

    until(in_progress, "the slow method")
    return process, psutil.Process(process.pid).children(recursive=True)


def press_ctrl_c(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Send it, and wait until the run says that it has seen it."""
    process.send_signal(signal.SIGINT)
    said = tmp_path / "stderr"
    until(
        lambda: "Stopping after the images in progress. Ctrl-C again stops at once." in said.read_text(), "the answer"
    )


def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=3)
    return not alive


@pytest.mark.usefixtures("plugins")
def test_one_ctrl_c_stops_after_the_image_in_progress_and_keeps_it(pictures: Path, tmp_path: Path) -> None:
    process, workers = start_slow(pictures, tmp_path)
    press_ctrl_c(process, tmp_path)
    (tmp_path / "methods" / "go").touch()
    assert process.wait(60) == 130
    stderr = (tmp_path / "stderr").read_text()
    # The image in progress, and no second one after it.
    assert f"Interrupted. Kept: 3 of 4 images in {tmp_path / 'r'}; run the same command again to continue." in stderr
    assert "Traceback" not in stderr
    assert len(bench.load(tmp_path / "r").scores) == 3 * 2
    assert workers
    assert all_gone(workers)


@pytest.mark.usefixtures("plugins")
def test_two_ctrl_c_stop_at_once_and_leave_no_process(pictures: Path, tmp_path: Path) -> None:
    process, workers = start_slow(pictures, tmp_path)
    press_ctrl_c(process, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130  # the image in progress would wait for ever
    stderr = (tmp_path / "stderr").read_text()
    assert "Kept: 2 of 4 images" in stderr
    assert "Traceback" not in stderr
    assert len(bench.load(tmp_path / "r").scores) == 2 * 2
    assert workers
    assert all_gone(workers)


@pytest.mark.usefixtures("plugins")
def test_a_run_that_is_killed_leaves_no_process(pictures: Path, tmp_path: Path) -> None:
    process, workers = start_slow(pictures, tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    assert workers
    assert all_gone(workers)


def test_a_script_needs_no_main_guard(pictures: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"""
print("begin")
from srbench import bench
run = bench.run([lambda lr, scale: lr.repeat(scale, 0).repeat(scale, 1)], {str(pictures)!r}, out="r", jobs=2)
print(sorted(set(run.scores["status"])), len(run.scores))
""")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "begin\n['ok'] 4\n"
