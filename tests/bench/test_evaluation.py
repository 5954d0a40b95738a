"""The run as a user starts it: real worker processes on a small folder of images."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images
from srbench.bench import results
from srbench.resize import reduce
from tests.commands import run_here

PLUGIN = """
import os, time
import numpy as np
from srbench.registry import register

def enlarge(lr, scale):
    return lr.repeat(scale, 0).repeat(scale, 1)

@register("raises", title="Raises")
def raises(lr, scale):
    raise ValueError("this method is broken")

@register("small", title="Wrong size")
def small(lr, scale):
    return lr

@register("nan", title="NaN")
def nan(lr, scale):
    return np.full_like(enlarge(lr, scale), np.nan, dtype=float)

@register("integers", title="Wrong type")
def integers(lr, scale):
    return enlarge(lr, scale).astype(int)

@register("dies", title="Kills its process")
def dies(lr, scale):
    if lr.ndim == 2:
        os.abort()
    return enlarge(lr, scale)

@register("slow", title="Slow")
def slow(lr, scale):
    time.sleep(0.4)
    return enlarge(lr, scale)
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four small images, the first of them gray."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    rng = np.random.default_rng(1)
    for i in range(4):
        y, x = np.mgrid[0:58, 0:66]
        wave = 120 + 60 * np.sin(x / (3 + i)) * np.cos(y / 4)
        image = np.clip(wave[..., None] + rng.normal(0, 8, (58, 66, 3)), 0, 255).astype(np.uint8)
        images.write(folder / f"p{i}.png", image[..., 0] if i == 0 else image)
    return folder


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with methods that fail in every way."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "faulty.py").write_text(PLUGIN)
    return folder


def srbench(*arguments: object, plugins: Path | None = None, **options: object) -> subprocess.CompletedProcess[str]:
    if not plugins and not options:
        return run_here(*arguments, SRBENCH_METHODS_PATH="", COLUMNS="200", SRBENCH_DATA=None)
    env = {**os.environ, "SRBENCH_METHODS_PATH": str(plugins or ""), "COLUMNS": "200"}
    env.pop("SRBENCH_DATA", None)
    command = [sys.executable, "-m", "srbench", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def values(run: Path) -> pd.DataFrame:
    """Return what must not depend on how a run went: all but times and memory."""
    return results.load(run).scores.drop(columns=["seconds", "peak_mb"])


def test_a_folder_is_evaluated_and_everything_is_kept(pictures: Path, tmp_path: Path) -> None:
    done = srbench(
        "run", "--datasets", pictures, "--methods", "nearest,bicubic,hr", "--out", tmp_path / "r", "--scale", 2
    )
    assert done.returncode == 0, done.stderr
    assert "PSNR at x2, protocol daala (version" in done.stdout
    run = results.load(tmp_path / "r")
    assert len(run.scores) == 3 * 4 * 2
    assert set(run.scores["status"]) == {"ok"}
    assert (run.scores["seconds"] >= 0).all()
    assert run.scores["peak_mb"].between(20, 5000).all()
    assert run.scores.query("method == 'hr' and metric == 'psnr'")["value"].eq(np.inf).all()
    means = run.scores[run.scores["metric"] == "psnr"].groupby("method")["value"].mean()
    assert means["bicubic"] > means["nearest"]
    kept = images.read(results.image_path(tmp_path / "r", "nearest", "mine", "p1"))
    lr = reduce(images.crop_to_multiple(images.read(pictures / "p1.png"), 2), 2)
    np.testing.assert_array_equal(kept, lr.repeat(2, 0).repeat(2, 1))
    assert images.read(results.image_path(tmp_path / "r", "nearest", "mine", "p0")).ndim == 2
    assert run.info["methods"]["nearest"]["fingerprint"]
    assert len(run.info["images_sha256"]) == 12
    shown = srbench("show", tmp_path / "r", "--format", "json")
    records = json.loads(shown.stdout)
    assert {row["method"] for row in records} == {"nearest", "bicubic", "hr"}


def test_results_do_not_depend_on_the_number_of_jobs(pictures: Path, tmp_path: Path) -> None:
    for jobs in (1, 3):
        srbench(
            "run", "--datasets", pictures, "--methods", "nearest,bicubic", "--out", tmp_path / str(jobs), "--jobs", jobs
        )
    pd.testing.assert_frame_equal(values(tmp_path / "1"), values(tmp_path / "3"))


def test_every_fault_is_named_and_the_others_go_on(pictures: Path, plugins: Path, tmp_path: Path) -> None:
    names = "raises,small,nan,integers,dies,nearest"
    done = srbench("run", "--datasets", pictures, "--methods", names, "--out", tmp_path / "r", plugins=plugins)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "FAILED integers on mine/p0: Method 'integers' returned int64" in done.stderr
    scores = results.load(tmp_path / "r").scores.query("metric == 'psnr'")
    status = scores.groupby("method")["status"].agg(lambda s: "/".join(sorted(set(s))))
    assert status.to_dict() == {
        "raises": "failed",
        "small": "failed",
        "nan": "failed",
        "integers": "failed",
        "dies": "failed/ok",
        "nearest": "ok",
    }
    messages = scores[scores["status"] == "failed"].groupby("method")["message"].first()
    assert "expected (56, 64)" in messages["small"]
    assert "not finite" in messages["nan"]
    assert "int64" in messages["integers"]
    assert "worker process died" in messages["dies"]
    assert "failed (4 of 4)" in done.stdout


def test_a_second_run_computes_nothing_and_repeats_the_table(pictures: Path, tmp_path: Path) -> None:
    arguments = ("run", "--datasets", pictures, "--methods", "nearest,bicubic", "--out", tmp_path / "r")
    first = srbench(*arguments)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("r/images/**/*.png")}
    journal = (tmp_path / "r" / "journal.jsonl").read_bytes()
    second = srbench(*arguments)
    assert second.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("r/images/**/*.png")} == before
    assert (tmp_path / "r" / "journal.jsonl").read_bytes() == journal


def test_only_what_is_no_longer_valid_is_computed_again(pictures: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for path in pictures.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    arguments = ("run", "--datasets", mine, "--methods", "nearest", "--out", tmp_path / "r")
    srbench(*arguments)
    lines = (tmp_path / "r" / "journal.jsonl").read_text().count("\n")
    images.write(mine / "p1.png", images.read(mine / "p2.png"))
    results.image_path(tmp_path / "r", "nearest", "mine", "p3").write_bytes(b"spoilt")
    srbench(*arguments)
    assert (tmp_path / "r" / "journal.jsonl").read_text().count("\n") == lines + 2
    scores = values(tmp_path / "r").set_index(["metric", "image"])["value"]
    assert scores["psnr", "p1"] == scores["psnr", "p2"]


def test_a_further_metric_or_protocol_keeps_the_pictures(pictures: Path, tmp_path: Path) -> None:
    base = ("run", "--datasets", pictures, "--methods", "nearest", "--out", tmp_path / "r")
    srbench(*base, "--metrics", "psnr")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("r/images/**/*.png")}
    done = srbench(*base, "--metrics", "psnr,ssim", "--protocol", "daala,matlab")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("r/images/**/*.png")} == before
    both = results.load(tmp_path / "r").scores
    assert both.groupby(["protocol", "metric"]).size().to_dict() == {
        ("daala", "psnr"): 4,
        ("daala", "ssim"): 4,
        ("matlab", "psnr"): 4,
        ("matlab", "ssim"): 4,
    }


def test_kill_minus_nine_loses_at_most_the_image_in_progress(pictures: Path, plugins: Path, tmp_path: Path) -> None:
    arguments = ["run", "--datasets", str(pictures), "--methods", "nearest,slow", "--jobs", "1", "--out"]
    env = {**os.environ, "SRBENCH_METHODS_PATH": str(plugins)}
    killed = tmp_path / "killed"
    journal = killed / "journal.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "srbench", *arguments, str(killed)],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 5):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = journal.read_bytes().count(b"\n")
    time.sleep(1.0)  # a worker that outlived its parent would still write now
    pictures_before = {path: path.stat().st_mtime_ns for path in killed.glob("images/**/*.png")}
    assert finished < 8
    assert json.loads((killed / "run.json").read_text())["methods"].keys() == {"nearest", "slow"}
    assert len(pictures_before) <= finished + 1
    done = srbench(*arguments, killed, plugins=plugins)
    assert done.returncode == 0, done.stderr
    assert journal.read_bytes().count(b"\n") == 8
    assert not list(killed.glob("images/**/.*"))
    srbench(*arguments, tmp_path / "whole", plugins=plugins)
    pd.testing.assert_frame_equal(values(killed), values(tmp_path / "whole"))
    for path in killed.glob("images/**/*.png"):
        assert path.read_bytes() == (tmp_path / "whole" / path.relative_to(killed)).read_bytes()


def test_interrupting_keeps_what_is_done_and_says_so(pictures: Path, plugins: Path, tmp_path: Path) -> None:
    env = {**os.environ, "SRBENCH_METHODS_PATH": str(plugins)}
    command = [sys.executable, "-m", "srbench", "run", "--datasets", str(pictures), "--methods", "slow", "--jobs", "1"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "r")], env=env, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may start tests with it ignored
    )  # fmt: skip
    deadline = time.monotonic() + 60
    journal = tmp_path / "r" / "journal.jsonl"
    while not (journal.is_file() and journal.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again to continue" in stderr
    assert "Traceback" not in stderr
    assert len(results.load(tmp_path / "r").scores) >= 2


def test_stored_results_are_scored_whatever_they_are_called(pictures: Path, tmp_path: Path) -> None:
    srbench("run", "--datasets", pictures, "--methods", "nearest", "--out", tmp_path / "a")
    stored = tmp_path / "stored" / "Somebody"
    for i in range(4):
        path = results.image_path(tmp_path / "a", "nearest", "mine", f"p{i}")
        image = images.read(path)
        images.write(stored / f"mine_p{i}_x4.png", np.dstack([image] * 3) if image.ndim == 2 else image)
    done = srbench("run", "--datasets", pictures, "--methods", f"results:{stored}", "--out", tmp_path / "b")
    assert done.returncode == 0, done.stderr
    columns = ["image", "metric", "value"]
    a, b = (values(tmp_path / name)[columns] for name in "ab")
    pd.testing.assert_frame_equal(a, b)
    assert set(values(tmp_path / "b")["method"]) == {"results/Somebody"}
    (stored / "mine_p3_x4.png").unlink()
    done = srbench("run", "--datasets", pictures, "--methods", f"results:{stored}", "--out", tmp_path / "b")
    assert done.returncode == 0, done.stderr  # nothing failed
    assert "MISSING results/Somebody on mine/p3: " in done.stderr
    rows = results.load(tmp_path / "b").scores.set_index(["metric", "image"])
    assert rows["status"]["psnr"].to_dict() == {"p0": "ok", "p1": "ok", "p2": "ok", "p3": "missing"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--methods", "bicubik"), "Unknown method 'bicubik'. Did you mean 'bicubic'?"),
        (("--datasets", "set6"), "set5"),
        (("--datasets", "./nowhere"), "nowhere"),
        (("--metrics", "pnsr"), "Did you mean 'psnr'?"),
        (("--protocol", "matlap"), "Did you mean 'matlab'?"),
        (("--precision", "double"), "Known: bf16, exact, fast"),
        (("--device", "cuda"), "cuda"),
        (("--methods", "results:nowhere"), "there is no such folder"),
        (("--out", "/proc/run"), "Cannot write to /proc/run"),
        (("--methods", ","), "No method was named"),
        (("--datasets", ","), "No data set was named"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_status_two(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = srbench("run", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert message in done.stderr


@pytest.mark.parametrize("spoil", [lambda data: data[:-300], lambda data: b"", lambda data: b"no image at all"])
def test_a_damaged_input_ends_the_run_with_its_name_and_loses_nothing(
    pictures: Path, tmp_path: Path, spoil: object
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for path in sorted(pictures.iterdir()):
        (mine / path.name).write_bytes(path.read_bytes())
    arguments = ("run", "--datasets", mine, "--methods", "nearest", "--out", tmp_path / "r", "--jobs", 1)
    assert srbench(*arguments, "--limit", 2).returncode == 0
    whole = (mine / "p3.png").read_bytes()
    (mine / "p3.png").write_bytes(spoil(whole))  # type: ignore[operator]
    done = srbench(*arguments)
    assert done.returncode == 2
    assert "p3.png" in done.stderr
    assert "Traceback" not in done.stderr
    (mine / "p3.png").write_bytes(whole)
    assert srbench(*arguments).returncode == 0
    assert len(values(tmp_path / "r")) == 8


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(pictures: Path, tmp_path: Path) -> None:
    arguments = ("run", "--datasets", pictures, "--methods", "nearest,hr", "--out", tmp_path / "r", "--jobs", 1)

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))  # the images are larger

    done = srbench(*arguments, preexec_fn=no_room)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert srbench(*arguments).returncode == 0
    assert len(values(tmp_path / "r")) == 16


@pytest.mark.parametrize("kind", ["METHODS", "METRICS", "PROTOCOLS", "DATASETS"])
def test_a_run_names_a_broken_place_of_any_kind_once_and_goes_on(
    kind: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SRBENCH_{kind}_PATH", "/nope")
    arguments = ("run", "--datasets", pictures, "--methods", "nearest", "--limit", 1, "--out", tmp_path / "r")
    done = srbench(*arguments, plugins=Path("/nope") if kind == "METHODS" else None)
    assert done.returncode == 0
    reason = f"SRBENCH_{kind}_PATH names it, but there is no such folder"
    assert (done.stdout + done.stderr).count(reason) == 1
    assert len(values(tmp_path / "r")) == 2


def test_two_folders_with_one_name_are_refused(pictures: Path, tmp_path: Path) -> None:
    twin = tmp_path / "mine"
    twin.mkdir()
    (twin / "p1.png").write_bytes((pictures / "p1.png").read_bytes())
    done = srbench("run", "--datasets", f"{pictures},{twin}", "--methods", "nearest", "--out", tmp_path / "r")
    assert done.returncode == 2
    assert "Two of the data sets are called 'mine'" in done.stderr


def test_a_run_folder_keeps_to_one_scale_and_one_process(pictures: Path, tmp_path: Path) -> None:
    arguments = ("run", "--datasets", pictures, "--methods", "nearest", "--out", tmp_path / "r")
    srbench(*arguments)
    done = srbench(*arguments, "--scale", 2)
    assert done.returncode == 2
    assert "holds a run at x4, not x2" in done.stderr
    import fcntl

    with (tmp_path / "r" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = srbench(*arguments)
    assert done.returncode == 2
    assert "in use" in done.stderr


def test_gray_as_colour_is_another_protocol_in_the_scores(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(48), 3 * np.arange(48)).astype(np.uint8)
    images.write(tmp_path / "p" / "gray.png", ramp)
    found = {}
    for gray in ("mean", "rgb"):
        run = bench.run(
            "nearest", str(tmp_path / "p"), protocols=["matlab", "basicsr"], metrics="psnr", gray=gray, jobs=1,
            out=tmp_path / "r",
        )  # fmt: skip
        found[gray] = run.scores.set_index("protocol")["value"].to_dict()
    assert set(found["mean"]) == {"matlab", "basicsr"}
    assert found["rgb"]["matlab-gray-rgb"] == pytest.approx(found["mean"]["matlab"] + 1.32, abs=0.15)
    assert found["rgb"]["basicsr"] == found["mean"]["basicsr"]


def test_a_folder_with_commas_in_its_path_can_be_named(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "one,two"
    folder.mkdir()
    (folder / "p1.png").write_bytes((pictures / "p1.png").read_bytes())
    whole = ("--datasets", folder, "--datasets", pictures)
    escaped = ("--datasets", str(folder).replace(",", r"\,") + f",{pictures}")
    for number, named in enumerate((whole, escaped)):
        out = tmp_path / str(number)
        done = srbench("run", *named, "--methods", "nearest", "--metrics", "psnr", "--limit", 1, "--out", out)
        assert done.returncode == 0, done.stderr
        assert set(values(out)["dataset"]) == {"one,two", "mine"}
