"""Runs an audit: methods and stored pictures are measured, judged and held against the criteria."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import srbench.datasets as datasets
from srbench import registry
from srbench.audit.criteria import Criterion, criteria
from srbench.audit.scores import AuditScores, Upscale, measure, niqe
from srbench.errors import MethodError, MetricError
from srbench.images import Image
from srbench.ready import ready
from srbench.registry import ImagePair, Setup

SCALE = 4
ORIGINAL = "hr"


@dataclass(frozen=True, slots=True)
class Audited:
    """One method's scores and how it stands to the criteria."""

    scores: AuditScores
    criteria: tuple[Criterion, ...]

    @property
    def passed(self) -> bool:
        """Whether no criterion that is asked of it was missed; one that was not measured counts as neither."""
        return not any(one.required and one.passed is False for one in self.criteria)


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of several methods on one data set.

    Attributes:
        dataset: Its name.
        original: What the originals themselves have.
        reference: What the MSE-trained method has.
        methods: The others.
    """

    dataset: str
    original: AuditScores
    reference: AuditScores
    methods: tuple[Audited, ...]

    @property
    def passed(self) -> bool:
        """Whether all methods passed."""
        return all(one.passed for one in self.methods)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, the originals' infinite PSNR as the word `inf`."""
        return {
            "dataset": self.dataset,
            "original": _plain(self.original),
            "reference": _plain(self.reference),
            "methods": [
                {
                    **_plain(one.scores),
                    "passed": one.passed,
                    "criteria": [dataclasses.asdict(criterion) for criterion in one.criteria],
                }
                for one in self.methods
            ],
        }


def _plain(scores: AuditScores) -> dict[str, Any]:
    return {
        name: "inf" if isinstance(value, float) and math.isinf(value) else value
        for name, value in dataclasses.asdict(scores).items()
    }


def audit(
    methods: Sequence[str],
    reference: str = "srresnet-mse",
    *,
    dataset: str = "set14",
    data: Sequence[Path] = (),
    quick: bool = False,
    data_root: Path | None = None,
    device: str = "cpu",
    show: Callable[[str], Any] = lambda _: None,
) -> Audit:
    """Audit GAN-trained methods at x4 against an MSE-trained one.

    Args:
        methods: Names as for the bench; `results:DIR` takes stored pictures, of one method or of each below DIR.
        reference: The MSE-trained method, such as `srresnet-mse`; stored pictures as well.
        dataset: Test set of all figures but the judge's and the second NIQE, which use BSD100.
        data: Folders of training photographs for the judge; none leaves it out.
        quick: Measure on `dataset` alone: no judge, and nothing on BSD100.
        data_root: Where the data sets are.
        device: Where networks run.
        show: Is told what is being done.

    Raises:
        MethodError: A method is unknown, or lacks pictures of `dataset`.
        DatasetError: The data set cannot be had.
        TrainingError: A folder of photographs holds none.
    """
    wanted, specs = _chosen(methods, reference)
    pairs = datasets.load(dataset, scale=SCALE, data_root=data_root)
    bsd100 = [] if quick else datasets.load("bsd100", scale=SCALE, data_root=data_root)
    photographs = _photographs(data) if data and not quick else []
    original = measure(ORIGINAL, lambda pair: pair.hr(), pairs)
    found = {}
    for label, spec in specs.items():
        show(f"{label}: measuring {len(pairs)} images of {dataset}")
        upscale = _remembered(ready(spec, Setup(scale=SCALE, device=device)).on_pair)
        scores = measure(label, upscale, pairs)
        if quick:
            skipped = "left out by --quick"
            scores = replace(scores, missing={**scores.missing, "bsd100_niqe": skipped, "judge": skipped})
        else:
            scores = _on_bsd100(scores, spec, upscale, bsd100, photographs, show)
        found[label] = scores
    every = list(found.values())
    held = [
        Audited(found[label], tuple(criteria(found[label], every[0], original, every, dataset))) for label in wanted
    ]
    return Audit(dataset, original, every[0], tuple(held))


def _on_bsd100(
    scores: AuditScores,
    spec: str,
    upscale: Upscale,
    pairs: Sequence[ImagePair],
    photographs: Sequence[Path],
    show: Callable[[str], Any],
) -> AuditScores:
    missing = dict(scores.missing)
    natural = accuracy = None
    show(f"{scores.method}: measuring {len(pairs)} images of bsd100")
    try:
        natural = niqe(upscale, pairs, SCALE)
    except (MethodError, MetricError) as error:  # a folder of results need not hold BSD100
        missing["bsd100_niqe"] = str(error)
    if registry.find(spec)[0].source is not None:
        missing["judge"] = "stored pictures cannot be made of the photographs it is trained on"
    elif not photographs:
        missing["judge"] = "give training photographs with --data"
    else:
        from srbench.audit import judge  # here, because torch is slow to import

        show(f"{scores.method}: training a judge")
        accuracy = judge.accuracy(upscale, photographs, pairs)
    return replace(scores, bsd100_niqe=natural, judge=accuracy, missing=missing)


def _chosen(methods: Sequence[str], reference: str) -> tuple[list[str], dict[str, str]]:
    """Return the names in tables of the methods, and {name in tables: name for the registry}, the reference first."""
    first, wanted = _expanded([reference]), _expanded(methods)
    if len(first) > 1:
        names = ", ".join(label for label, _ in first)
        raise MethodError(f"The reference must be one method; '{reference}' holds {len(first)}: {names}.")
    if not wanted:
        raise MethodError("No method to audit was named; expected at least one.")
    specs: dict[str, str] = {}
    for label, spec in [*first, *wanted]:
        if specs.setdefault(label, spec) != spec:
            raise MethodError(f"Two of the methods are called '{label}' in tables. Give their folders different names.")
    return [label for label, _ in wanted], specs


def _expanded(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (name in tables, name for the registry) of each method, a folder of results taken apart."""
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys(names):
        method, argument = registry.find(name)
        parts: Mapping[str, str] = {}
        if method.expand is not None and argument is not None:
            parts = method.expand(argument)
        found += [(label, f"{method.name}:{part}") for label, part in parts.items()] or [(name, name)]
    return found


def _photographs(folders: Sequence[Path]) -> list[Path]:
    from srbench.training import photographs  # here, because torch is slow to import

    return list(photographs.find(list(folders)))


def _remembered(upscale: Upscale) -> Upscale:
    # BSD100 is looked at by NIQE and again by the judge, and the audited set may be BSD100 itself.
    kept: dict[tuple[str, str], Image] = {}

    def once(pair: ImagePair) -> Image:
        key = pair.dataset, pair.name
        if key not in kept:
            kept[key] = upscale(pair)
        return kept[key]

    return once
