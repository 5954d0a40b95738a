"""In how many bits a run computes is measured once, on layers like its own, and kept."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from torch import nn

from srbench.training import checkpoints, precision, throughput
from srbench.training.launch import TrainingRequest, launch

CPU = torch.device("cpu")


def in_16_bits(context: AbstractContextManager[object]) -> bool:
    with context:
        return torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("faster", ["bf16", "fp32"])
def test_the_faster_precision_is_chosen_for_the_layers_of_the_run_and_kept(
    faster: str, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def seconds(_: torch.device, context: AbstractContextManager[object], batch: int, side: int) -> float:
        asked.append((batch, side))
        return 0.001 if in_16_bits(context) == (faster == "bf16") else 0.002

    monkeypatch.setattr(throughput, "layer_seconds", seconds)
    settings = {"steps": 1, "crop": 32, "batch": 4, "precision": "auto"}
    launch(TrainingRequest("espcn", (photo_folder,), tmp_path, settings, quiet=True, device="cpu"))
    assert checkpoints.load(tmp_path).config["plan"]["precision"] == faster
    assert asked == [(4, 8), (4, 8)]


def test_what_is_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(throughput, "layer_seconds")
    assert precision.choose(CPU, "bf16") == ("bf16", "")


def test_the_sentence_names_both_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "layer_seconds", lambda _, context, *__: 0.0123 if in_16_bits(context) else 0.004)
    found, why = precision.choose(CPU, "auto", 16, 24)
    assert found == "fp32"
    assert "12.30 ms in 16 bits, 4.00 ms in 32" in why


def test_layers_take_longer_where_there_are_more_pixels() -> None:
    small, large = (throughput.layer_seconds(CPU, precision.full(CPU), 1, side) for side in (8, 64))
    assert 0 < small < large


def test_measuring_leaves_the_random_numbers_of_the_run_alone() -> None:
    before = torch.random.get_rng_state()
    precision.choose(CPU, "auto", 1, 8)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_search_for_fast_convolutions_is_for_gpus_only() -> None:
    with precision.searching(CPU):
        assert not torch.backends.cudnn.benchmark
    with precision.searching(torch.device("cuda")):
        assert torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.benchmark


def test_a_part_in_32_bits_stays_so_inside_of_16() -> None:
    layer, image = nn.Conv2d(1, 1, 3), torch.zeros(1, 1, 5, 5)
    with precision.context(CPU, "bf16"):
        assert layer(image).dtype == torch.bfloat16
        with precision.full(CPU):
            assert layer(image).dtype == torch.float32
    with precision.context(CPU, "fp32"):
        assert layer(image).dtype == torch.float32
