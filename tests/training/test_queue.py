"""A queue of jobs goes on after anything, shares out its minutes, and leaves a small file of weights for each."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srbench import weights
from srbench.errors import TrainingError
from srbench.methods.srresnet.network import SRResNet
from srbench.training import averaged, checkpoints, queue
from srbench.training.launch import TrainingRequest
from srbench.training.queue import Job, Queue

SMALL = {"crop": 16, "batch": 2, "width": 8, "blocks": 1, "precision": "fp32"}
FILE = """
hold_out = 1

[[job]]
name = "plain"
recipe = "srresnet-mse"
share = 3
settings = { crop = 16, batch = 2, width = 8, blocks = 1, precision = "fp32" }

[[job]]
name = "small"
recipe = "espcn"
share = 1
settings = { crop = 16, batch = 2, precision = "fp32" }

[[job]]
name = "gan"
recipe = "srgan-mse"
share = 2
start = "plain"
settings = { crop = 16, batch = 2, width = 8, blocks = 1, precision = "fp32" }
"""


def common(folder: Path, out: Path, **settings: Any) -> TrainingRequest:
    return TrainingRequest("", (folder,), out, settings, quiet=True, device="cpu", checkpoint_seconds=0.0)


def jobs(*names: str, **changes: Any) -> Queue:
    return Queue(tuple(Job(name, "srresnet-mse", 1.0, settings=SMALL, **changes) for name in names))


def test_a_queue_that_is_killed_goes_on_by_the_same_command_and_is_done_once(
    photo_folder: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "night.toml", tmp_path / "runs"
    file.write_text(FILE)
    command = [sys.executable, "-m", "srbench", "train", "--queue", str(file), "--minutes", "0.1", "--out", str(out)]
    command += ["--data", str(photo_folder), "--validation", str(photo_folder), "--device", "cpu", "--threads", "1"]
    command += ["--checkpoint-seconds", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while not (out / "plain" / averaged.FILE).exists() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    first.kill()
    _, error = first.communicate(timeout=60)
    assert first.returncode == -9, error.decode()
    killed = checkpoints.load(out / "plain")
    assert 0 < killed.fraction < 1
    assert not (out / "small").exists()

    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert second.returncode == 0, second.stderr
    assert [line.split(":")[1].split(",")[0] for line in second.stdout.splitlines()] == [" done"] * 3
    found = {name: averaged.read(out / name / averaged.FILE) for name in ("plain", "small", "gan")}
    assert {name: round(one.config["plan"]["minutes"], 6) for name, one in found.items()} == {
        "plain": 0.05,
        "small": 0.016667,
        "gan": 0.033333,
    }
    assert all(one.fraction == 1 for one in found.values())
    assert found["plain"].step > killed.step
    assert found["plain"].seconds < 1.5 * 60 * 0.05  # it went on, and did not begin again
    assert found["gan"].notes["start"] == f"srresnet-mse after {found['plain'].step} steps"

    # Of what comes back from a lent machine, the small files are enough to leave out what is done.
    for index in out.glob("*/checkpoint*"):
        index.unlink()
    before = {path: path.read_bytes() for path in out.glob("*/weights.safetensors")}
    third = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert third.returncode == 0, third.stderr
    assert third.stdout.count("nothing is left") == 3
    assert {path: path.read_bytes() for path in out.glob("*/weights.safetensors")} == before
    assert len(before) == 3


def test_averaged_weights_apart_are_those_of_the_checkpoint_and_a_method_can_load_them(
    photo_folder: Path, tmp_path: Path
) -> None:
    results = queue.train(jobs("one"), 0.02, common(photo_folder, tmp_path))
    assert [result.state for result in results] == ["done"]
    checkpoint, apart = checkpoints.load(tmp_path / "one"), averaged.read(tmp_path / "one" / averaged.FILE)
    assert (apart.step, apart.seconds) == (checkpoint.step, checkpoint.seconds)
    assert apart.config == {name: value for name, value in checkpoint.config.items() if name != "places"}
    for name, tensor in apart.tensors.items():
        assert tensor.equal(checkpoint.tensors[name])
    network = weights.load(tmp_path / "one" / averaged.FILE, SRResNet, 4)
    assert network.arguments["blocks"] == 1
    assert (tmp_path / "one" / averaged.FILE).stat().st_size < 0.5 * sum(
        path.stat().st_size for path in (tmp_path / "one").glob("checkpoint-*")
    )


def test_a_job_that_fails_stops_only_those_that_start_from_it(photo_folder: Path, tmp_path: Path) -> None:
    wild = {**SMALL, "rate": 1e30, "schedule": "constant"}
    wanted = Queue(
        (
            Job("wild", "srresnet-mse", 1.0, settings=wild),
            Job("next", "srresnet-mse", 1.0, "wild", SMALL),
            Job("after", "srresnet-mse", 1.0, "next", SMALL),
            Job("other", "srresnet-mse", 1.0, None, SMALL),
        )
    )
    results = {one.name: one for one in queue.train(wanted, 0.08, common(photo_folder, tmp_path))}
    assert [results[name].state for name in ("wild", "next", "after", "other")] == ["failed"] * 3 + ["done"]
    assert "Lower --rate" in results["wild"].message
    assert results["next"].message == "it starts from 'wild', which has failed"


def test_unfinished_weights_without_a_checkpoint_are_not_trained_over(photo_folder: Path, tmp_path: Path) -> None:
    what = common(photo_folder, tmp_path)
    queue.train(jobs("one"), 0.01, what)
    for path in (tmp_path / "one").glob("checkpoint*"):
        path.unlink()
    with pytest.raises(TrainingError, match="no checkpoint to go on from"):
        queue.train(jobs("one", "two"), 2.0, what)
    assert not (tmp_path / "two").exists()


def test_minutes_are_shared_out_among_all_jobs_and_settings_of_the_command_count_more(
    photo_folder: Path, tmp_path: Path
) -> None:
    wanted = jobs("a", "b")
    longer = replace(wanted, jobs=(replace(wanted.jobs[0], share=4.0), wanted.jobs[1]))
    found = queue.requests(longer, 10.0, common(photo_folder, tmp_path, batch=4))
    assert [request.settings["minutes"] for request in found] == [8.0, 2.0]
    assert [request.settings["batch"] for request in found] == [4, 4]
    assert [request.out for request in found] == [tmp_path / "a", tmp_path / "b"]


def test_only_an_earlier_job_is_meant_by_its_name(photo_folder: Path, tmp_path: Path) -> None:
    wanted = Queue((Job("a", "espcn", 1.0), Job("b", "espcn", 1.0, "a"), Job("espcn", "espcn", 1.0, "espcn")))
    found = queue.requests(wanted, 1.0, common(photo_folder, tmp_path))
    assert [request.settings.get("start") for request in found] == [None, str(tmp_path / "a"), "espcn"]


def test_folders_in_a_queue_file_are_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "q.toml"
    file.write_text('data = ["photos", "/abs"]\nvalidation = "held"\n[[job]]\nname = "espcn"\n')
    found = queue.read(file)
    assert found.data == (tmp_path / "photos", Path("/abs"))
    assert (found.validation, found.hold_out) == (tmp_path / "held", 20)
    assert found.jobs == (Job("espcn", "espcn", 1.0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[job]\n", "Cannot read the queue"),
        ("", "holds no jobs"),
        ("[[job]]\nrecipe = 'espcn'\n", "needs a name"),
        ("[[job]]\nname = 'a/b'\n", "needs a name"),
        ("[[job]]\nname = 'a'\nshare = 0\n", "needs a share above zero"),
        ("[[job]]\nname = 'a'\nshares = 1\n", "Did you mean 'share'"),
        ("[[job]]\nname = 'a'\n[[job]]\nname = 'a'\n", "are called 'a'"),
        ("minutes = 3\n[[job]]\nname = 'a'\n", "Unknown entry 'minutes'"),
    ],
)
def test_a_queue_file_that_is_wrong_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "q.toml"
    file.write_text(text)
    with pytest.raises(TrainingError, match=message) as caught:
        queue.read(file)
    assert "\n" not in str(caught.value)


def test_a_wrong_job_is_found_before_anything_is_trained(photo_folder: Path, tmp_path: Path) -> None:
    for broken, message in (
        (Job("b", "espcnn", 1.0), "Did you mean 'espcn'"),
        (Job("b", "espcn", 1.0, settings={"vgg": "x"}), "Unknown setting 'vgg'"),
        (Job("b", "espcn", 1.0, settings={"crop": 18}), "not a multiple of the scale"),
    ):
        wanted = Queue((*jobs("a").jobs, broken))
        with pytest.raises(TrainingError, match=message):
            queue.train(wanted, 1.0, common(photo_folder, tmp_path / "runs"))
    with pytest.raises(TrainingError, match="found none"):
        queue.train(jobs("a"), 1.0, common(tmp_path, tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


def test_what_no_run_has_written_is_no_averaged_weights(photo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / averaged.FILE
    weights.write(path, SRResNet(4, blocks=1, width=8), 4, {"features": "none"})
    with pytest.raises(TrainingError, match="does not say which training"):
        averaged.read(path)
    with pytest.raises(TrainingError, match="Found no complete checkpoint"):
        averaged.read(photo_folder)


def test_the_shipped_queue_file_can_be_read_and_all_its_jobs_are_sound(photo_folder: Path, tmp_path: Path) -> None:
    file = Path(__file__).resolve().parents[2] / "docs" / "queue.toml"
    found = queue.read(file)
    requests = queue.requests(found, 13.0, common(photo_folder, tmp_path))
    assert sum(request.settings["minutes"] for request in requests) == pytest.approx(13.0)
