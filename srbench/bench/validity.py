"""Which scores of a journal still hold: those of the inputs, methods, protocols and metrics that run.json names now."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from srbench.bench.journal import Outcomes
from srbench.bench.rows import ImageOutcome, Score
from srbench.datasets.pairs import DEGRADATIONS, input_hash, made_by

GONE = "their image is no longer in the data set"
OTHER_INPUT = "their HR or LR image is another one now"
OTHER_MAKING = "their HR or LR image or their method is another one now"
OTHER_METHOD = "their method, its weights, device or precision changed"
OTHER_RULE = "their protocol or metric changed"
_STORED = "results/"  # such methods are named after their folder; their keys hash a picture that may be gone


@dataclass(frozen=True, slots=True)
class StaleRows:
    """Rows that are in the journal but no longer hold.

    Attributes:
        reason: Why, one of the phrases of this module.
        count: Number of rows.
        methods: The methods whose rows they are.
    """

    reason: str
    count: int
    methods: tuple[str, ...]

    def __str__(self) -> str:
        rows = "1 row" if self.count == 1 else f"{self.count} rows"
        again = "" if self.reason == GONE else " Run them again on the whole data set to have these."
        return f"Left out: {rows} of {', '.join(self.methods)}, because {self.reason}.{again}"


def outcome_key(fingerprint: str, inputs: str, stored: str | None = None) -> str:
    """Return the key of an outcome.

    Args:
        fingerprint: Of the method.
        inputs: The pair's `input_hash`.
        stored: Checksum of the stored picture that the method reads for the pair; None where it reads none.
    """
    digest = hashlib.sha256(f"{fingerprint}|{inputs}".encode())
    if stored is not None:
        digest.update(stored.encode())
    return digest.hexdigest()[:16]


def adopt(outcomes: Outcomes, info: Mapping[str, Any]) -> list[ImageOutcome]:
    """Return the lines of older versions that still hold, with the hashes that today's lines carry.

    Older journals do not name the inputs of a line, but its key is made of them and of the method's fingerprint, and
    run.json has both as they were last. A key that can be made from those is proof. Where LR images were made by
    older code no key can be: then all lines of the data set are believed.
    """
    old = [outcome for outcome in outcomes.values() if not outcome.input_hash and _entry(info, outcome)]
    proven: dict[tuple[str, str, str], ImageOutcome] = {}
    for outcome in old:
        fingerprint = _fingerprint(info, outcome)
        for inputs in _possible(info, outcome):
            if outcome.key == outcome_key(fingerprint, inputs):
                proven[outcome.place] = replace(outcome, input_hash=inputs, fingerprint=fingerprint)
    with_proof = {outcome.dataset for outcome in proven.values()}
    adopted = list(proven.values())
    for outcome in old:
        entry = _entry(info, outcome) or {}
        provable = outcome.dataset in with_proof or bool(entry.get("lr_sha256"))
        believed = "input_hash" not in entry and (outcome.method.startswith(_STORED) or not provable)
        if outcome.place not in proven and believed:
            inputs, fingerprint = _possible(info, outcome)[-1], _fingerprint(info, outcome)
            adopted.append(replace(outcome, input_hash=inputs, fingerprint=fingerprint))
    return adopted


def sift(outcomes: Iterable[ImageOutcome], info: Mapping[str, Any]) -> tuple[list[ImageOutcome], tuple[StaleRows, ...]]:
    """Return what of `outcomes` holds by `info`, the content of run.json, and what does not.

    Lines of older versions must have been adopted before.
    """
    holding: list[ImageOutcome] = []
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        reason = _why_stale(outcome, info)
        scores = () if reason else tuple(score for score in outcome.scores if _rule_holds(score, info))
        if reason or len(scores) < len(outcome.scores):
            counts[reason or OTHER_RULE, outcome.method] += len(outcome.scores) - len(scores)
        if not reason:
            holding.append(replace(outcome, scores=scores))
    reasons = dict.fromkeys(reason for reason, _ in counts)
    stale = [
        StaleRows(
            reason,
            sum(count for (why, _), count in counts.items() if why == reason),
            tuple(sorted(method for why, method in counts if why == reason)),
        )
        for reason in reasons
    ]
    return holding, tuple(stale)


def _why_stale(outcome: ImageOutcome, info: Mapping[str, Any]) -> str:
    if "datasets" not in info:
        return ""
    if _entry(info, outcome) is None:
        return GONE
    if not outcome.input_hash:
        return OTHER_MAKING
    if outcome.input_hash not in _possible(info, outcome):
        return OTHER_INPUT
    return "" if outcome.fingerprint == _fingerprint(info, outcome) else OTHER_METHOD


def _rule_holds(score: Score, info: Mapping[str, Any]) -> bool:
    version = info.get("protocols", {}).get(score.protocol, score.protocol_version)
    metric = info.get("metric_fingerprints", {}).get(score.metric, score.metric_fingerprint)
    return bool(version == score.protocol_version and metric == score.metric_fingerprint)


def _entry(info: Mapping[str, Any], outcome: ImageOutcome) -> Mapping[str, Any] | None:
    entry: Mapping[str, Any] | None = info.get("datasets", {}).get(outcome.dataset, {}).get(outcome.image)
    return entry


def _fingerprint(info: Mapping[str, Any], outcome: ImageOutcome) -> str:
    return str(info.get("methods", {}).get(outcome.method, {}).get("fingerprint", ""))


def _possible(info: Mapping[str, Any], outcome: ImageOutcome) -> list[str]:
    """Return the input hashes that the entry of run.json stands for: one, but in files of older versions."""
    entry = _entry(info, outcome) or {}
    if "input_hash" in entry:
        return [str(entry["input_hash"])]
    scale, hr = int(info.get("scale", 0)), str(entry.get("hr_sha256", ""))
    if entry.get("lr_sha256"):
        return [input_hash(hr, str(entry["lr_sha256"]), scale)]
    made = [input_hash(hr, made_by(degradation), scale) for degradation in DEGRADATIONS]
    return [*made, input_hash(hr, "made by older code", scale)]
