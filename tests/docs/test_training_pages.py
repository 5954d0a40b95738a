"""The commands of the pages on training run from the first to the last, with steps in place of minutes."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import srbench
from srbench import images
from srbench.cli import app
from srbench.training import averaged
from tests.training.conftest import picture

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in one language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```\n", text, flags=re.DOTALL | re.MULTILINE)


def command(line: str) -> str:
    """Run one line of a shell and return what it printed; minutes become steps, and crops small ones."""
    words = shlex.split(line, comments=True)
    assert words[0] == "srbench", line
    if words[1] == "train":
        steps = {"2": "6", "4": "9"}
        words = [f"--steps={steps[words[i]]}" if words[i - 1] == "--minutes" else words[i] for i in range(len(words))]
        words = [word for word in words if word != "--minutes"]
        words += ["--device", "cpu", "--keep-duplicates"]
        if "--resume" not in words and "--config" not in words:
            words += ["--crop", "16", "--batch", "2", "--precision", "fp32", "--validations", "3"]
    if words[1] == "run":
        words += ["--jobs", "1", "--limit", "1", "--metrics", "psnr"]
    result = CliRunner().invoke(app, words[1:], catch_exceptions=True)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception}"
    return result.output


def photographs(folder: Path) -> None:
    for seed in range(6):
        images.write(folder / "photos" / f"p{seed}.png", picture(seed))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that all parts of the tutorial work in, one after the other."""
    folder = tmp_path_factory.mktemp("tutorial")
    photographs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRBENCH_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


def part(heading: str) -> dict[str, str]:
    """Run the commands below a heading of the tutorial; return {command: what it printed}."""
    text = (DOCS / "own-photographs.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```\n", section, flags=re.DOTALL | re.MULTILINE)
    return {line: command(line) for block in found for line in block.splitlines()}


@pytest.fixture(scope="module")
def trained(tutorial: Path) -> Path:
    part("Train")
    return tutorial / "runs"


def scores(run: Path) -> dict[str, float]:
    frame = srbench.open_run(run).scores
    return {str(method): float(rows["value"].mean()) for method, rows in frame.groupby("method")}


def test_ones_own_photographs_become_a_network_with_pictures(trained: Path) -> None:
    assert averaged.read(trained / "mine").step == 9
    assert (trained / "mine" / "samples" / "over-time.png").is_file()
    assert averaged.read(trained / "slower").config["plan"]["rate"] == 1e-3


def test_it_stands_in_the_table_beside_the_shipped_one(trained: Path) -> None:
    part("Compare")
    table = scores(trained / "table")
    assert set(table) == {"bicubic", "espcn", "checkpoint/mine", "checkpoint/mine@best"}
    assert table["espcn"] > table["bicubic"] > table["checkpoint/mine"]  # it has learned for nine steps only


def test_it_is_exported_and_run_with_the_same_pixels(trained: Path) -> None:
    printed = part("Give away")
    found = re.search(r"largest difference from srbench's own output is (\S+) of 255", "".join(printed.values()))
    assert found is not None
    assert float(found[1]) < 0.01
    same = scores(trained / "same")
    assert len(same) == 2
    assert max(same.values()) - min(same.values()) < 1e-3
    ours = srbench.upscale(picture(0), f"checkpoint:{trained / 'mine'}")
    assert np.abs(ours.astype(int) - images.read(trained.parent / "from-onnx" / "p0.png")).max() <= 1


def test_a_network_and_a_loss_of_ones_own_need_two_files_of_under_40_lines(here: Path, monkeypatch: Any) -> None:
    network, train = blocks("training.md", "python")[-2:]
    for name, text in (("network.py", network), ("train.py", train)):
        assert len(text.splitlines()) < 40
        (here / "networks" / "tiny").mkdir(parents=True, exist_ok=True)
        (here / "networks" / "tiny" / name).write_text(text)
    script = next(block for block in blocks("training.md", "sh") if "train tiny" in block)
    for line in script.splitlines():
        if line.startswith("export "):
            monkeypatch.setenv(*line.removeprefix("export ").split("=", 1))
        else:
            command(line.replace("--steps 300", "--steps 40"))
    assert averaged.read(here / "runs" / "tiny").config["plan"]["width"] == 16
    assert set(scores(here / "runs" / "tiny-table")) == {"bicubic", "checkpoint/tiny"}
    command("srbench export runs/tiny --format torchscript --out tiny.pt")
    command("srbench upscale photos/p0.png --method model:tiny.pt.toml --out tiny.png")
    assert images.read(here / "tiny.png").shape == (4 * 96, 4 * 112, 3)


def test_every_degradation_that_the_page_names_can_be_read() -> None:
    from srbench import degradations

    table = [line for line in (DOCS / "degradations.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    assert len(table) == 5
    for line in table:
        spec = line.split("`")[1]
        assert str(degradations.parse(spec)) == spec


def test_what_a_run_leaves_is_what_the_page_says(here: Path) -> None:
    command("srbench train espcn --data photos --validation photos --hold-out 2 --minutes 2 --keep-every 5")
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    for path in (here / "runs" / "train-espcn").rglob("*"):
        name = re.sub(r"\d{9}", "*", path.name)
        with contextlib.suppress(StopIteration):
            next(part for part in path.parts if part == "tensorboard")
            continue
        names = {name, path.name, f"{path.parent.name}/{name}", name.replace("*", "000005000")}
        assert path.is_dir() or any(f"`{one}`" in page for one in names), path
