"""Settings of a run that would fail late or in an obscure way are refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from srbench.errors import SrbenchError
from srbench.training.config import TrainingConfig


def test_the_defaults_need_nothing_but_a_length() -> None:
    TrainingConfig(steps=1).check()
    TrainingConfig(minutes=0.1).check()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": None}, "Give the length of the run by either --steps or --minutes"),
        ({"minutes": 2.0}, "Give the length of the run by either --steps or --minutes"),
        ({"steps": 0}, "above zero"),
        ({"steps": None, "minutes": float("inf")}, "above zero"),
        ({"batch": 0}, "--batch, above zero"),
        ({"scale": 1}, "Expected --scale 2 or more, but got 1"),
        ({"crop": 41}, "--crop 41 is not a multiple of the scale 4"),
        ({"crop": 0}, "--crop 0 is not a multiple"),
        ({"rate": 0.0}, "Expected --rate and --soap-every above zero, got 0.0 and 10"),
        ({"rate": float("nan")}, "Expected --rate"),
        ({"soap_every": 0}, "got 0.001 and 0"),
        ({"ema": 1.0}, "Expected --ema of at least 0 and below 1, but got 1.0"),
        ({"ema": -0.1}, "Expected --ema"),
        ({"accumulate": 3}, "Expected --accumulate to divide --batch 16, but got 3"),
        ({"clip": 0.0}, "Expected --clip above zero, but got 0.0"),
        ({"clip": float("nan")}, "Expected --clip above zero, but got nan"),
        ({"keep_every": 0}, "but got 0, 4 and 10"),
        ({"samples": -1}, "but got None, -1 and 10"),
        ({"validations": -1}, "but got None, 4 and -1"),
        ({"log": "tensorbord"}, "Unknown logger 'tensorbord'"),
        ({"precision": "fp16"}, "Unknown precision 'fp16'"),
        ({"optimiser": "adm"}, "Unknown optimiser 'adm'"),
        ({"schedule": "cosin"}, "Unknown schedule 'cosin'"),
        ({"degradation": "blurr=1"}, "blurr"),
    ],
)
def test_what_makes_no_sense_is_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SrbenchError) as raised:
        TrainingConfig(**{"steps": 5} | wrong).check()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("log", "loggers"),
    [("none", []), ("tensorboard", ["tensorboard"]), ("wandb, mlflow,", ["wandb", "mlflow"])],
)
def test_loggers_are_a_list_in_one_word(log: str, loggers: list[str]) -> None:
    assert TrainingConfig(steps=1, log=log).loggers == loggers


@pytest.mark.parametrize(
    ("settings", "device", "expected"),
    [
        ({"steps": 49_999}, "cuda", False),
        ({"steps": 50_000}, "cuda", True),
        ({"minutes": 60.0}, "cuda", True),
        ({"minutes": 600.0}, "cpu", False),
        ({"steps": 1, "compile": True}, "cpu", True),
        ({"steps": 10**6, "compile": False}, "cuda", False),
    ],
)
def test_only_long_runs_on_a_gpu_are_compiled_unless_it_is_said(
    settings: dict[str, Any], device: str, expected: bool
) -> None:
    assert TrainingConfig(**settings).compiled(device) is expected
