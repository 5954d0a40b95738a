"""What becomes of a run: weights that a method takes, and a card that says what was done and measured."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from srbench import registry, weights
from srbench.errors import TrainingError
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.training import checkpoints, shipping
from srbench.training.start import Order, start


@pytest.fixture
def run(photo_folder: Path, tmp_path: Path) -> Path:
    settings = {"steps": 2, "crop": 32, "batch": 2, "precision": "fp32"}
    start(Order("espcn", (photo_folder,), tmp_path / "run", settings, photo_folder, 1, quiet=True, device="cpu"))
    return tmp_path / "run"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the method takes its weights from during a test."""
    path = tmp_path / "weights" / "espcn-x4.safetensors"
    monkeypatch.setitem(registry.find("espcn")[0].weights, 4, path)
    return path


def test_weights_and_card_say_what_was_done_and_only_what_was_measured(run: Path, place: Path) -> None:
    shipped = shipping.ship(run, command="srbench train espcn ...", hardware="a test", sets=("demo",))
    assert shipped.path == place
    assert isinstance(weights.load(place, ESPCN, 4), ESPCN)
    card = json.loads(place.with_suffix(".json").read_text())
    assert (card["iterations"], card["crops"], card["hardware"]) == (2, "2 of 32x32 a step", "a test")
    assert card["network"] == "espcn"
    assert card["optimiser"].startswith("SOAP, 0.002, cosine")
    assert card["scores"] == {"demo": f"{shipped.scores['demo']['psnr']:.2f} dB, {shipped.scores['demo']['ssim']:.4f}"}
    assert card["goal"] == {}  # there is none for this set
    assert 5 < shipped.scores["demo"]["psnr"] < 30
    assert "srbench train espcn ..." in place.with_suffix(".md").read_text()


def test_the_card_says_what_the_network_was_made_with(run: Path) -> None:
    made = shipping.card(checkpoints.load(run), DRCN(3, 8, averaged=1), {}, "", "")
    assert made["network"] == "drcn (recursions 3, width 8, averaged 1)"


def test_the_card_says_features_hash_and_what_is_not_the_papers_beside_the_name(run: Path) -> None:
    notes = {
        "start": "srresnet-mse after 9 steps",
        "features": "ImageNet VGG16, phi_5,3",
        "features_sha256": "9f6d",
        "adversarial_weight": 0.002,
        "note": "ImageNet VGG16, phi_5,3; phase penalty 100",
    }
    made = shipping.card(dataclasses.replace(checkpoints.load(run), notes=notes), ESPCN(4), {}, "", "")
    assert {name: made[name] for name in notes if name != "start"} == {k: v for k, v in notes.items() if k != "start"}
    assert made["started_from"] == "srresnet-mse after 9 steps"
    plain = shipping.card(dataclasses.replace(checkpoints.load(run), notes={}), ESPCN(4), {}, "", "")
    assert "note" not in plain
    assert plain["features"] == "none (mean squared error only)"


def test_a_method_that_takes_no_weights_for_the_scale_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry.find("espcn")[0].weights, 4)
    with pytest.raises(TrainingError, match="'espcn' takes no weights for x4"):
        shipping.ship(run)
