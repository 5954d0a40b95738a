"""A run can be stopped by anything and goes on as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from srbench.errors import TrainingError, WeightsError
from srbench.training import checkpoints
from srbench.training.launch import TrainingRequest, launch
from srbench.training.recipes import recipes

ROOT = Path(__file__).resolve().parents[2]
SMALL: dict[str, dict[str, Any]] = {
    "espcn": {"crop": 32, "batch": 4},
    "srcnn": {"crop": 24, "batch": 4},
    "drcn": {"crop": 16, "batch": 2, "width": 8, "recursions": 3},
    "srresnet-mse": {"crop": 16, "batch": 4, "width": 8, "blocks": 2},
}


def request(folder: Path, out: Path, name: str = "srresnet-mse", **settings: Any) -> TrainingRequest:
    settings = {"precision": "fp32", "seed": 5, "steps": 6, "validations": 2, **SMALL.get(name, {}), **settings}
    return TrainingRequest(name, (folder,), out, settings, folder, 1, quiet=True, device="cpu")


def tensors(out: Path) -> dict[str, torch.Tensor]:
    index = json.loads((out / checkpoints.INDEX).read_text())
    return load_file(out / index["tensors"])


@pytest.mark.parametrize("name", list(SMALL))
def test_200_steps_lower_the_loss_of_each_family(
    photo_folder: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srbench.training import loop

    seen: list[float] = []
    monkeypatch.setattr(loop._Session, "check", lambda self, shown: seen.append(shown["loss"]))
    result = launch(request(photo_folder, tmp_path / "run", name, steps=200))
    assert result.step == len(seen) == 200
    # DRCN sets out from bicubic interpolation instead of noise, so there is less to gain.
    assert np.mean(seen[-20:]) < (0.9 if name == "drcn" else 0.7) * np.mean(seen[:5])
    assert result.psnr is not None


@pytest.mark.parametrize("name", ["srgan-mse", "srgan-vgg22", "srresnet-vgg22"])
def test_gan_training_goes_its_steps_from_srresnet(photo_folder: Path, tmp_path: Path, name: str) -> None:
    launch(request(photo_folder, tmp_path / "first", steps=30))
    settings = {"width": 8, "blocks": 2, "crop": 16, "batch": 2, "vgg": "random", "steps": 4}
    result = launch(request(photo_folder, tmp_path / "gan", name, start=str(tmp_path / "first"), **settings))
    before, after = tensors(tmp_path / "first"), tensors(tmp_path / "gan")
    assert result.step == 4
    assert not torch.equal(before["average.last.weight"], after["average.last.weight"])
    notes = json.loads((tmp_path / "gan" / checkpoints.INDEX).read_text())["notes"]
    assert notes["start"] == "srresnet-mse after 30 steps"
    assert ("features_sha256" in notes) == ("vgg" in name)


def test_a_run_can_start_from_the_weights_of_another(photo_folder: Path, tmp_path: Path) -> None:
    launch(request(photo_folder, tmp_path / "first", "espcn", steps=30))
    launch(request(photo_folder, tmp_path / "second", "espcn", steps=1, rate=1e-9, start=str(tmp_path / "first")))
    before, after = tensors(tmp_path / "first"), tensors(tmp_path / "second")
    name = "layers.0.weight"
    assert torch.allclose(before[f"average.{name}"], after[f"generator.network.{name}"], atol=1e-6)
    notes = json.loads((tmp_path / "second" / checkpoints.INDEX).read_text())["notes"]
    assert notes["start"] == "espcn after 30 steps"
    with pytest.raises(WeightsError, match="another network"):
        launch(request(photo_folder, tmp_path / "third", "srcnn", start=str(tmp_path / "first")))


@pytest.mark.parametrize("optimiser", ["adam", "soap"])
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(
    photo_folder: Path, tmp_path: Path, optimiser: str
) -> None:
    settings = {"steps": 24, "optimiser": optimiser}
    whole, parts = (request(photo_folder, tmp_path / name, **settings) for name in ("whole", "parts"))
    launch(whole)
    _stop_after(parts, 13)
    launch(_resumed(parts))
    first, second = tensors(tmp_path / "whole"), tensors(tmp_path / "parts")
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def _stop_after(what: TrainingRequest, steps: int) -> None:
    """Run until a signal comes during step number `steps`."""
    from srbench.training import loop

    original, count = loop._Session.step, 0

    def step(self: Any, fraction: float) -> None:
        nonlocal count
        count += 1
        original(self, fraction)
        if count == steps:
            os.kill(os.getpid(), signal.SIGTERM)

    loop._Session.step = step  # type: ignore[method-assign]
    try:
        result = launch(what)
    finally:
        loop._Session.step = original  # type: ignore[method-assign]
    assert (result.step, result.stopped_by) == (steps, "SIGTERM")


def _resumed(what: TrainingRequest) -> TrainingRequest:
    return replace(what, resume=True)


@pytest.mark.slow
def test_any_signal_stops_the_command_with_a_complete_checkpoint(photo_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "srbench", "train", "espcn", "--data", str(photo_folder), "--out"]
    options = ["--steps", "1000000", "--crop", "16", "--batch", "1", "--device", "cpu", "--checkpoint-seconds", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = tmp_path / "run"
    process = subprocess.Popen([*command, str(out), *options], cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (out / checkpoints.INDEX).exists() and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3, error.decode()
    assert b"Stopped by SIGINT" in error
    assert checkpoints.load(out).step > 0


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(photo_folder: Path, tmp_path: Path) -> None:
    what = request(photo_folder, tmp_path / "run", steps=40)
    _stop_after(what, 2)
    from srbench.training import losses

    good = tensors(tmp_path / "run")
    original = losses.of_crops
    losses.of_crops = lambda sr, hr: original(sr, hr) * float("nan")
    try:
        with pytest.raises(TrainingError, match="last good checkpoint is step 2"):
            launch(_resumed(what))
    finally:
        losses.of_crops = original
    assert all(torch.equal(good[name], tensor) for name, tensor in tensors(tmp_path / "run").items())


def test_wrong_orders_are_refused_in_one_line(photo_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(TrainingError, match="Did you mean 'espcn'"):
        launch(request(photo_folder, out, "espcnn"))
    with pytest.raises(TrainingError, match="Unknown setting 'vgg'"):
        launch(request(photo_folder, out, vgg="random"))
    with pytest.raises(TrainingError, match="either --steps or --minutes"):
        launch(request(photo_folder, out, minutes=1.0))
    with pytest.raises(TrainingError, match="not a multiple of the scale"):
        launch(request(photo_folder, out, crop=18))
    with pytest.raises(TrainingError, match="Unknown schedule"):
        launch(request(photo_folder, out, schedule="cosin"))
    with pytest.raises(TrainingError, match="found none"):
        launch(request(tmp_path, out))


def test_a_run_is_not_overwritten_nor_resumed_with_other_settings(photo_folder: Path, tmp_path: Path) -> None:
    what = request(photo_folder, tmp_path / "run", steps=2)
    launch(what)
    with pytest.raises(TrainingError, match="already holds a run"):
        launch(what)
    with pytest.raises(TrainingError, match="was started with rate"):
        launch(_resumed(request(photo_folder, tmp_path / "run", steps=2, rate=0.5)))


def test_every_name_of_the_paper_has_a_recipe() -> None:
    names = {"srcnn", "espcn", "drcn", "srresnet-mse", "srresnet-vgg22", "srgan-mse", "srgan-vgg22", "srgan-vgg54"}
    assert names <= recipes().keys()


def test_two_processes_have_the_gradient_of_one_on_the_joined_batch(photo_folder: Path, tmp_path: Path) -> None:
    """Compares the weights after three steps, without batch normalisation, whose statistics are each process's."""
    settings = {"steps": 3, "crop": 16, "batch": 4, "blocks": 1, "width": 8, "bn": False, "precision": "fp32"}
    alone = TrainingRequest("srresnet-mse", (photo_folder,), tmp_path / "one", settings, quiet=True, device="cpu")
    launch(replace(alone, keep_duplicates=True))
    options = ["--steps", "3", "--crop", "16", "--batch", "4", "--blocks", "1", "--set", "width=8", "--no-bn"]
    options += ["--precision", "fp32", "--device", "cpu", "--keep-duplicates"]
    train = ["srbench", "train", "srresnet-mse", "--data", str(photo_folder), *options, "--out", str(tmp_path / "two")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    processes = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", *train]
    done = subprocess.run(processes, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    one, two = tensors(tmp_path / "one"), tensors(tmp_path / "two")
    for name in one:
        if name.startswith("generator.adam") and name.endswith("exp_avg"):
            np.testing.assert_allclose(one[name].numpy(), two[name].numpy(), rtol=1e-3, atol=1e-7)


def test_minutes_are_of_training_and_validation_takes_little_beside_them(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srbench.training import validation

    calls: list[float] = []

    def slow(*_: Any) -> float:
        calls.append(time.monotonic())
        time.sleep(0.5)
        return 30.0

    monkeypatch.setattr(validation, "psnr", slow)
    settings = {"steps": None, "minutes": 0.05, "validations": 100}
    outcome = launch(request(photo_folder, tmp_path, "espcn", **settings))
    assert 2 <= len(calls) <= 3  # the first, perhaps one more within a tenth of the time, and the last
    assert 3.0 <= outcome.seconds < 3.4  # none of the second and a half that they took
    assert outcome.psnr == 30.0


def test_held_out_photographs_are_known_by_their_content(photo_folder: Path, tmp_path: Path) -> None:
    copies = tmp_path / "spelled" / ".." / "copies"
    (tmp_path / "spelled").mkdir()
    copies.mkdir()
    for number, path in enumerate(sorted(photo_folder.glob("*.png"))):
        (copies / f"other-{number}.png").write_bytes(path.read_bytes())
    settings = {"crop": 16, "batch": 2, "steps": 1, "precision": "fp32"}
    launch(TrainingRequest("espcn", (copies,), tmp_path / "run", settings, photo_folder, 2, quiet=True, device="cpu"))
    config = checkpoints.load(tmp_path / "run").config
    assert (config["photographs"], len(config["held_out"])) == (4, 2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": "abc"}, "Expected a number for the setting rate, but got 'abc'"),
        ({"blocks": -1}, "Expected --blocks and --width of at least 1"),
        ({"ema": 2.0}, "Expected --ema of at least 0 and below 1"),
        ({"scale": 1}, "Expected --scale 2 or more"),
        ({"scale": 5, "crop": 40}, "enlarges by products of 2 and 3, not by 5. Change --scale"),
        ({"blocks": 1.5}, "Expected a whole number for the setting blocks, but got 1.5"),
        ({"precision": "fp8"}, "Unknown precision 'fp8'"),
    ],
)
def test_values_that_make_no_sense_are_one_line_and_no_traceback(
    photo_folder: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        launch(request(photo_folder, tmp_path, **settings))
    with pytest.raises(TrainingError, match="Unknown device 'mps'"):
        launch(replace(request(photo_folder, tmp_path), device="mps"))


def test_a_system_without_some_signals_trains_with_the_others() -> None:
    script = "import signal as s; del s.SIGHUP, s.SIGUSR1; from srbench.training import loop; print(*loop._SIGNALS)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(int(one)) for one in (signal.SIGINT, signal.SIGTERM)], done.stderr
