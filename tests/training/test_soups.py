"""The mean of several runs' weights: what it is, what it says, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from srbench import weights
from srbench.cli import app
from srbench.errors import SrbenchError, TrainingError
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.registry import Setup, create
from srbench.training import averaged, initial, shipping, soups
from srbench.training.checkpoints import Checkpoint
from srbench.training.soups import Part


def run(folder: Path, seed: int, step: int, note: str = "") -> Path:
    """Write what a run of ESPCN leaves, with weights of its own."""
    torch.manual_seed(seed)
    plan = {"scale": 4, "batch": 2, "crop": 32, "minutes": None, "steps": 10, "precision": "fp32", "ema": 0.9}
    plan |= {"optimiser": "adam", "rate": 1e-3, "schedule": "cosine"}
    config = {"name": "espcn", "plan": plan, "data": ["photos"], "photographs": 3, "megapixels": 1.5}
    config |= {"held_out": [], "refused": []}
    folder.mkdir()
    checkpoint = Checkpoint(step, 1.5, {}, config, {"note": note} if note else {})
    averaged.write(folder / averaged.FILE, ESPCN(4), checkpoint)
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    return run(tmp_path / "one", 1, 7), run(tmp_path / "two", 2, 9)


def state(place: Path) -> dict[str, torch.Tensor]:
    return {name.removeprefix("average."): tensor for name, tensor in averaged.read(place).tensors.items()}


def test_the_mean_counts_each_by_its_share_and_is_a_run_to_all_that_reads_runs(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = runs
    out = tmp_path / "made" / "mean.safetensors"
    soups.average([Part(str(one)), Part(str(two), 3.0)], out)
    first, second = state(one), state(two)
    for name, tensor in state(out).items():
        assert torch.allclose(tensor, (first[name] + 3 * second[name]) / 4, atol=1e-7)
    found = averaged.read(out)
    assert (found.step, found.seconds, found.config["name"]) == (7, 1.5, "espcn")
    assert found.notes == {
        "note": "mean of the weights of 2 runs",
        "mean_of": "espcn after 7 steps; 3 x espcn after 9 steps",
    }
    assert create(f"checkpoint:{out}", Setup(4)) is not None
    shipped = shipping.ship(out, out=tmp_path / "own", sets=("demo",)).path
    card = json.loads(shipped.with_suffix(".json").read_text())
    assert card["mean_of"] == found.notes["mean_of"]
    assert card["note"] == found.notes["note"]


def test_what_the_first_runs_name_says_is_said_of_the_mean(runs: tuple[Path, Path], tmp_path: Path) -> None:
    noted = run(tmp_path / "noted", 3, 4, "phase penalty 100")
    soups.average([Part(str(noted)), Part(str(runs[0]))], tmp_path / "mean.safetensors")
    assert averaged.read(tmp_path / "mean.safetensors").notes["note"] == (
        "phase penalty 100; mean of the weights of 2 runs"
    )


def test_a_mean_among_the_runs_is_said_to_be_one_and_its_runs_are_counted(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = runs
    noted, mean, out = (
        run(tmp_path / "noted", 3, 4, "phase penalty 100"),
        tmp_path / "mean.safetensors",
        tmp_path / "o.safetensors",
    )
    soups.average([Part(str(noted)), Part(str(one))], mean)
    soups.average([Part(str(mean)), Part(str(two), 2.0)], out)
    assert averaged.read(out).notes == {
        "note": "phase penalty 100; mean of the weights of 3 runs",
        "mean_of": "the mean of (espcn after 4 steps; espcn after 7 steps); 2 x espcn after 9 steps",
    }


def test_a_files_and_a_methods_weights_take_part_and_equal_ones_have_themselves_as_their_mean(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "mean.safetensors"
    soups.average([Part(str(runs[0])), Part(str(runs[0] / averaged.FILE), 0.1), Part(str(runs[0]), 7)], out)
    assert all(torch.allclose(tensor, state(runs[0])[name], atol=1e-8) for name, tensor in state(out).items())
    soups.average([Part(str(runs[0])), Part("espcn", 1e9)], out, overwrite=True)
    shipped = weights.read(initial.shipped("espcn", 4))[0]
    assert all(torch.allclose(tensor, shipped[name].float(), atol=1e-6) for name, tensor in state(out).items())


@pytest.mark.parametrize(
    ("text", "found"),
    [("a", Part("a")), ("a=2", Part("a", 2.0)), ("a@5=.5", Part("a@5", 0.5)), ("a=b=1.", Part("a=b", 1.0))],
)
def test_shares_are_written_behind_an_equals_sign(text: str, found: Part) -> None:
    assert soups.part(text) == found


def test_a_folder_whose_name_has_an_equals_sign_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "rate=3").mkdir()
    assert soups.part(str(tmp_path / "rate=3")) == Part(str(tmp_path / "rate=3"))


@pytest.mark.parametrize("share", ["0", "-1", "two", "", "inf", "1e3"])
def test_a_share_that_is_none_gets_one_line(share: str) -> None:
    with pytest.raises(TrainingError, match="Expected a share above 0 behind 'runs/a='") as caught:
        soups.part(f"runs/a={share}")
    assert "\n" not in str(caught.value)


def test_what_cannot_be_averaged_gets_one_line_and_leaves_no_file(runs: tuple[Path, Path], tmp_path: Path) -> None:
    one, two = map(str, runs)
    there, other = tmp_path / "there.safetensors", tmp_path / "other.safetensors"
    there.write_bytes(b"mine")
    weights.write(other, SRCNN(), 4, {})
    free = tmp_path / "free.safetensors"
    wrong = [
        ([one], free, "Expected two sets of weights or more to average, but got 1"),
        ([one, two], tmp_path / "free", "a file that ends in .safetensors"),
        ([one, two], there, "is there already. Replace it with --overwrite"),
        (["espcn", two], free, "There is no run espcn"),
        ([str(other), one], free, "does not say which training it comes from"),
        ([one, str(tmp_path / "nowhere")], free, "it is no run's folder, no weight file, and no method"),
        ([one, str(other)], free, "weights of another network"),
    ]
    for sources, out, message in wrong:
        with pytest.raises(SrbenchError) as caught:
            soups.average([Part(source) for source in sources], out)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)
    assert there.read_bytes() == b"mine"
    assert not free.exists()


def test_the_command_writes_the_mean(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "mean.safetensors"
    result = CliRunner().invoke(app, ["average-weights", str(runs[0]), f"{runs[1]}=2", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert averaged.read(out).notes["mean_of"] == "espcn after 7 steps; 2 x espcn after 9 steps"
