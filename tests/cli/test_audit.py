"""`srbench audit-gan` shows every figure and criterion, and ends with 1 when something that is asked for is missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import skimage.data
from typer.testing import CliRunner

from srbench import images, resize
from srbench.cli import app


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root: Path = tmp_path_factory.mktemp("audit")
    for name, hr in {"one": skimage.data.astronaut()[:256, :256], "two": skimage.data.coffee()[:256, :256]}.items():
        images.write(root / "set" / f"{name}.png", hr)
        images.write(root / "soft" / f"{name}.png", resize.enlarge(resize.reduce(hr, 4), 4))
        images.write(root / "sharp" / f"{name}.png", hr)
    return [
        "audit-gan", "--methods", f"results:{root / 'sharp'}", "--reference", f"results:{root / 'soft'}",
        "--dataset", str(root / "set"), "--quick",
    ]  # fmt: skip


def test_the_table_and_every_criterion_are_shown(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1, done.output
    assert "hr" in done.stdout
    assert "FAIL results/sharp: PSNR below the reference: -inf dB, expected 1.3 to 3.0" in done.stdout
    assert "pass results/sharp: grid:" in done.stdout
    assert "-    results/sharp: judge's accuracy: not measured: left out by --quick" in done.stdout


def test_json_holds_the_same(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["original"]["texture"] == pytest.approx(1)
    (own,) = found["methods"]
    assert own["method"] == "results/sharp"
    assert own["passed"] is False
    assert {one["name"] for one in own["criteria"] if one["passed"] is False} >= {"PSNR below the reference"}
