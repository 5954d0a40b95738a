"""What becomes of a run: weights that a method takes, and a card that says what was done and measured."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from torch import nn

from srbench import datasets, registry, weights
from srbench.errors import SrbenchError, TrainingError, WeightsError
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.ready import ready
from srbench.registry import Setup
from srbench.training import averaged, checkpoints, shipping
from srbench.training.launch import TrainingRequest, launch


@pytest.fixture
def run(photo_folder: Path, tmp_path: Path) -> Path:
    settings = {"steps": 2, "crop": 32, "batch": 2, "precision": "fp32"}
    launch(
        TrainingRequest("espcn", (photo_folder,), tmp_path / "run", settings, photo_folder, 1, quiet=True, device="cpu")
    )
    return tmp_path / "run"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user's own weights."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv(weights.FOLDER, str(tmp_path / "own"))
    return tmp_path / "own"


def test_weights_and_card_say_what_was_done_and_only_what_was_measured(run: Path, own: Path) -> None:
    shipped = shipping.ship(run, command="srbench train espcn ...", hardware="a test", licence="CC0", sets=("demo",))
    place = own / "espcn-x4.safetensors"
    assert shipped.path == place
    assert isinstance(weights.load(place, ESPCN, 4), ESPCN)
    card = json.loads(place.with_suffix(".json").read_text())
    assert (card["iterations"], card["crops"], card["hardware"]) == (2, "2 of 32x32 a step", "a test")
    assert (card["network"], card["licence"], card["schedule_done"]) == ("espcn", "CC0", "100%")
    assert card["optimiser"].startswith("SOAP, 0.002, cosine")
    assert card["scores"] == {"demo": f"{shipped.scores['demo']['psnr']:.2f} dB, {shipped.scores['demo']['ssim']:.4f}"}
    assert card["goal"] == {}  # there is none for this set
    assert 5 < shipped.scores["demo"]["psnr"] < 30
    assert "srbench train espcn ..." in place.with_suffix(".md").read_text()


def test_a_method_takes_a_users_own_weights_before_those_it_came_with(
    run: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = registry.find("espcn")[0].weights
    before, fingerprint = files[4], registry.fingerprint("espcn", Setup(4))
    scores = shipping.ship(run, sets=("demo",)).scores["demo"]
    assert files[4] == own / "espcn-x4.safetensors"
    assert registry.fingerprint("espcn", Setup(4)) != fingerprint  # a run does not take old pictures for new ones
    assert files[2] != own / "espcn-x2.safetensors"  # which is not there
    again = shipping.means(ready("espcn", Setup(4)).on_pair, datasets.load("demo", scale=4))
    assert again == scores
    monkeypatch.delenv(weights.FOLDER)
    assert files[4] == before


def test_nothing_is_written_where_scoring_fails(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SrbenchError):
        shipping.ship(run, out=out, sets=("demo", "nowhere"))
    assert not out.exists()


def test_without_a_place_nothing_is_written_into_the_package(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(weights.FOLDER, raising=False)
    place = registry.find("espcn")[0].weights[4]
    before = place.read_bytes()
    with pytest.raises(TrainingError, match="Expected a folder for the weights: --out FOLDER"):
        shipping.ship(run, sets=("demo",))
    assert place.read_bytes() == before


def test_weights_that_are_there_are_replaced_only_when_that_is_said(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "espcn-x4.safetensors"
    path.write_bytes(b"mine")
    with pytest.raises(TrainingError, match="Replace it with --overwrite"):
        shipping.ship(run, out=tmp_path, sets=("demo",))
    assert path.read_bytes() == b"mine"
    shipping.ship(run, out=tmp_path, overwrite=True, sets=("demo",))
    assert isinstance(weights.load(path, ESPCN, 4), ESPCN)


def test_the_small_file_of_averaged_weights_is_all_that_shipping_needs(run: Path, tmp_path: Path) -> None:
    alone = tmp_path / "from-a-lent-machine.safetensors"
    alone.write_bytes((run / averaged.FILE).read_bytes())
    first = shipping.ship(run, out=tmp_path / "a", sets=("demo",))
    second = shipping.ship(alone, out=tmp_path / "b", sets=("demo",))
    tensors, others = (weights.read(shipped.path)[0] for shipped in (first, second))
    assert tensors.keys() == others.keys()
    assert all(tensors[name].equal(others[name]) for name in tensors)
    cards = [json.loads(shipped.path.with_suffix(".json").read_text()) for shipped in (first, second)]
    assert cards[0] | {"sha256": ""} == cards[1] | {"sha256": ""}  # the order of entries in the file is not fixed


def test_scores_in_the_card_are_those_of_the_file_that_was_written(run: Path, tmp_path: Path) -> None:
    shipped = shipping.ship(run, out=tmp_path, sets=("demo",))
    stored = weights.load(shipped.path, ESPCN, 4)
    assert shipping.score("espcn", stored, 4, {"demo": datasets.load("demo", scale=4)}) == shipped.scores


def test_a_weights_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(weights.FOLDER, str(tmp_path / "nope"))
    with pytest.raises(WeightsError, match=r"SRBENCH_WEIGHTS names .*nope, which is no folder"):
        registry.create("espcn", Setup(4))


def test_the_card_remembers_the_command_and_that_nobody_looked_for_test_images(run: Path) -> None:
    found = checkpoints.load(run)
    kept = dataclasses.replace(found, config={**found.config, "refused": None}, notes={"command": "srbench train x"})
    made = shipping.card(kept, ESPCN(4), {}, "", "")
    assert (made["command"], made["test_images_left_out"]) == ("srbench train x", "not looked for")
    assert made["licence"] == "not stated"


def test_the_card_of_a_users_network_claims_neither_features_nor_a_licence(run: Path) -> None:
    found = checkpoints.load(run)
    made = shipping.card(found, nn.Conv2d(3, 3, 3), {}, "", "")
    assert (made["network"], made["features"], made["licence"]) == ("Conv2d", "none", "not stated")
    assert not any("mean squared" in str(value) for value in made.values())


def test_weights_that_no_method_takes_are_not_shipped_but_can_be_run(run: Path, tmp_path: Path) -> None:
    found = checkpoints.load(run)
    plan = {**found.config["plan"], "scale": 8}
    network = ESPCN(8)
    tensors = {f"average.{name}": tensor for name, tensor in network.state_dict().items()}
    checkpoints.save(tmp_path, dataclasses.replace(found, tensors=tensors, config={**found.config, "plan": plan}))
    with pytest.raises(TrainingError, match=r"No method 'espcn' takes weights for x8.*Run them as 'checkpoint:"):
        shipping.ship(tmp_path, out=tmp_path / "weights", sets=("demo",))
    assert not (tmp_path / "weights").exists()


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
    assert plain["features"] == "none"


def test_a_method_that_takes_no_weights_for_the_scale_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(registry.find("espcn")[0].weights, 4)
    with pytest.raises(TrainingError, match="No method 'espcn' takes weights for x4"):
        shipping.ship(run)
