"""Trainers of one's own are found beside the others, and a broken one stops only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench.errors import TrainingError
from srbench.training import recipes

GOOD = """
from srbench.training.config import TrainingConfig
from srbench.training.task import Recipe, TrainingTask

RECIPES = {{"{name}": Recipe(TrainingConfig(), lambda plan: None, TrainingTask, "nothing")}}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRBENCH_METHODS_PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(text)


def test_a_folder_inside_or_the_folder_itself_may_hold_a_trainer(own: Path) -> None:
    put(own, GOOD.format(name="outer"))
    put(own / "mine", GOOD.format(name="inner"))
    found = recipes.recipes()
    assert {"outer", "inner", "espcn", "srgan-vgg54"} <= found.keys()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "AttributeError: module"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_a_broken_trainer_is_named_and_the_others_go_on(
    own: Path, text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(own / "broken", text)
    put(own / "good", GOOD.format(name="good"))
    assert {"good", "espcn"} <= recipes.recipes().keys()
    line = next(one for one in capsys.readouterr().err.splitlines() if "broken" in one)
    assert line.startswith(f"Left out {own / 'broken' / 'train.py'}: {reason}")


def test_an_unknown_name_is_answered_with_the_nearest_of_ones_own(own: Path) -> None:
    put(own / "mine", GOOD.format(name="my-network"))
    with pytest.raises(TrainingError, match="Did you mean 'my-network'"):
        recipes.find("my-netwrok")
