"""The examples of docs/methods.md work as they are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from srbench import images

DOCS = Path(__file__).parents[2] / "docs" / "methods.md"
RUN = ("run", "--limit", "1", "--jobs", "1", "--protocol", "matlab")


def examples() -> dict[str, str]:
    """Return {file name: source} of all code that names its file in the first line."""
    blocks = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return dict(blocks)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files as printed, and the weights they ask for."""
    folder = tmp_path / "my-methods"
    folder.mkdir()
    for name, source in examples().items():
        (folder / name).write_text(source)
    torch.save(network(folder).state_dict(), folder / "compact-x4.pt")
    monkeypatch.setenv("SRBENCH_METHODS_PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def network(folder: Path) -> torch.nn.Module:
    names: dict[str, type[torch.nn.Module]] = {}
    exec((folder / "compact_arch.py").read_text(), names)
    torch.manual_seed(0)
    return names["Compact"](4)


def srbench(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "srbench", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Broken" not in done.stderr
    return done.stdout


@pytest.mark.usefixtures("folder")
def test_the_method_in_one_file_runs() -> None:
    assert "triangle" in srbench("methods")
    assert "My triangle filter" in srbench(*RUN, "--methods", "triangle")


def test_the_network_with_its_module_and_weights_runs_and_computes_what_it_should(folder: Path) -> None:
    assert "Compact: trained on DIV2K." in srbench(*RUN, "--methods", "compact", "--out", "r")
    picture = images.read(next(Path("r/images/compact").glob("*/*.png")))
    lr = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    images.write(Path("lr.png"), lr)
    srbench("upscale", "lr.png", "--method", "compact", "--out", "sr.png")
    with torch.inference_mode():
        expected = network(folder)(torch.from_numpy(lr).permute(2, 0, 1)[None] / 255)[0].permute(1, 2, 0).numpy() * 255
    sr = images.read("sr.png").astype(float)
    assert np.abs(sr - expected.clip(0, 255)).max() <= 0.5 + 1e-3
    assert picture.ndim == 3


def test_the_stated_number_of_parameters_is_right(folder: Path) -> None:
    count = sum(parameter.numel() for parameter in network(folder).parameters())
    assert f"parameters={{4: {count:_}}}" in (folder / "compact.py").read_text()


def test_new_weights_and_a_new_network_make_the_pictures_anew(folder: Path) -> None:
    def picture() -> bytes:
        srbench(*RUN, "--methods", "compact", "--out", "r")
        return next(Path("r/images/compact").glob("*/*.png")).read_bytes()

    first = picture()
    torch.save({name: 2 * value for name, value in network(folder).state_dict().items()}, folder / "compact-x4.pt")
    second = picture()
    arch = folder / "compact_arch.py"
    arch.write_text(arch.read_text().replace("self.enlarge(x) + ", "0.5 * self.enlarge(x) + "))
    assert len({first, second, picture()}) == 3
