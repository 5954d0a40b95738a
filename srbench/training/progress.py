"""Shows how a run goes: a bar with the time left on terminals, lines in logs, curves in TensorBoard."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_LOG_SECONDS = 30.0
_SHOW_SECONDS = 0.5


class Display:
    """A context that shows progress; only the process that leads a group makes one.

    Args:
        title: What is trained.
        folder: Where TensorBoard's files go; None writes none.
        step: Step the run goes on from.
        quiet: Show nothing.
    """

    def __init__(self, title: str, folder: Path | None, step: int = 0, quiet: bool = False) -> None:
        self.console = Console(file=sys.stderr, quiet=quiet)
        self.board: Any = _board(folder, step, self.console)
        self._bar = Progress(
            TextColumn(title),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left {task.fields[left]}  {task.fields[facts]}"),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=1.0, left="?", facts="")
        self._logged = self._shown = 0.0

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if self.board is not None:
            self.board.close()

    def update(self, step: int, fraction: float, left: float, losses: Mapping[str, float]) -> None:
        """Show how far the run is, the seconds left and the current losses."""
        now = time.monotonic()
        if now - self._shown < _SHOW_SECONDS:
            return
        self._shown = now
        facts = f"step {step}  " + "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        self._bar.update(self._task, completed=fraction, left=_clock(left), facts=facts)
        if not self.console.is_terminal and now - self._logged > _LOG_SECONDS:
            self._logged = now
            self.say(f"{fraction:6.1%}  left {_clock(left)}  {facts}")
        self.record(step, losses)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Add points to TensorBoard's curves."""
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        self.console.print(line, highlight=False, soft_wrap=True)


def _board(folder: Path | None, step: int, console: Console) -> Any:
    if folder is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        console.print("TensorBoard is not installed: the run goes on without its curves.")
        return None
    return SummaryWriter(str(folder), purge_step=step)


def _clock(seconds: float) -> str:
    whole = int(max(0.0, seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
