"""Curves and pictures go to Weights & Biases and MLflow where these are installed, in one run over all sessions."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srbench.errors import TrainingError
from srbench.training import loggers
from srbench.training.launch import TrainingRequest, launch

SMALL: dict[str, Any] = {"crop": 16, "batch": 2, "steps": 2, "precision": "fp32", "validations": 1}


class Recorded:
    """What a stand-in for a library was told, call by call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, arguments, named))
            return types.SimpleNamespace(log=self.log, finish=self.finish, info=types.SimpleNamespace(run_id="abc123"))

        return call

    def named(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(arguments, named) for one, arguments, named in self.calls if one == name]


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    stand_in = Recorded()
    monkeypatch.setitem(sys.modules, "wandb", stand_in)  # type: ignore[arg-type]
    return stand_in


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    stand_in = Recorded()
    monkeypatch.setitem(sys.modules, "mlflow", stand_in)  # type: ignore[arg-type]
    return stand_in


def trained(folder: Path, out: Path, log: str, resume: bool = False, steps: int = 2) -> None:
    settings = SMALL | {"log": log, "steps": steps}
    launch(TrainingRequest("espcn", (folder,), out, settings, folder, 1, resume, device="cpu", quiet=True))


def test_wandb_is_told_settings_curves_and_pictures_in_one_run(
    photo_folder: Path, tmp_path: Path, wandb: Recorded
) -> None:
    trained(photo_folder, tmp_path / "mine", "wandb")
    trained(photo_folder, tmp_path / "mine", "wandb", resume=True, steps=4)
    first, second = (named for _, named in wandb.named("init"))
    assert first["project"] == "srbench"
    assert first["config"]["crop"] == 16
    assert first["id"] == second["id"] == "mine"
    assert second["resume"] == "allow"
    logged = [(arguments[0], named["step"]) for arguments, named in wandb.named("log")]
    assert any("validation PSNR" in values and step == 2 for values, step in logged)
    assert any("learning rate" in values for values, _ in logged)
    assert any("samples" in values and step == 4 for values, step in logged)
    assert len(wandb.named("finish")) == 2
    assert not (tmp_path / "mine" / "tensorboard").exists()


def test_mlflow_is_told_the_same_and_its_run_goes_on(photo_folder: Path, tmp_path: Path, mlflow: Recorded) -> None:
    trained(photo_folder, tmp_path / "mine", "mlflow,tensorboard")
    trained(photo_folder, tmp_path / "mine", "mlflow", resume=True, steps=4)
    starts = [named for _, named in mlflow.named("start_run")]
    assert starts == [{"run_name": "mine"}, {"run_id": "abc123"}]
    assert len(mlflow.named("log_params")) == 1
    metrics = [arguments[0] for arguments, _ in mlflow.named("log_metrics")]
    assert any("validation_PSNR" in values for values in metrics)
    (_, named), *_ = mlflow.named("log_image")
    assert named["artifact_file"] == "samples/000000002.png"
    assert len(mlflow.named("end_run")) == 2
    assert (tmp_path / "mine" / "tensorboard").is_dir()


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_what_is_not_installed_is_told_with_what_to_do(
    name: str, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TrainingError, match=rf"{name} is not installed .*pip install {name}.*leave it out of --log"):
        trained(photo_folder, tmp_path / "run", name)


def test_a_service_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = types.ModuleType("wandb")

    def init(**_: Any) -> None:
        raise ConnectionError("no route\nto host")

    broken.init = init  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", broken)
    with pytest.raises(TrainingError, match="wandb cannot begin: ConnectionError: no route to host"):
        loggers.start("wandb", tmp_path / "run", 0, {})


def test_a_logger_that_has_begun_is_closed_where_another_cannot_begin(
    tmp_path: Path, wandb: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrainingError, match="mlflow is not installed"):
        loggers.start_all(["wandb", "mlflow"], tmp_path / "run", 0, {})
    assert len(wandb.named("init")) == len(wandb.named("finish")) == 1


def test_without_any_logger_nothing_but_the_run_is_written(photo_folder: Path, tmp_path: Path) -> None:
    trained(photo_folder, tmp_path / "run", "none")
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert np.array(list((tmp_path / "run" / "samples").glob("*.png"))).size == 2
