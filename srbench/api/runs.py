"""Runs: making them, opening them, and what can be made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import bench
from srbench.bench.progress import ProgressBar
from srbench.bench.results import RunResults

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image as Picture

    from srbench.bench import Engine, MethodSpec, Shard
    from srbench.changes import RunChanges
    from srbench.reports import StudyRatings
    from srbench.tables import Table


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its scores, and what can be made of them.

    Attributes:
        results: The run folder as it was read.
    """

    results: RunResults

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.results.folder

    @property
    def scores(self) -> pd.DataFrame:
        """One row per data set, image, method, protocol and metric; columns as in `srbench.bench.rows.ImageScore`."""
        return self.results.scores

    @property
    def info(self) -> dict[str, Any]:
        """What the run was made with: the content of run.json."""
        return self.results.info

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know beside the scores: methods, files and rows that were left out."""
        return self.results.notes

    def table(self, metric: str = "psnr", protocol: str | None = None, *, columns: str | Sequence[str] = ()) -> Table:
        """Return methods x data sets, the mean over the images of each set, with the paper's values beside.

        Args:
            metric: Name of the metric.
            protocol: Name of the protocol; the first that the run has where none is named.
            columns: `cost` for parameters, multiply-accumulates, seconds and peak memory of each method.

        Raises:
            ReportError: The run has no scores of that metric, or none under that protocol; or no such columns exist.
        """
        from srbench.tables import score_table

        return score_table(self.scores, self.info, metric, protocol, columns)

    def compare(self, metric: str = "psnr", protocol: str | None = None, *, alpha: float = 0.05) -> pd.DataFrame:
        """Return the paired comparison of every two methods on every data set; see `srbench.stats.compare_scores`.

        Raises:
            ReportError: The run has no scores of that metric, or none under that protocol.
            StatisticsError: The run has fewer than two methods on any data set.
        """
        from srbench import stats
        from srbench.tables.scores import scores_of

        return stats.compare_scores(scores_of(self.scores, metric, protocol), metric, alpha=alpha)

    def show(
        self,
        image: str,
        crop: tuple[int, int, int, int] | None = None,
        methods: Sequence[str] | None = None,
        zoom: int | None = None,
    ) -> Picture:
        """Return one picture of what all methods made of an image, each under its title.

        Args:
            image: SET/IMAGE, such as `set5/img_003`.
            crop: (x, y, width, height) in pixels of the SR image; None for the whole image.
            methods: Which methods, in this order; None for all that kept a picture.
            zoom: Every pixel becomes this many squared; None for what fills about 240 pixels.

        Raises:
            ReportError: The run kept no such picture, or the crop is not inside it.
        """
        from srbench.reports.sheet import contact_sheet

        return contact_sheet(self.results, image, crop, methods, zoom)

    def report(self, out: str | Path | None = None, study: StudyRatings | str | Path | None = None) -> list[Path]:
        """Write the report of this run, and of an opinion study of it; see `report`.

        Returns:
            The documents, HTML first.
        """
        from srbench.api.publishing import report

        return report(self, study, out)

    def _repr_html_(self) -> str:
        from srbench.tables import score_tables
        from srbench.tables.rendering import html

        return "\n".join(html(table) for table in score_tables(self.scores, self.info))


def run(
    methods: str | Callable[..., Any] | MethodSpec | Sequence[str | Callable[..., Any] | MethodSpec] | None = None,
    datasets: str | Path | Sequence[str | Path] = "demo",
    *,
    scale: int = 4,
    protocol: str | Sequence[str] = "daala",
    metrics: str | Sequence[str] = ("psnr", "ssim"),
    out: str | Path | None = None,
    jobs: int | None = None,
    batch: int | None = None,
    device: str = "auto",
    precision: str = "fast",
    degradation: str = "bicubic",
    limit: int | None = None,
    data_root: str | Path | None = None,
    engine: Engine | None = None,
    shard: Shard | tuple[int, int] | str | None = None,
    progress: bool = True,
) -> Run:
    """Evaluate methods on data sets; the same call again continues what was interrupted.

    Args:
        methods: Names, functions `(lr, scale) -> sr`, or classes; one or several. None: all that have what they need.
        datasets: Names of data sets, or folders of images.
        scale: Upscaling factor.
        protocol: How PSNR and SSIM are computed; one or several names, see `protocols`.
        metrics: Names of metrics, see `metrics`.
        out: The run folder. None: `runs/` and a name made of the data sets.
        jobs: Worker processes; scores do not depend on it. None: one per usable core.
        batch: Images of equal size that a network computes at once; 0: no batches. None: 16 on CUDA, else 0.
        device: `auto`, `cpu` or `cuda`.
        precision: `fast`, `bf16` or `exact`.
        degradation: How LR images are made where a set has none: `bicubic`, or for every image `gaussian`,
            `blur=1.6,noise=10,jpeg=60` or parts of it, `real-esrgan,seed=N`; see `srbench.degradations.parse`.
        limit: Only the first images of each data set.
        data_root: Folder that already holds the data sets; default: the variable SRBENCH_DATA.
        engine: Who does the work; None: processes on this machine.
        shard: (3, 20) does the third of twenty parts only, beside other processes on the same folder.
        progress: Whether a bar is shown, in terminals and notebooks.

    Raises:
        SrbenchError: A name is unknown, none of the methods can run, or an input cannot be read.
        KeyboardInterrupt: Ctrl-C; what is finished is kept.
    """
    with ProgressBar(shown=progress) as bar:
        finished = bench.run(
            methods,
            datasets,
            scale=scale,
            protocols=protocol,
            metrics=metrics,
            out=out,
            jobs=jobs,
            batch=batch,
            device=device,
            precision=precision,
            degradation=degradation,
            limit=limit,
            data_root=data_root,
            engine=engine,
            shard=shard,
            on_file=bar.on_file,
            on_start=bar.on_start,
            on_outcome=bar.on_outcome,
        )
    return Run(finished)


def open_run(folder: str | Path) -> Run:
    """Open a run folder that `run` or `srbench run` has made.

    Raises:
        RunError: It is no run, or its files are damaged.
    """
    return Run(bench.load(folder))


def compare_runs(
    before: Run | RunResults | str | Path, after: Run | RunResults | str | Path, *, alpha: float = 0.05
) -> RunChanges:
    """Return what changed from one run to another, cell by cell, over the inputs that both have.

    Args:
        before: The earlier run, or its folder.
        after: The later one.
        alpha: One minus the level of the intervals.

    Raises:
        RunError: One is no run, or they are at two scales or have no data set in common.
    """
    from srbench.changes import between

    return between(results_of(before), results_of(after), alpha)


def results_of(run: Run | RunResults | str | Path) -> RunResults:
    """Return the results of a run that is given in any of the ways that functions take one.

    Raises:
        RunError: The folder is no run, or its files are damaged.
    """
    if isinstance(run, Run):
        return run.results
    return run if isinstance(run, RunResults) else bench.load(run)
