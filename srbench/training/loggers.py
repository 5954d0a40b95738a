"""Where curves and sample pictures go beside the run's folder: TensorBoard, Weights & Biases, MLflow."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from srbench.errors import TrainingError
from srbench.images import Image

_PROJECT = "srbench"


class Logger(Protocol):
    """What takes down how a run goes."""

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""

    def picture(self, step: int, name: str, image: Image) -> None:
        """Add a picture, (H, W, 3)."""

    def close(self) -> None:
        """Write what is not written yet."""


class TensorBoard:
    """Writes the files that `tensorboard --logdir` shows.

    Args:
        folder: Of the run; they go to `tensorboard` in it.
        step: Step the run goes on from; what was written of later ones is left out.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=step)

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: Image) -> None:
        """Add a picture, (H, W, 3)."""
        self._writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is not written yet."""
        self._writer.close()


class WandB:
    """Sends to Weights & Biases, as the environment of `wandb` says: `WANDB_MODE=offline` sends nothing.

    Args:
        folder: Of the run, whose name it is known by.
        config: What the run was started with.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._wandb: Any = _library("wandb")
        # The same identity in each session, so that a run that goes on is one curve.
        name = folder.resolve().name
        self._run = self._wandb.init(
            project=_PROJECT, name=name, id=name, resume="allow", dir=str(folder), config=dict(config)
        )

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        self._run.log(dict(values), step=step)

    def picture(self, step: int, name: str, image: Image) -> None:
        """Add a picture, (H, W, 3)."""
        self._run.log({name: self._wandb.Image(image)}, step=step)

    def close(self) -> None:
        """Write what is not written yet."""
        self._run.finish()


class MLflow:
    """Sends to MLflow, wherever `MLFLOW_TRACKING_URI` says: a server, or `sqlite:///mlflow.db`.

    Args:
        folder: Of the run, whose name it is known by; the file `mlflow.txt` in it keeps the identity.
        config: What the run was started with.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._mlflow: Any = _library("mlflow")
        self._mlflow.set_experiment(_PROJECT)
        kept = folder / "mlflow.txt"
        if kept.is_file():
            self._mlflow.start_run(run_id=kept.read_text(encoding="utf-8").strip())
            return
        run = self._mlflow.start_run(run_name=folder.resolve().name)
        kept.write_text(f"{run.info.run_id}\n", encoding="utf-8")
        self._mlflow.log_params({name: str(value) for name, value in config.items()})

    def values(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve; MLflow knows no other characters than these in a name."""
        self._mlflow.log_metrics({_plain(name): value for name, value in values.items()}, step=step)

    def picture(self, step: int, name: str, image: Image) -> None:
        """Add a picture, (H, W, 3)."""
        self._mlflow.log_image(image, artifact_file=f"{_plain(name)}/{step:09d}.png")

    def close(self) -> None:
        """Write what is not written yet."""
        self._mlflow.end_run()


def start_all(names: Sequence[str], folder: Path, step: int, config: Mapping[str, Any]) -> list[Logger]:
    """Return the loggers of those names; where one cannot begin, those that have begun are closed.

    Raises:
        TrainingError: One is not installed, or cannot begin.
    """
    with contextlib.ExitStack() as undo:
        begun = []
        for name in names:
            logger = start(name, folder, step, config)
            undo.callback(logger.close)
            begun.append(logger)
        undo.pop_all()
    return begun


def start(name: str, folder: Path, step: int, config: Mapping[str, Any]) -> Logger:
    """Return the logger `tensorboard`, `wandb` or `mlflow`.

    Raises:
        TrainingError: It is not installed, or cannot begin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if name == "tensorboard":
            return TensorBoard(folder, step)
        return WandB(folder, config) if name == "wandb" else MLflow(folder, config)
    except TrainingError:
        raise
    except ImportError as error:
        raise TrainingError(f"{name} is not installed ({error}). Install it with 'pip install {name}'.") from None
    except Exception as error:  # a service that is not there, an account that is not known
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(f"{name} cannot begin: {type(error).__name__}: {reason}. Leave it out of --log.") from None


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TrainingError(
            f"{name} is not installed ({error}). Install it with 'pip install {name}', or leave it out of --log."
        ) from None


def _plain(name: str) -> str:
    return name.replace(" ", "_")
