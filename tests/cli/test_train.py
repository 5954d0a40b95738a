"""The options of `srbench train` are the settings of its config, and what a network adds needs none of its own."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from srbench.cli import app
from srbench.errors import TrainingError
from srbench.training import launch as launching
from srbench.training.config import TrainingConfig
from srbench.training.launch import TrainingRequest
from tests.commands import all_commands


def train(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["train", *arguments], catch_exceptions=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[TrainingRequest]:
    """Take down what was asked for in place of training it."""
    found: list[TrainingRequest] = []

    def refuse(request: TrainingRequest) -> None:
        found.append(request)
        raise TrainingError("taken down")

    monkeypatch.setattr(launching, "launch", refuse)
    return found


def test_every_shared_setting_is_an_option_with_an_explanation() -> None:
    options = {option.name: option for option in all_commands()["train"].params}
    for setting in fields(TrainingConfig):
        assert options[setting.name].help, setting.name
    assert "soap_every" in options


def test_settings_shared_or_a_networks_own_reach_the_request_as_they_are_given(asked: list[TrainingRequest]) -> None:
    train("srgan-vgg54", "--data", "photos", "--batch", "8", "--vgg", "f.safetensors", "--no-bn", "--set", "phase=10")
    train("espcn", "--data", "photos", "--no-compile", "--rate", "1e-3", "--soap-every", "5", "--start", "espcn")
    assert asked[0].settings == {"batch": 8, "vgg": "f.safetensors", "bn": False, "phase": 10}
    assert asked[1].settings == {"compile": False, "rate": 1e-3, "soap_every": 5, "start": "espcn"}
    assert (asked[0].name, asked[0].data) == ("srgan-vgg54", (Path("photos"),))
    assert asked[0].out == Path("runs/train-srgan-vgg54")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either the name of a network, or --queue FILE, or --config FILE"),
        (["espcn", "--queue", "q.toml"], "either the name of a network, or --queue FILE"),
        (["--queue", "q.toml", "--config", "c.toml"], "either the name of a network, or --queue FILE"),
        (["--config", "nowhere.toml"], "Cannot read the config nowhere.toml"),
        (["--resume"], "Expected which run is to go on: its network's name, or its folder with --out"),
        (["--blocks", "4", "espcn"], "Expected the name of a network before its settings, but got '--blocks'"),
        (["espcn", "--steps", "1"], "Expected photographs to train on"),
        (["espcn", "stray"], "Expected a setting such as --batch 8 in place of 'stray'"),
        (["espcnn", "--settings"], "Did you mean 'espcn'"),
        (["--queue", "q.toml"], "Expected the length of the whole queue with --minutes"),
        (["--queue", "nowhere.toml", "--minutes", "1"], "Cannot read the queue nowhere.toml"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(arguments: list[str], message: str) -> None:
    result = train(*arguments)
    assert isinstance(result.exception, TrainingError)
    assert message in str(result.exception)


def test_a_misspelt_option_is_an_unknown_setting(tmp_path: Path) -> None:
    result = train("espcn", "--data", str(tmp_path), "--bacth", "4", "--steps", "1")
    assert "Unknown setting 'bacth'. Did you mean 'batch'?" in str(result.exception)


def test_all_settings_of_a_network_are_shown_with_their_defaults() -> None:
    shown = train("drcn", "--settings").output
    assert "batch = 64\n    Crops in a step" in shown
    assert "recursions = 16\n    How often the recursive convolution is applied." in shown


def test_options_go_before_what_stands_in_a_config(tmp_path: Path, asked: list[TrainingRequest]) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        'name = "espcn"\ndata = ["photos"]\nhold_out = 3\nstrict = true\n[settings]\nbatch = 8\nminutes = 5.0\n'
        'steps = "None"\n'
    )
    train("--config", str(path))
    train("--config", str(path), "--steps", "7", "--batch", "2", "--data", "others", "--hold-out", "5", "--cache", "c")
    first, second = asked
    assert (first.name, first.data, first.hold_out, first.strict) == ("espcn", (tmp_path / "photos",), 3, True)
    assert first.settings == {"batch": 8, "minutes": 5.0, "steps": None}
    assert (second.data, second.hold_out, second.cache) == ((Path("others"),), 5, Path("c"))
    assert second.settings == {"batch": 2, "steps": 7}
    assert first.out == second.out == Path("runs/train-espcn")
    other = train("srcnn", "--config", str(path))
    assert "is for 'espcn', not for 'srcnn'. Leave the name out" in str(other.exception)


def test_a_run_is_told_by_its_folder_alone_when_it_goes_on(tmp_path: Path, asked: list[TrainingRequest]) -> None:
    train("--resume", "--out", str(tmp_path), "--minutes", "9")
    assert (asked[0].resume, asked[0].name, asked[0].data, asked[0].out) == (True, "", (), tmp_path)
    assert asked[0].settings == {"minutes": 9.0}
