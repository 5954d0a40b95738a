"""The library's front door: names in, objects out. The command line and the web pages stand on the same functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srbench import bench, images, registry, resize
from srbench import metrics as metric_table
from srbench.bench.progress import ProgressBar
from srbench.bench.results import RunResults
from srbench.images import Image
from srbench.metrics import listing
from srbench.mos.study import Study
from srbench.upscaling import upscale

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image as Picture

    from srbench.bench import Engine, MethodSpec, Shard
    from srbench.changes import RunChanges
    from srbench.claims import Claim, Verdict
    from srbench.ratings import Understood
    from srbench.reports import Choices, StudyRatings
    from srbench.tables import Table

__all__ = [
    "Run",
    "Study",
    "board",
    "claim",
    "compare_runs",
    "datasets",
    "degrade",
    "evaluate",
    "methods",
    "metrics",
    "open_run",
    "protocols",
    "read_ratings",
    "report",
    "run",
    "set_scores",
    "upscale",
    "verify",
]


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

    return between(_results(before), _results(after), alpha)


def evaluate(
    sr: Image | str | Path,
    hr: Image | str | Path,
    *,
    scale: int = 4,
    protocol: str = "matlab",
    metrics: str | Sequence[str] = ("psnr", "ssim"),
) -> dict[str, float]:
    """Score one SR image against its original.

    Args:
        sr: uint8, shape (H, W) or (H, W, 3) in RGB order, or a path.
        hr: The original, of the same size.
        scale: The upscaling factor; protocols remove a border that may depend on it.
        protocol: Name of a protocol, see `protocols`.
        metrics: Names of metrics, see `metrics`.

    Returns:
        The score of each metric by name; PSNR of equal images is infinite.

    Raises:
        MetricError: A name is unknown, the images do not fit each other, or a metric failed.
        ImageError: A file cannot be read.
    """
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    return metric_table.evaluate(_image(sr), _image(hr), scale=scale, protocol=protocol, names=names)


def set_scores(
    sr: str | Path,
    hr: str | Path,
    metrics: str | Sequence[str] = ("fid", "kid"),
    *,
    scale: int = 4,
    border: int | None = None,
    patch: int = 128,
    features: str | Callable[..., Any] = "inception",
) -> pd.DataFrame:
    """Return FID and KID over patches, between a folder of results and its originals.

    Args:
        sr: Folder of results, found by name as `results:DIR` finds them: `runs/demo-x4/images/bicubic` too.
        hr: Folder of originals, or the name of a data set.
        metrics: `fid`, `kid` or both.
        scale: The factor.
        border: Pixels removed from each side; the scale where none is given.
        patch: Side of a patch in pixels.
        features: `inception`, whose weights are fetched at first use; `random`, for tests; or a function of yours from
            patches uint8 (N, P, P, 3) to features (N, D).

    Returns:
        One row per metric: metric, value, images, patches, settings; lower is better. `attrs["notes"]` says what was
        left out.

    Raises:
        MetricError: The pictures are too small or too few, or weights cannot be had.
        DatasetError, MethodError, ImageError: A folder or a picture cannot be read.
    """
    import pandas as pd

    from srbench.pairing import pictures

    found, notes = pictures(sr, hr, scale)
    less = max((scale if border is None else border) - found[0].removed, 0)
    scores = metric_table.set_scores(
        (images.shave(picture.sr, less) for picture in found),
        (images.shave(picture.hr, less) for picture in found),
        names=(metrics,) if isinstance(metrics, str) else tuple(metrics),
        patch=patch,
        features=features,
    )
    frame = pd.DataFrame(
        [
            {
                "metric": score.metric,
                "value": score.value,
                "images": len(found),
                "patches": score.patches,
                "settings": score.settings,
            }
            for score in scores
        ]
    )
    frame.attrs["notes"] = notes
    return frame


def degrade(hr: Image | str | Path, scale: int = 4) -> Image:
    """Return the LR image of an original: MATLAB's bicubic `imresize`, after cropping to a multiple of `scale`.

    Args:
        hr: uint8, shape (H, W) or (H, W, 3), or a path.
        scale: The factor.

    Raises:
        ImageError: The image is smaller than `scale`, or the file cannot be read.

    >>> degrade(np.full((9, 8), 7, np.uint8), 4).tolist()
    [[7, 7], [7, 7]]
    """
    return resize.reduce(images.crop_to_multiple(_image(hr), scale), scale)


def methods(scale: int = 4) -> pd.DataFrame:
    """Return all methods, one row each; see `srbench.registry.table`."""
    return _frame(registry.table(scale))


def metrics() -> pd.DataFrame:
    """Return all metrics, one row each; see `srbench.metrics.listing.metric_rows`."""
    return _frame(listing.metric_rows())


def protocols() -> pd.DataFrame:
    """Return all protocols, one row each; see `srbench.metrics.listing.protocol_rows`."""
    return _frame(listing.protocol_rows())


def datasets(data_root: str | Path | None = None) -> pd.DataFrame:
    """Return all data sets with a manifest, one row each; see `srbench.datasets.table`.

    Raises:
        DatasetError: The data root is no folder.
    """
    from srbench.datasets import table

    return _frame(table(Path(data_root) if data_root is not None else None))


def report(
    run: Run | RunResults | str | Path | None,
    study: StudyRatings | str | Path | None = None,
    out: str | Path | None = None,
    *,
    formats: Sequence[str] = ("html", "md", "latex"),
    choices: Choices | None = None,
    pairs: StudyRatings | str | Path | None = None,
) -> list[Path]:
    """Write the report of a run, of an opinion study, or of both: what `srbench report` does.

    Args:
        run: A run, or its folder; None for a study alone.
        study: Name of a study, a file of ratings (see `read_ratings`), or ratings.
        out: Folder of the report; None: `reports/` and the name of the run, or of the study.
        formats: Some of `html`, `md`, `latex` and `pdf`.
        choices: What the reader decides; see `srbench.reports.Choices`.
        pairs: A study by pair comparison of the same versions, joined with the ratings on one scale.

    Returns:
        The documents; figures and tables lie in folders beside them.

    Raises:
        ReportError, RunError, StudyError, StatisticsError: An input is missing, damaged, or does not fit.
    """
    from srbench import reports

    finished = run.results if isinstance(run, Run) else run
    return reports.write(finished, study, out, formats=formats, choices=choices, pairs=pairs)


def read_ratings(
    file: str | Path,
    scale: str = "",
    *,
    form: str = "",
    split: str = "",
    columns: Mapping[str, str] | None = None,
    skip: Sequence[str] = (),
    dataset: str = "imported",
    reference: str = "",
    design: str = "",
    separator: str = "",
    decimal: str = "",
) -> Understood:
    """Read somebody's ratings or comparisons and say what was understood: what `srbench ratings show` does.

    Its `table` is what `srbench.stats` takes; `sentences()` says what was understood.

    Args:
        file: A text table, a Parquet file, a data set of sureal, or results of webMUSHRA or the P.910 toolkit.
        scale: What raters could answer, such as `0:100`; empty takes what the file says, else 1 to 5.
        form: One of `srbench.ratings.FORMS`; empty takes what the header shows.
        split: How the name of a stimulus holds image and method, such as `{image}_{method}.png`.
        columns: What the file calls our columns, {ours: theirs}.
        skip: Columns that hold no ratings.
        dataset: Name of the data set where the file names none.
        reference: The method that is the original.
        design: `acr`, `acr-hr` or `dcr`, where it is known.
        separator: `comma`, `semicolon`, `tab` or `bar`.
        decimal: `point` or `comma`.

    Raises:
        StudyError, StatisticsError: The file cannot be read or says too little, or what is said of it is wrong.
    """
    from srbench.ratings import Declaration, understand

    declared = Declaration(
        form=form,
        scale=scale,
        split=split,
        columns=dict(columns or {}),
        skip=tuple(skip),
        dataset=dataset,
        reference=reference,
        design=design,
        separator=separator,
        decimal=decimal,
    )
    return understand(file, declared)


def board(
    runs: Run | RunResults | str | Path | Sequence[Run | RunResults | str | Path],
    out: str | Path = "board",
    *,
    pictures: bool = True,
    title: str | None = None,
) -> Path:
    """Write a static site of one run or several: what `srbench board` does.

    Args:
        runs: Runs, or their folders.
        out: Folder of the board; a new one, or an earlier board.
        pictures: Whether the runs' pictures are copied, so that they can be compared.
        title: What the board is called; None for a name made of its data sets.

    Returns:
        The page to open, `out/index.html`; the folder works on any static host, and from the disk.

    Raises:
        RunError: A folder is no run.
        ReportError: None of the runs has scores, a picture is not the one that was scored, or `out` holds something
            else than a board.
    """
    from srbench import boards

    given = [runs] if isinstance(runs, Run | RunResults | str | Path) else runs
    return boards.write([_results(run) for run in given], out, pictures=pictures, title=title)


def claim(run: Run | RunResults | str | Path, method: str, out: str | Path | None = None) -> Claim:
    """Return what a run says of a method, as a claim that others can compute again; what `srbench claim` does.

    Args:
        run: A run, or its folder.
        method: Name of the method.
        out: File to write it to; None for none.

    Raises:
        ClaimError: The run has no such method, or not every score and checksum of it.
    """
    from srbench import claims

    made = claims.claim_of(_results(run), method)
    if out is not None:
        claims.write(made, Path(out))
    return made


def verify(
    claim: Claim | str | Path,
    *,
    pictures: str | Path | None = None,
    method: str | None = None,
    datasets: Sequence[str] | None = None,
    data_root: str | Path | None = None,
    tolerance: float = 1e-6,
    jobs: int | None = None,
) -> Verdict:
    """Compute a claim again, from weights or from pictures; what `srbench verify` does.

    Args:
        claim: A claim, or its file.
        pictures: Folder with SET/IMAGE.png; None to make the pictures anew.
        method: What the method is called here; None for the claim's name.
        datasets: Names or folders of its data sets here; None for the claim's names.
        data_root: Folder that already holds the data sets.
        tolerance: By how much a score may differ.
        jobs: Worker processes; None: one per usable core.

    Raises:
        ClaimError: The file is no claim, or was changed after it was made.
        SrbenchError: It cannot be computed here.
    """
    from srbench import claims

    known = claims.read(claim) if isinstance(claim, str | Path) else claim
    return claims.verify(
        known, pictures=pictures, method=method, sets=datasets, data_root=data_root, tolerance=tolerance, jobs=jobs
    )


def _results(run: Run | RunResults | str | Path) -> RunResults:
    if isinstance(run, Run):
        return run.results
    return run if isinstance(run, RunResults) else bench.load(run)


def _image(given: Image | str | Path) -> Image:
    return given if isinstance(given, np.ndarray) else images.read(given)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)
