"""Computes a claim again, from weights or from pictures, and says equal, or where not."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import srbench.datasets as datasets
import srbench.metrics as metrics
from srbench import bench, images, registry
from srbench.bench.plan import metric_fingerprint
from srbench.claims.claim import Claim
from srbench.claims.content import agree
from srbench.datasets import ImagePair
from srbench.datasets.dataset import degradation_of
from srbench.errors import ClaimError, DatasetError, ImageError, MetricError
from srbench.tables.names import lines
from srbench.tables.numbers import count

TOLERANCE = 1e-6
"""What two computations of one score may differ by on one machine: nothing, but for the last digits of libraries."""
Scores = dict[tuple[str, str, str, str], float]
"""{(data set, image, protocol, metric): score}."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of computing a claim again.

    Attributes:
        source: What it was computed from, one phrase.
        scores: How many scores were computed again.
        differences: Where the claim is not what was found, a line each kind; empty where it is equal.
        notes: What is not as it was when the claim was made, and made no difference.
    """

    source: str
    scores: int
    differences: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether everything is as claimed."""
        return not self.differences

    def __str__(self) -> str:
        if self.equal:
            return f"Equal: {count(self.scores, 'score')}, computed again from {self.source}."
        return "\n".join(f"Not as claimed: {line}" for line in self.differences)


@dataclass(slots=True)
class _Findings:
    """What differs, kind by kind: the first of each is told, the others are counted."""

    kinds: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, line: str) -> None:
        self.kinds.setdefault(kind, []).append(line)

    def told(self) -> tuple[str, ...]:
        return tuple(
            lines[0] if len(lines) == 1 else f"{lines[0].rstrip('.')}; and {len(lines) - 1} more like it."
            for lines in self.kinds.values()
        )


def verify(
    claim: Claim,
    *,
    pictures: str | Path | None = None,
    method: str | None = None,
    sets: Sequence[str] | None = None,
    data_root: str | Path | None = None,
    tolerance: float = TOLERANCE,
    jobs: int | None = None,
) -> Verdict:
    """Compute a claim again.

    First what it depends on is compared: protocols, every original and LR image, the weights. Where that agrees, the
    scores are computed: of stored pictures, or of pictures that the method makes now.

    Args:
        claim: The claim.
        pictures: Folder with SET/IMAGE.png; None to make the pictures anew.
        method: How the method is called here, such as `model:mine.toml`; None for the claim's name.
        sets: Names or folders of its data sets here; None for the claim's names.
        data_root: Folder that already holds the data sets.
        tolerance: By how much a score may differ. On another processor networks round otherwise in a few pixels.
        jobs: Worker processes; None: one per usable core.

    Raises:
        SrbenchError: It cannot be computed here: a data set, method, metric or picture is not there.
    """
    if pictures is None and method is None:
        _check_name(claim.method)
    source = "the pictures" if pictures is not None else "the method and its weights"
    found = _Findings()
    notes = _check_rules(claim, found)
    pairs = _load(claim, sets, data_root)
    _check_inputs(claim, pairs, found)
    if pictures is None:
        notes += _check_method(claim, method or claim.method, found)
    if found.kinds:  # scores of other inputs or rules say nothing about the claim
        return Verdict(source, 0, found.told(), tuple(notes))
    if pictures is not None:
        computed = _from_pictures(claim, pairs, Path(pictures), found)
    else:
        names = sets or list(claim.content["datasets"])
        computed, others = _from_method(claim, method or claim.method, names, data_root, jobs, found)
        notes += others
    _check_scores(claim, computed, tolerance, found)
    return Verdict(source, len(computed), found.told(), tuple(notes))


def _check_name(name: str) -> None:
    """Raise ClaimError for a method that was made of files: its name in tables does not say where they are here."""
    kind, slash, _ = name.partition("/")
    if slash and kind == "results":
        raise ClaimError(f"'{name}' is a folder of stored pictures. Name them: --pictures FOLDER.")
    if slash:
        raise ClaimError(f"'{name}' was made of a file. Say where it is here: --method {kind}:FILE.")


def _check_rules(claim: Claim, found: _Findings) -> list[str]:
    for name, version in claim.content["protocols"].items():
        here = metrics.find_protocol(name).version
        if here != version:
            found.add("protocol", f"protocol {name} is version {version} in the claim, {here} here.")
    notes = []
    for name, fingerprint in claim.content["metrics"].items():
        reason = metrics.why_not(name)
        if reason:
            raise MetricError(reason)
        if fingerprint and fingerprint != metric_fingerprint(name):
            notes.append(f"The code of the metric {name} is another one here.")
    return notes


def _load(claim: Claim, sets: Sequence[str] | None, data_root: str | Path | None) -> dict[str, Sequence[ImagePair]]:
    root = Path(data_root) if data_root is not None else None
    wanted = claim.content["datasets"]
    loaded = {}
    for name in sets or list(wanted):
        known = next((about for label, about in wanted.items() if label == name), None)
        degradation = degradation_of(str((known or next(iter(wanted.values())))["lr"]))
        pairs = datasets.load(name, claim.content["scale"], data_root=root, degradation=degradation)
        loaded[pairs.name] = pairs
    missing = sorted(set(wanted) - set(loaded))
    if missing:
        raise DatasetError(f"The claim is about '{missing[0]}', which is not among the data sets that were named.")
    return {name: loaded[name] for name in wanted}


def _check_inputs(claim: Claim, pairs: Mapping[str, Sequence[ImagePair]], found: _Findings) -> None:
    for dataset, about in claim.content["datasets"].items():
        here = {pair.name: pair for pair in pairs[dataset]}
        if here.keys() != about["images"].keys():
            odd = sorted(here.keys() ^ about["images"].keys())[0]
            what = f"{odd} is not in the {'claim' if odd in here else 'data set'}"
            sizes = f"{dataset} has {count(len(here), 'image')}, the claim is over {len(about['images'])}"
            found.add("images", f"{sizes}: {what}.")
            continue
        for image, entry in about["images"].items():
            pair = here[image]
            for part, stated, sha256 in (
                ("original", entry["hr_sha256"], pair.hr_sha256),
                ("LR image", entry["lr_sha256"], pair.lr_sha256),
            ):
                if stated != sha256:
                    found.add(part, f"the {part} of {dataset}/{image} is another one than here.")


def _check_method(claim: Claim, name: str, found: _Findings) -> list[str]:
    method, _ = registry.find(name)
    method.check(claim.content["scale"])
    weights = method.weights.get(claim.content["scale"])
    here = images.file_sha256(weights) if weights is not None and weights.is_file() else None
    stated = claim.content["method"]["weights_sha256"]
    if here != stated:
        found.add("weights", f"the weights are {_short(stated)} in the claim; '{name}' has {_short(here)} here.")
    same = registry.fingerprint(name, _setup(claim)) == claim.content["method"]["fingerprint"]
    return [] if same else [f"The code of '{name}', or of srbench under it, is another one than when it was claimed."]


def _setup(claim: Claim) -> registry.Setup:
    about = claim.content["method"]
    # What was claimed on another kind of device may be verified on the one that is here.
    device = "cpu" if about["device"] == "cpu" else "auto"
    return registry.Setup.choose(claim.content["scale"], device, str(about["precision"]))


def _short(sha256: str | None) -> str:
    return f"SHA-256 {sha256[:12]}..." if sha256 else "none"


def _from_pictures(claim: Claim, pairs: Mapping[str, Sequence[ImagePair]], folder: Path, found: _Findings) -> Scores:
    computed: Scores = {}
    names = list(claim.content["metrics"])
    for dataset, several in pairs.items():
        for pair in several:
            path = folder / dataset / f"{pair.name}.png"
            if not path.is_file():
                raise ImageError(f"There is no picture {path}. Name the folder that has SET/IMAGE.png in it.")
            if images.file_sha256(path) != claim.content["datasets"][dataset]["images"][pair.name]["picture_sha256"]:
                found.add("picture", f"the picture of {dataset}/{pair.name} is another one than was claimed.")
                continue
            sr, hr = images.read(path), pair.hr()
            for protocol in claim.content["protocols"]:
                scores = metrics.evaluate(sr, hr, scale=pair.scale, protocol=protocol, names=names)
                computed |= {(dataset, pair.name, protocol, metric): value for metric, value in scores.items()}
    return computed


def _from_method(
    claim: Claim, name: str, sets: Sequence[str], data_root: str | Path | None, jobs: int | None, found: _Findings
) -> tuple[Scores, list[str]]:
    setup = _setup(claim)
    degradations = {degradation_of(str(one["lr"])) for one in claim.content["datasets"].values()}
    if len(degradations) > 1:
        raise ClaimError("The claim mixes LR images made in two ways. Verify it from its pictures.")
    with tempfile.TemporaryDirectory(prefix="srbench-claim-") as folder:
        run = bench.run(
            [name],
            list(sets),
            scale=setup.scale,
            protocols=list(claim.content["protocols"]),
            metrics=list(claim.content["metrics"]),
            out=Path(folder) / "run",
            jobs=jobs,
            device=setup.device,
            precision=setup.precision,
            degradation=degradations.pop(),
            data_root=data_root,
        )
    computed: Scores = {}
    for row in lines(run.scores):
        if row.status == "ok":
            computed[str(row.dataset), str(row.image), str(row.protocol), str(row.metric)] = float(row.value)
        else:
            found.add("failure", f"'{name}' {row.status} on {row.dataset}/{row.image}: {row.message}")
    made = {tuple(place.split("/")[-2:]): sha256 for place, sha256 in run.info["images_sha256"].items()}
    others = [
        f"{dataset}/{image}"
        for dataset, one in claim.content["datasets"].items()
        for image, entry in one["images"].items()
        if made.get((dataset, image)) not in (None, entry["picture_sha256"])
    ]
    return computed, [f"{count(len(others), 'picture')} differ from the claim's, {others[0]} first."] if others else []


def _check_scores(claim: Claim, computed: Scores, tolerance: float, found: _Findings) -> None:
    for dataset, about in claim.content["datasets"].items():
        for image, entry in about["images"].items():
            for protocol, values in entry["scores"].items():
                for metric, stated in values.items():
                    here = computed.get((dataset, image, protocol, metric))
                    if here is not None and not agree(float(stated), here, tolerance):
                        place = f"{metric} ({protocol}) of {dataset}/{image}"
                        found.add("score", f"{place} is {float(stated):.6f} in the claim, {here:.6f} computed again.")
