"""`srbench export` names its formats, and what it cannot do is one line."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from srbench.cli import app
from srbench.cli.export import FORMATS
from srbench.errors import SrbenchError


def export(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["export", *arguments], catch_exceptions=True)


def test_every_format_is_in_the_help() -> None:
    help_ = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "300"}).output
    shown = " ".join(help_.replace("│", " ").split())
    assert {"onnx", "torchscript", "safetensors", "pth"} <= FORMATS.keys()
    for name, one in FORMATS.items():
        assert f"'{name}': {one.summary}" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["espcn", "--format", "onxx"], "Unknown format 'onxx'. Did you mean 'onnx'"),
        (["espcn", "--format", "onnx", "--set", "title"], "Expected --set NAME=VALUE, but got --set title"),
        (["espcn", "--format", "onnx", "--set", "title=x"], "The format 'onnx' has no options, but got --set title"),
        (["checkpoint:nowhere", "--format", "pth"], "There is no run nowhere. Expected the folder of a run"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(arguments: list[str], message: str) -> None:
    result = export(*arguments)
    assert isinstance(result.exception, SrbenchError)
    assert message in str(result.exception)
