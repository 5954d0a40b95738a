"""What run.json says: the inputs that exist now, and what the scores of them were made with."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import srbench.metrics as metrics
from srbench import __version__, images, registry
from srbench.bench import environment, results
from srbench.bench.costs import operations
from srbench.bench.plan import RunPlan, metric_fingerprint
from srbench.bench.rows import ImageOutcome
from srbench.datasets import ImagePair
from srbench.datasets.pairs import input_hash, made_by

_FACTS = ("scale", "protocols", "metrics", "metric_fingerprints", "methods", "datasets", "sources")
_COMMANDS_KEPT = 20


def describe(plan: RunPlan, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of run.json for a run that is about to carry out `plan`.

    Args:
        plan: The run.
        before: What run.json says so far; empty for a new folder. Data sets, methods, protocols and metrics that this
            run does not touch stay as they are there.
    """
    versions = {name: metrics.find_protocol(name).version for name in plan.protocols}
    fingerprints = {name: metric_fingerprint(name) for name in plan.metric_names}
    settings = {name: metrics.find(name).versioned_settings for name in plan.metric_names}
    return {
        "schema_version": results.schema_of(plan.folder),
        "srbench": __version__,
        "scale": plan.setup.scale,
        "protocols": {**before.get("protocols", {}), **versions},
        "metrics": sorted({*before.get("metrics", []), *plan.metric_names}),
        "metric_fingerprints": {**before.get("metric_fingerprints", {}), **fingerprints},
        "metric_settings": {**before.get("metric_settings", {}), **settings},
        "methods": _methods(plan, before.get("methods", {})),
        "datasets": known_images(before.get("datasets", {}), plan.pairs, plan.partial),
        "sources": {**before.get("sources", {}), **plan.sources},
        "images_sha256": dict(before.get("images_sha256", {})),
        "seeds": "none: the bench draws no random numbers; a method that does fixes its own seed",
        "versions": environment.versions(),
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
        "commands": list(before.get("commands", [])),
    }


def says_the_same(before: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
    """Return whether two contents of run.json name the same facts, whatever machine and command they are from."""
    first, second = (json.dumps([each.get(fact) for fact in _FACTS], sort_keys=True) for each in (before, info))
    return first == second


def clash(before: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Return the first thing that both contents of run.json name, but not as the same; empty where there is none.

    Of two shards that disagree, each would make the other's scores stale.
    """
    versions = {
        "method": [_field(each.get("methods", {}), "fingerprint") for each in (before, info)],
        "protocol": [each.get("protocols", {}) for each in (before, info)],
        "metric": [each.get("metric_fingerprints", {}) for each in (before, info)],
    }
    for name, images_now in info["datasets"].items():
        entries = (before.get("datasets", {}).get(name, {}), images_now)
        versions[f"{name}'s image"] = [_field(each, "input_hash") for each in entries]
    for kind, (first, second) in versions.items():
        for name in first.keys() & second.keys():
            if first[name] != second[name]:
                return f"the {kind} '{name}'"
    return ""


def _field(entries: Mapping[str, Mapping[str, Any]], field: str) -> dict[str, Any]:
    return {name: entry.get(field) for name, entry in entries.items()}


def conclude(
    info: Mapping[str, Any],
    outcomes: Sequence[ImageOutcome],
    command: Sequence[str] = (),
    started: datetime | None = None,
) -> dict[str, Any]:
    """Return `info` with the pictures that hold, and with the command that made them once it is done."""
    commands = list(info["commands"])
    if started is not None:
        seconds = round((datetime.now(UTC) - started).total_seconds(), 1)
        commands.append(
            {"command": list(command), "started": started.isoformat(timespec="seconds"), "seconds": seconds}
        )
    return {**info, "images_sha256": results.pictures(outcomes), "commands": commands[-_COMMANDS_KEPT:]}


def known_images(
    before: Mapping[str, Mapping[str, Any]], pairs: Sequence[ImagePair], partial: frozenset[str]
) -> dict[str, dict[str, Any]]:
    """Return all images of each data set as the last run over it found them, {data set: {image: checksums}}.

    A run over a whole set says what the set holds. A run over its first images says nothing of the others: they stay
    as they were, but for how their LR images are made, which is the same for all.
    """
    known: dict[str, dict[str, Any]] = {name: dict(entries) for name, entries in before.items()}
    for dataset in dict.fromkeys(pair.dataset for pair in pairs):
        own = [pair for pair in pairs if pair.dataset == dataset]
        found: dict[str, Any] = {pair.name: _entry(pair) for pair in own}
        earlier = known.get(dataset, {}) if dataset in partial else {}
        others = {image: _unseen(entry, own[0]) for image, entry in earlier.items() if image not in found}
        known[dataset] = found | others
    return known


def _entry(pair: ImagePair) -> dict[str, str]:
    return {"hr_sha256": pair.hr_sha256, "lr_sha256": pair.lr_sha256, "input_hash": pair.input_hash}


def _unseen(entry: Mapping[str, str], seen: ImagePair) -> dict[str, str]:
    """Return the entry of an image that this run did not look at, in a set of which it saw `seen`."""
    if seen.lr_sha256:
        # Its LR file is not known where it had none until now: no score of it can hold.
        return dict(entry) if entry.get("lr_sha256") else {**entry, "input_hash": ""}
    inputs = input_hash(str(entry.get("hr_sha256", "")), made_by(seen.degradation), seen.scale)
    return {**entry, "lr_sha256": "", "input_hash": inputs}


def _methods(plan: RunPlan, before: Mapping[str, Any]) -> dict[str, Any]:
    methods = {
        name: {**about, "title": str(about["title"]).removesuffix(f" ({name})")} for name, about in before.items()
    }
    for spec in plan.methods:
        weights = spec.method.weights.get(plan.setup.scale)
        methods[spec.name] = {
            "title": spec.method.title if spec.argument is None or spec.method.about is not None else spec.name,
            "note": spec.method.note,
            "order": spec.method.order,
            "fingerprint": plan.fingerprints[spec.name],
            "parameters": spec.method.parameters.get(plan.setup.scale),
            "weights_sha256": images.file_sha256(weights) if weights else None,
            "device": plan.setup.device,
            "precision": plan.setup.precision,
            **({"takes_pair": True} if spec.method.takes_pair else {}),
            **operations(spec, plan.setup, plan.fingerprints[spec.name], before.get(spec.name, {})),
            **({"published": spec.method.published} if spec.method.published else {}),
        }
    titles = registry.told_apart({name: about["title"] for name, about in methods.items()})
    return {name: about | {"title": titles[name]} for name, about in methods.items()}
