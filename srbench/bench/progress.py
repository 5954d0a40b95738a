"""The bar that a run shows, in terminals and notebooks: files of a data set that are fetched, then images."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srbench.bench.rows import ImageOutcome


class ProgressBar:
    """A context whose methods are the callbacks of `bench.run`; it shows nothing where nobody could see a bar.

    Args:
        shown: Whether to show anything at all.
    """

    def __init__(self, shown: bool = True) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        seen = shown and (console.is_terminal or console.is_jupyter)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=console, transient=True, disable=not seen)
        self._current = self._bars.add_task("starting", total=None)

    def __enter__(self) -> ProgressBar:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def on_file(self, dataset: str, done: int, total: int) -> None:
        """Show how many files of a data set are there."""
        self._bars.update(self._current, total=total, completed=done, description=f"fetching {dataset}")

    def on_start(self, tasks: int, done: int) -> None:
        """Show how many images are to be made or scored."""
        self._bars.update(self._current, total=tasks + done, completed=done)

    def on_outcome(self, outcome: ImageOutcome) -> None:
        """Count one image."""
        self._bars.update(self._current, advance=1, description=f"{outcome.method} on {outcome.dataset}")
