"""Stopping the real command loses nothing, foreign checkpoints are refused, and GAN training lowers its losses."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from srbench import locks, weights
from srbench.errors import TrainingError
from srbench.methods.srresnet.network import SRResNet
from srbench.training import checkpoints, loop
from srbench.training.launch import TrainingRequest, launch
from tests.training.conftest import named, narrow

STEPS = 400
ESPCN: dict[str, Any] = {"steps": STEPS, "crop": 16, "batch": 2, "precision": "fp32"}


def request(folder: Path, out: Path, name: str = "espcn", **settings: Any) -> TrainingRequest:
    return TrainingRequest(name, (folder,), out, settings or ESPCN, quiet=True, device="cpu")


def test_a_command_stopped_by_sigterm_and_resumed_equals_the_uninterrupted_run(
    photo_folder: Path, tmp_path: Path
) -> None:
    whole, parts = request(photo_folder, tmp_path / "whole"), request(photo_folder, tmp_path / "parts")
    command = [sys.executable, "-m", "srbench", "train", "espcn", "--data", str(photo_folder), "--out", str(parts.out)]
    options = ["--crop", "16", "--batch", "2", "--precision", "fp32", "--device", "cpu", "--threads", "1"]
    # The command's checkpoints come after each step, which leaves time to stop it long before its last one.
    process = subprocess.Popen(
        [*command, *options, "--steps", str(STEPS), "--checkpoint-seconds", "0"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 120
    while not (parts.out / checkpoints.INDEX).exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3, error.decode()
    assert 0 < checkpoints.load(parts.out).step < STEPS

    launch(whole)
    result = launch(dataclasses.replace(parts, resume=True))
    assert (result.step, result.stopped_by) == (STEPS, None)
    first, second = checkpoints.load(whole.out).tensors, checkpoints.load(parts.out).tensors
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_a_checkpoint_of_another_method_is_refused_and_left_as_it_was(photo_folder: Path, tmp_path: Path) -> None:
    small = {"steps": 2, "crop": 24, "batch": 2, "precision": "fp32"}
    launch(request(photo_folder, tmp_path, "espcn", **small))
    before = (tmp_path / checkpoints.INDEX).read_bytes()
    with pytest.raises(TrainingError, match='was started with name = "espcn", not "srcnn"'):
        launch(dataclasses.replace(request(photo_folder, tmp_path, "srcnn", **small), resume=True))
    assert (tmp_path / checkpoints.INDEX).read_bytes() == before


def test_a_run_goes_on_with_the_teacher_that_it_had_wherever_that_lies(photo_folder: Path, tmp_path: Path) -> None:
    teachers = []
    for seed, name in ((0, "first"), (1, "second")):
        torch.manual_seed(seed)
        teachers.append(tmp_path / f"{name}.safetensors")
        weights.write(teachers[-1], SRResNet(4, blocks=1, width=4), 4, {})
    moved = tmp_path / "moved.safetensors"
    shutil.copy(teachers[0], moved)
    small: dict[str, Any] = {"steps": 1, "crop": 16, "batch": 2, "precision": "fp32", "blocks": 1, "width": 4}
    launch(request(photo_folder, tmp_path / "run", "srresnet-mse", teacher=str(teachers[0]), **small))
    small["steps"] = 2
    again = request(photo_folder, tmp_path / "run", "srresnet-mse", teacher=str(teachers[1]), **small)
    with pytest.raises(TrainingError, match='was started with taught_by = "'):
        launch(dataclasses.replace(again, resume=True))
    again = request(photo_folder, tmp_path / "run", "srresnet-mse", teacher=str(moved), **small)
    launch(dataclasses.replace(again, resume=True))
    assert checkpoints.load(tmp_path / "run").step == 2


@pytest.mark.parametrize("damage", ["missing", "shape"])
def test_a_checkpoint_whose_tensors_fit_another_network_is_refused(
    photo_folder: Path, tmp_path: Path, damage: str
) -> None:
    what = request(photo_folder, tmp_path, "espcn", **{**ESPCN, "steps": 2})
    launch(what)
    found = checkpoints.load(tmp_path)
    name = next(name for name in found.tensors if name.startswith("generator.network."))
    tensors = {**found.tensors, name: torch.zeros(3, 5)}
    if damage == "missing":
        del tensors[name]
    checkpoints.save(tmp_path, dataclasses.replace(found, tensors=tensors))
    with pytest.raises(TrainingError, match="was made for another network"):
        launch(dataclasses.replace(what, resume=True))


def test_a_checkpoint_of_a_later_format_is_refused(photo_folder: Path, tmp_path: Path) -> None:
    what = request(photo_folder, tmp_path, "espcn", **{**ESPCN, "steps": 2})
    launch(what)
    index = tmp_path / checkpoints.INDEX
    index.write_text(json.dumps({**json.loads(index.read_text()), "format": 99}))
    with pytest.raises(TrainingError, match="has format 99"):
        launch(dataclasses.replace(what, resume=True))


def test_a_rate_that_blows_the_network_up_ends_in_one_sentence(photo_folder: Path, tmp_path: Path) -> None:
    wild = {"steps": 200, "crop": 16, "batch": 2, "precision": "fp32", "rate": 1e30, "schedule": "constant"}
    with pytest.raises(TrainingError, match="Lower --rate"):
        launch(request(photo_folder, tmp_path, "srresnet-mse", **wild, width=8, blocks=1))


def test_srgan_lowers_the_losses_of_both_its_networks(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"crop": 16, "batch": 4, "precision": "fp32", "width": 8, "blocks": 1}
    launch(request(photo_folder, tmp_path / "first", "srresnet-mse", **small, steps=5))
    seen: list[dict[str, float]] = []
    monkeypatch.setattr(loop._Session, "check", lambda _, shown: seen.append(shown))
    gan = {**small, "steps": 40, "warm_up": 2, "vgg": "random", "rate": 1e-3, "start": str(tmp_path / "first")}
    launch(request(photo_folder, tmp_path / "gan", "srgan-vgg22", **gan))
    judged = [shown["discriminator"] for shown in seen]
    content = [shown["content"] for shown in seen if "content" in shown]
    assert len(judged) == 40
    assert len(content) == 38  # the discriminator learns alone in the first two
    assert np.mean(judged[-10:]) < np.mean(judged[:3])
    assert np.mean(content[-10:]) < 0.7 * np.mean(content[:5])


def test_srgan_with_everything_set_is_resumed_bit_for_bit(
    photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"precision": "fp32", "width": 8, "blocks": 1, "crop": 32, "batch": 2}
    launch(request(photo_folder, tmp_path / "first", "srresnet-mse", **network, steps=2))
    save_file(named("VGG16", narrow("VGG16"), "halves"), tmp_path / "vgg.safetensors")
    gan = {**network, "preset": "balanced", "vgg": str(tmp_path / "vgg.safetensors"), "start": str(tmp_path / "first")}
    more = {"steps": 14, "window": 16, "warm_up": 2, "balance_every": 4, "noise": 0.1, "anchor_end": 0.1}
    whole, parts = (
        request(photo_folder, tmp_path / name, "srgan-vgg54", **gan, **more, tail_frozen=0.5) for name in ("a", "b")
    )
    launch(whole)
    original = loop._Session.step

    def step(self: Any, fraction: float) -> None:
        original(self, fraction)
        if self.state.step in (1, 5, 8):  # in the warm-up, and between two settings of the adversarial weight
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(loop._Session, "step", step)
    stops = [launch(dataclasses.replace(parts, resume=bool(n))).step for n in range(4)]
    assert stops == [1, 5, 8, 14]
    first, second = checkpoints.load(whole.out), checkpoints.load(parts.out)
    assert first.tensors.keys() == second.tensors.keys()
    assert [name for name in first.tensors if not torch.equal(first.tensors[name], second.tensors[name])] == []
    assert first.notes == second.notes
    assert first.notes["adversarial_weight"] > 0


def test_a_generator_starts_from_a_gan_run_with_a_new_discriminator(photo_folder: Path, tmp_path: Path) -> None:
    network = {"precision": "fp32", "width": 8, "blocks": 1, "crop": 32, "batch": 2}
    launch(request(photo_folder, tmp_path / "first", "srresnet-mse", **network, steps=2))
    gan = {**network, "layer": None, "rate": 1e-3}
    launch(request(photo_folder, tmp_path / "gan", "srgan-mse", **gan, steps=5, start=str(tmp_path / "first")))
    again = {**gan, "rate": 1e-12, "window": 16, "seed": 3}
    launch(request(photo_folder, tmp_path / "again", "srgan-mse", **again, steps=1, start=str(tmp_path / "gan")))
    before, after = checkpoints.load(tmp_path / "gan"), checkpoints.load(tmp_path / "again")
    assert after.notes["start"] == "srgan-mse after 5 steps"
    for name in ("last.weight", "body.1.weight"):
        assert torch.allclose(before.tensors[f"average.{name}"], after.tensors[f"generator.network.{name}"], atol=1e-9)
    judges = [found.tensors["discriminator.network.features.0.weight"] for found in (before, after)]
    assert not torch.allclose(*judges, atol=1e-2)
    assert after.tensors["discriminator.network.verdict.1.weight"].shape == (1024, 512)


def test_a_second_training_keeps_out_of_a_run_that_is_at_work(photo_folder: Path, tmp_path: Path) -> None:
    run = request(photo_folder, tmp_path / "run")
    with locks.opened(run.out, ".lock", TrainingError) as lock:
        assert locks.taken(lock, locks.ALONE, run.out, TrainingError)
        with pytest.raises(TrainingError, match=r"run is being trained by another process. Wait for it"):
            launch(run)
    assert launch(run).step == ESPCN["steps"], "a lock ends with who held it"
    with pytest.raises(TrainingError, match="already holds a run"):
        launch(run)
