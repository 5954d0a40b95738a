"""Shows how a run goes: a bar with the time left on terminals, lines in logs, curves where loggers take them."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from srbench.images import Image
from srbench.training.loggers import Logger

_LOG_SECONDS = 30.0
_SHOW_SECONDS = 0.5
_UNKNOWN = 1e7


class Display:
    """A context that shows progress; only the process that leads a group makes one.

    Args:
        title: What is trained.
        loggers: What takes down curves and pictures.
        quiet: Show nothing.
    """

    def __init__(self, title: str, loggers: Sequence[Logger] = (), quiet: bool = False) -> None:
        self.console = Console(file=sys.stderr, quiet=quiet)
        self.loggers = loggers
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
        for logger in self.loggers:
            logger.close()

    def update(
        self, step: int, fraction: float, left: float, losses: Mapping[str, float], rate: float | None = None
    ) -> None:
        """Show how far the run is, the seconds left and the current losses; the learning rate is taken down, too."""
        now = time.monotonic()
        if now - self._shown < _SHOW_SECONDS:
            return
        self._shown = now
        facts = f"step {step}  " + "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        self._bar.update(self._task, completed=fraction, left=_clock(left), facts=facts)
        if not self.console.is_terminal and now - self._logged > _LOG_SECONDS:
            self._logged = now
            self.say(f"{fraction:6.1%}  left {_clock(left)}  {facts}")
        self.record(step, {**losses, **({} if rate is None else {"learning rate": rate})})

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for logger in self.loggers:
            logger.values(step, values)

    def picture(self, step: int, name: str, image: Image) -> None:
        """Add a picture, (H, W, 3)."""
        for logger in self.loggers:
            logger.picture(step, name, image)

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        self.console.print(line, highlight=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    if seconds > _UNKNOWN:  # after the first step nothing is known of the others
        return "?"
    whole = int(max(0.0, seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
