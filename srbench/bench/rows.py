"""The rows of a run: a line of its journal with its scores, and a row of its table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

NO_FILES: dict[str, str] = {}
"""What a method that opens no files opened: one for all outcomes, which nobody changes."""


@dataclass(frozen=True, slots=True)
class ImageScore:
    """One row of `scores.csv`: one metric of one image of one method.

    Attributes:
        dataset: Name of the data set.
        image: Name of the image in it.
        method: Name of the method.
        scale: Upscaling factor.
        protocol: `daala` or `matlab`.
        protocol_version: Version of that protocol; equal versions give equal scores.
        metric: Name of the metric.
        value: The score; NaN when the method or the metric failed.
        seconds: Wall time inside the method, reading and writing of files not counted.
        peak_mb: Peak resident memory of the worker process during the method, in MB (10^6 bytes).
        path: The way of computing that the method took, as it names it.
        status: `ok`, `failed`, or `missing` where there is no stored picture to score.
        message: Why there is no value; empty otherwise.
    """

    dataset: str
    image: str
    method: str
    scale: int
    protocol: str
    protocol_version: str
    metric: str
    value: float
    seconds: float
    peak_mb: float
    path: str
    status: str
    message: str


COLUMNS = [field.name for field in fields(ImageScore)]


@dataclass(frozen=True, slots=True)
class Score:
    """One value in the journal, with what it depends on besides the two images."""

    protocol: str
    protocol_version: str
    metric: str
    metric_fingerprint: str
    value: float
    message: str = ""

    def shared(self) -> Score:
        """Return the same score, with one copy of each text for all scores of the process."""
        once = sys.intern
        return Score(
            once(self.protocol), once(self.protocol_version), once(self.metric), once(self.metric_fingerprint),
            self.value, once(self.message),
        )  # fmt: skip

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What must agree for the stored value to be taken again."""
        return (self.protocol, self.protocol_version, self.metric, self.metric_fingerprint)


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """One line of the journal: one image of one method, finished or failed.

    Attributes:
        key: Hash of the method's fingerprint and of its inputs: while it agrees, the image is still valid.
        sha256: Hash of the PNG that was kept; empty when the method failed.
        status: `ok`, `failed` or `missing`, as in `ImageScore`.
        scores: The values computed on it so far.
        input_hash: Identifies the HR and the LR image it was made from; empty in lines of older versions.
        fingerprint: Of the method that made it; empty in lines of older versions.
        files: Data files that the method opened by itself, {path: SHA-256}.
        revision: How many lines it takes the place of; between journals the highest counts.
    """

    dataset: str
    image: str
    method: str
    key: str
    sha256: str
    seconds: float
    peak_mb: float
    path: str
    status: str
    message: str
    scores: tuple[Score, ...] = ()
    input_hash: str = ""
    fingerprint: str = ""
    files: Mapping[str, str] = field(default_factory=lambda: NO_FILES)
    revision: int = 0

    def shared(self) -> ImageOutcome:
        """Return the same outcome, with one copy for all of what many have in common.

        Outcomes come from a worker or a file with copies of their own, of which a long run would hold as many.
        """
        once = sys.intern
        return ImageOutcome(
            once(self.dataset), once(self.image), once(self.method), self.key, self.sha256, self.seconds, self.peak_mb,
            once(self.path), once(self.status), once(self.message), tuple(score.shared() for score in self.scores),
            once(self.input_hash), once(self.fingerprint), self.files or NO_FILES, self.revision,
        )  # fmt: skip

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it belongs: (method, dataset, image)."""
        return (self.method, self.dataset, self.image)

    def rows(self, scale: int) -> Iterator[ImageScore]:
        """Yield the rows of `scores.csv` that this line stands for."""
        for score in self.scores:
            status = "failed" if self.status == "ok" and score.message else self.status
            yield ImageScore(
                self.dataset, self.image, self.method, scale, score.protocol, score.protocol_version, score.metric,
                score.value, self.seconds, self.peak_mb, self.path, status, self.message or score.message,
            )  # fmt: skip
