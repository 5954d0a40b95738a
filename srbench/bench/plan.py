"""What a run computes: its methods, its images, and of these what is not done yet."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import srbench.metrics as metrics
from srbench import images, registry
from srbench.bench import luggage, results
from srbench.bench.journal import Outcomes
from srbench.bench.luggage import Luggage
from srbench.bench.rows import ImageOutcome, Score
from srbench.bench.shards import Shard
from srbench.bench.specs import MethodSpec
from srbench.bench.validity import outcome_key
from srbench.datasets import ImagePair
from srbench.errors import DatasetError, MethodError, MetricError
from srbench.registry import Setup

NAN = float("nan")
_PROTOCOLS = "srbench.protocols"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """All that a run computes.

    Attributes:
        pairs: The test images.
        partial: Data sets of which `pairs` may hold the first images only.
        sources: What run.json says of where each data set came from.
        methods: The methods.
        left_out: Methods that cannot take part, {name: why}.
        broken: Plugins and manifests that cannot be used, {file: why}.
        setup: Scale, device and precision.
        protocols: Names of the protocols that score them.
        metric_names: Names of the metrics.
        folder: The run folder.
        fingerprints: Of each method, by its name in tables.
        shard: Which part of the images this process does; None for all of them.
    """

    pairs: Sequence[ImagePair]
    partial: frozenset[str]
    sources: Mapping[str, Mapping[str, Any]]
    methods: Sequence[MethodSpec]
    left_out: Mapping[str, str]
    broken: Mapping[str, str]
    setup: Setup
    protocols: Sequence[str]
    metric_names: Sequence[str]
    folder: Path
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    shard: Shard | None = None

    def share(self) -> Iterator[tuple[MethodSpec, ImagePair]]:
        """Yield what this process does, the methods one after the other, each on the images in their order.

        Shards take turns along this list, so that each gets as many images of every method and size as the others, and
        a run of few images and many methods keeps all shards at work.
        """
        everything = ((spec, pair) for spec in self.methods for pair in self.pairs)
        return everything if self.shard is None else self.shard.share(everything)

    def luggage(self) -> Luggage:
        """Return what workers must be given by value."""
        protocols = {name: metrics.find_protocol(name) for name in self.protocols}
        return Luggage(
            {spec.spec: spec.method for spec in self.methods if spec.by_value},
            {name: metrics.find(name) for name in self.metric_names if _is_own_metric(name)},
            {name: own for name, own in protocols.items() if not luggage.is_importable(own.module, _PROTOCOLS)},
        )

    def wanted(self) -> tuple[Score, ...]:
        """Return the scores every image needs, their values still empty."""
        return tuple(
            Score(name, metrics.find_protocol(name).version, metric, metric_fingerprint(metric), NAN)
            for name in self.protocols
            for metric in self.metric_names
        )


@dataclass(frozen=True, slots=True)
class ImageTask:
    """One unit of work: names and paths only, never pixels.

    Attributes:
        pair: The test image.
        spec: What `registry.create` understands, such as `results:DIR`.
        setup: Scale, device and precision.
        run: The run folder.
        wanted: The scores to compute; their values are empty.
        blank: The outcome to be, with nothing but what is known before.
        done: A valid earlier outcome whose image is kept and only lacks `wanted`; None to make the image.
        luggage: File with what cannot be imported; None where everything can.
        careful: Compute the scores one by one and say so: a worker died in this task before.
        given_up: Scores that are not computed any more, with the reason.
    """

    pair: ImagePair
    spec: str
    setup: Setup
    run: Path
    wanted: tuple[Score, ...]
    blank: ImageOutcome
    done: ImageOutcome | None = None
    luggage: Path | None = None
    careful: bool = False
    given_up: tuple[Score, ...] = ()

    def absolute(self) -> ImageTask:
        """Return the task with absolute paths, for whoever has another working directory."""
        lr_path = self.pair.lr_path and self.pair.lr_path.absolute()
        pair = replace(self.pair, hr_path=self.pair.hr_path.absolute(), lr_path=lr_path)
        return replace(self, pair=pair, run=self.run.absolute())

    def without(self, metric: str, reason: str) -> ImageTask:
        """Return the task without a metric."""
        given_up = [replace(score, message=reason) for score in self.wanted if score.metric == metric]
        rest = tuple(score for score in self.wanted if score.metric != metric)
        return replace(self, wanted=rest, given_up=(*self.given_up, *given_up))

    def unfinished(self, status: str, reason: str) -> ImageOutcome:
        """Return the outcome where there is no image: `reason` in one line, and no score."""
        message = " ".join(reason.split())[:500]
        nothing = tuple(replace(score, value=NAN) for score in (*self.wanted, *self.given_up))
        return replace(self.blank, status=status, message=message, scores=nothing)


def check_metrics(names: Sequence[str], protocols: Sequence[str]) -> None:
    """Raise MetricError where a metric or protocol is unknown or lacks what it needs, before any work is done."""
    if not names or not protocols:
        raise MetricError(f"No {'protocol' if names else 'metric'} was named. 'srbench metrics' lists them.")
    for protocol in protocols:
        metrics.find_protocol(protocol)
    for name in names:
        metrics.find(name)
        reason = metrics.why_not(name)
        if reason:
            raise MetricError(reason)


def _is_own_metric(name: str) -> bool:
    return not luggage.is_importable(metrics.find(name).module, "srbench.metrics")


@functools.cache
def _own_metric_fingerprint(metric: metrics.Metric) -> str:
    try:
        return luggage.fingerprint(metric.compute, metric.module)
    except TypeError:
        return secrets.token_hex(8)


def metric_fingerprint(name: str) -> str:
    """Return a hash of the code of a metric, wherever it is defined."""
    return _own_metric_fingerprint(metrics.find(name)) if _is_own_metric(name) else metrics.fingerprint(name)


def check_names(pairs: Sequence[ImagePair], methods: Sequence[MethodSpec]) -> None:
    """Refuse names that rows and folders cannot have, before any work is done.

    Raises:
        DatasetError: Two data sets or images have one name, or one is not UTF-8.
        MethodError: The name of a method is not UTF-8.
    """
    places: set[tuple[str, str]] = set()
    for pair in pairs:
        if not _is_utf8(pair.dataset) or not _is_utf8(pair.name):
            raise DatasetError(f"The name of the file {str(pair.hr_path)!a} is not UTF-8. Rename it.")
        if (pair.dataset, pair.name) in places:
            raise DatasetError(f"Two of the data sets are called '{pair.dataset}'. Rename one of the folders.")
        places.add((pair.dataset, pair.name))
    for spec in methods:
        if not _is_utf8(spec.name):
            raise MethodError(f"The name of the method {spec.name!a} is not UTF-8. Rename its folder.")


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_tasks(plan: RunPlan, outcomes: Outcomes) -> tuple[list[ImageTask], list[ImageOutcome]]:
    """Return what of `plan` is not done by `outcomes`, the methods one after the other.

    The second list has lines to add to the journal: outcomes of older versions that turned out to hold, with the hashes
    that say so.
    """
    wanted = plan.wanted()
    tasks: list[ImageTask] = []
    confirmed: list[ImageOutcome] = []
    for spec, pair in plan.share():
        fingerprint = plan.fingerprints[spec.name]
        inputs = pair.input_hash
        key = outcome_key(fingerprint, inputs, _stored(spec, pair))
        blank = ImageOutcome(
            pair.dataset, pair.name, spec.name, key, "", NAN, NAN, "", "ok", "", (), inputs, fingerprint
        )
        task = ImageTask(pair, spec.spec, plan.setup, plan.folder, wanted, blank)
        done = outcomes.get(blank.place)
        if done is not None and done.key == key and _holds(plan.folder, done):
            known = replace(done, input_hash=inputs, fingerprint=fingerprint)
            missing = _missing(wanted, known)
            if not missing:
                confirmed += [] if known == done else [known]
                continue
            replaced = {(score.protocol, score.metric) for score in missing}
            still = tuple(score for score in done.scores if (score.protocol, score.metric) not in replaced)
            task = replace(task, wanted=missing, done=replace(known, scores=still))
        tasks.append(task)
    return tasks, confirmed


def _missing(wanted: Sequence[Score], done: ImageOutcome) -> tuple[Score, ...]:
    have = {score.identity for score in done.scores if not score.message}
    return tuple(score for score in wanted if score.identity not in have)


def _stored(spec: MethodSpec, pair: ImagePair) -> str | None:
    if spec.method.source is None:
        return None
    try:
        return images.file_sha256(spec.method.source(spec.argument or "", pair))
    except (OSError, MethodError):  # the worker reports it as the method's failure
        return "missing"


def _holds(folder: Path, outcome: ImageOutcome) -> bool:
    """Return whether the picture is there as it was written, and the files that the method read are as they were."""
    if outcome.status != "ok" or registry.changed(outcome.files):
        return False
    path = results.image_path(folder, outcome.method, outcome.dataset, outcome.image)
    return path.is_file() and images.file_sha256(path) == outcome.sha256
