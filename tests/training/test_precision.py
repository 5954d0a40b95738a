"""In how many bits a network computes: as asked for, or as this machine is faster."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from srbench.training import precision, throughput

CPU = torch.device("cpu")


@pytest.mark.parametrize(("half", "full", "expected"), [(3e9, 2e9, "bf16"), (2e9, 3e9, "fp32"), (2e9, 2e9, "fp32")])
def test_auto_takes_what_is_measured_to_be_faster_and_says_so(
    half: float, full: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = {torch.bfloat16: half, torch.float32: full}
    monkeypatch.setattr(throughput, "convolution_peak", lambda device, dtype, seconds: speeds[dtype])
    found, why = precision.choose(CPU, "auto")
    assert found == expected
    assert why == f"{expected}: convolutions take {half / 1e9:.0f} GFLOP/s in 16 bits, {full / 1e9:.0f} in 32"


@pytest.mark.parametrize("wanted", ["bf16", "fp32"])
def test_what_was_asked_for_is_taken_without_measuring(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "convolution_peak", lambda *_: pytest.fail("it was measured"))
    assert precision.choose(CPU, wanted) == (wanted, "")


def test_a_part_in_32_bits_stays_so_inside_of_16() -> None:
    layer, image = nn.Conv2d(1, 1, 3), torch.zeros(1, 1, 5, 5)
    with precision.context(CPU, "bf16"):
        assert layer(image).dtype == torch.bfloat16
        with precision.full(CPU):
            assert layer(image).dtype == torch.float32
    with precision.context(CPU, "fp32"):
        assert layer(image).dtype == torch.float32
