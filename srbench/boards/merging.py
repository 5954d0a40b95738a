"""Several runs as one table: whose inputs are the same stand under one set, whose code is the same in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.bench.results import RunResults, image_path
from srbench.errors import ReportError
from srbench.tables.names import Names, dataset_title, name_everything
from srbench.tables.numbers import count

if TYPE_CHECKING:
    import pandas as pd

_CELL = ["dataset", "image", "protocol", "protocol_version", "metric"]


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture that a run kept: its file, and the checksum that it was scored with (empty: not known)."""

    path: Path
    sha256: str


@dataclass(slots=True)
class BoardSet:
    """A data set as the board shows it: one collection of inputs.

    Attributes:
        key: Its name on the board; that of the data set, but for further collections under the same name.
        dataset: Name of the data set.
        scale: Upscaling factor.
        images: {image: what identifies its HR and LR}; all that any of the runs has.
        origins: Where the LR images come from, one phrase each.
        runs: Labels of the runs.
    """

    key: str
    dataset: str
    scale: int
    images: dict[str, str]
    origins: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BoardEntry:
    """A row of the board: a method of one run, or of several that have it with the same code and weights.

    Attributes:
        key: Its name on the board.
        method: Name of the method.
        about: What run.json says of it.
        runs: Labels of the runs.
        scores: Its rows, the data sets called as on the board.
    """

    key: str
    method: str
    about: Mapping[str, Any]
    runs: list[str]
    scores: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Merged:
    """All runs of a board.

    Attributes:
        runs: The runs by their labels.
        sets: The collections of inputs.
        entries: The rows.
        scores: Rows as in `bench.rows.ImageScore`; `method` and `dataset` are keys of the board, `run` is a label.
        info: Methods and data sets by these keys, in the form of run.json.
        names: Titles and orders.
        pictures: Of (method, data set, image) by these keys; only what is there.
        notes: What a reader must know beside the numbers.
    """

    runs: Mapping[str, RunResults]
    sets: Sequence[BoardSet]
    entries: Sequence[BoardEntry]
    scores: pd.DataFrame
    info: Mapping[str, Any]
    names: Names
    pictures: Mapping[tuple[str, str, str], KeptPicture]
    notes: Sequence[str]


def merge(runs: Sequence[RunResults]) -> Merged:
    """Return runs as one table.

    Two runs' versions of a data set are one set where no image that both have differs in HR or LR; it then holds the
    images of both, and a mean says over how many of them it is. Else they are two sets. A method is one row where two
    runs have it with one fingerprint and no score contradicts another.

    Raises:
        ReportError: None of the runs has scores, or one does not say what its images are.
    """
    import pandas as pd

    labelled = _labelled(runs)
    sets: list[BoardSet] = []
    entries: list[BoardEntry] = []
    pictures: dict[tuple[str, str, str], KeptPicture] = {}
    for label, run in labelled.items():
        if "datasets" not in run.info:
            raise ReportError(f"{run.folder} does not say which images it is of. Run it again with this srbench.")
        keys = {dataset: _place(sets, label, dataset, run).key for dataset in run.info["datasets"]}
        pictures = _add(entries, label, run, keys) | pictures  # what two runs have is equal: the first counts
    if not entries:
        raise ReportError("None of the runs has scores. The commands that began them go on with them.")
    everything = pd.concat([entry.scores.assign(method=entry.key) for entry in entries], ignore_index=True)
    info = {
        "methods": {entry.key: {**entry.about, "title": _title(entry, entries)} for entry in entries},
        "datasets": {one.key: {image: {} for image in one.images} for one in sets},
    }
    names = _with_set_titles(name_everything(everything, info), sets)
    return Merged(labelled, sets, entries, everything, info, names, pictures, _notes(labelled, sets, entries, names))


def _labelled(runs: Sequence[RunResults]) -> dict[str, RunResults]:
    """Return the runs by the names of their folders, numbered where two are called the same."""
    labelled: dict[str, RunResults] = {}
    for run in runs:
        name = label = run.folder.resolve().name
        number = 1
        while label in labelled:
            number += 1
            label = f"{name} ({number})"
        labelled[label] = run
    return labelled


def _add(
    entries: list[BoardEntry], label: str, run: RunResults, keys: Mapping[str, str]
) -> dict[tuple[str, str, str], KeptPicture]:
    """Put a run's methods among the rows, and return its pictures; `keys` are the board's names of its data sets."""
    pictures: dict[tuple[str, str, str], KeptPicture] = {}
    if run.scores.empty:
        return pictures
    scores = run.scores[run.scores["dataset"].isin(list(keys))]
    for method, rows in scores.groupby("method", sort=False):
        own = rows.assign(dataset=rows["dataset"].map(keys), run=label)
        entry = _enter(entries, label, str(method), run.info.get("methods", {}).get(method, {}), own)
        pictures |= _pictures(run, str(method), rows, keys, entry.key)
    return pictures


def _place(sets: list[BoardSet], label: str, dataset: str, run: RunResults) -> BoardSet:
    """Return the set that a run's version of a data set belongs to; a new one where its inputs fit no other."""
    images = {image: _identity(entry, label) for image, entry in run.info["datasets"][dataset].items()}
    scale = int(run.info.get("scale", 0))
    found = next((one for one in sets if (one.dataset, one.scale) == (dataset, scale) and _fits(one, images)), None)
    if found is None:
        taken = {one.key for one in sets}
        key = next(name for name in (dataset, f"{dataset}-x{scale}", f"{dataset}-{label}") if name not in taken)
        found = BoardSet(key, dataset, scale, {})
        sets.append(found)
    found.images |= images
    found.runs.append(label)
    origin = str(run.info.get("sources", {}).get(dataset, {}).get("lr", ""))
    if origin and origin not in found.origins:
        found.origins.append(origin)
    return found


def _identity(entry: Mapping[str, str], label: str) -> str:
    """Return what is equal for equal inputs; those of a run that does not know its own equal no other's."""
    if entry.get("input_hash"):
        return entry["input_hash"]
    hr = entry.get("hr_sha256", "")
    return f"{hr}|{entry.get('lr_sha256', '')}" if hr else f"not known in {label}"


def _fits(one: BoardSet, images: Mapping[str, str]) -> bool:
    return all(one.images[image] == identity for image, identity in images.items() if image in one.images)


def _enter(
    entries: list[BoardEntry], label: str, method: str, about: Mapping[str, Any], scores: pd.DataFrame
) -> BoardEntry:
    """Return the row that a run's method belongs to, with its scores; a new one where it is no other's method."""
    import pandas as pd

    for entry in entries:
        if entry.method == method and _same(entry.about, about) and _agree(entry.scores, scores):
            entry.scores = pd.concat([entry.scores, scores]).drop_duplicates(_CELL, ignore_index=True)
            entry.runs.append(label)
            return entry
    taken = {entry.key for entry in entries}
    key = next(name for name in (method, f"{method} ({label})") if name not in taken)
    entries.append(BoardEntry(key, method, about, [label], scores.reset_index(drop=True)))
    return entries[-1]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one.get("fingerprint")) and one.get("fingerprint") == other.get("fingerprint")


def _agree(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    both = one.merge(other, on=_CELL, suffixes=("", "_other"))
    equal = (both["value"] == both["value_other"]) | (both["value"].isna() & both["value_other"].isna())
    return bool((equal & (both["status"] == both["status_other"])).all())


def _pictures(
    run: RunResults, method: str, rows: pd.DataFrame, keys: Mapping[str, str], entry: str
) -> dict[tuple[str, str, str], KeptPicture]:
    """Return the pictures that a run kept of a method's scored images."""
    known = run.info.get("images_sha256", {})
    scored = rows.loc[rows["status"] != "missing", ["dataset", "image"]].drop_duplicates()
    found = {}
    for dataset, image in scored.itertuples(index=False):
        path = image_path(run.folder, method, dataset, image)
        if path.is_file():
            sha256 = str(known.get(f"{method}/{dataset}/{image}", ""))
            found[entry, keys[dataset], image] = KeptPicture(path, sha256)
    return found


def _title(entry: BoardEntry, entries: Sequence[BoardEntry]) -> str:
    """Return the title of a row; rows of one method are told apart by their runs."""
    title = str(entry.about.get("title", entry.method))
    alone = sum(other.method == entry.method for other in entries) == 1
    return title if alone else f"{title} ({', '.join(entry.runs)})"


def _with_set_titles(names: Names, sets: Sequence[BoardSet]) -> Names:
    """Return the names, sets at several scales or in several versions told apart."""
    scales = {one.scale for one in sets}
    titles = {}
    for one in sets:
        same = [other for other in sets if (other.dataset, other.scale) == (one.dataset, one.scale)]
        scale = f" x{one.scale}" if len(scales) > 1 else ""
        version = f" ({', '.join(one.runs)})" if len(same) > 1 else ""
        titles[one.key] = f"{dataset_title(one.dataset)}{scale}{version}"
    return replace(names, dataset_titles=titles)


def _notes(
    runs: Mapping[str, RunResults], sets: Sequence[BoardSet], entries: Sequence[BoardEntry], names: Names
) -> list[str]:
    notes = [f"{label}: {note}" if len(runs) > 1 else note for label, run in runs.items() for note in run.notes]
    for dataset in dict.fromkeys(one.dataset for one in sets):
        versions = [one for one in sets if one.dataset == dataset]
        if len({one.scale for one in versions}) < len(versions):
            notes.append(
                f"{dataset_title(dataset)} is not known to be the same in all runs by the checksums of HR and LR. "
                "Each version is a set of its own, and no mean mixes them."
            )
    for one in sets:
        less = [label for label in one.runs if len(runs[label].info["datasets"][one.dataset]) < len(one.images)]
        if less:
            notes.append(
                f"{names.dataset(one.key)} has {count(len(one.images), 'image')} here; fewer in {', '.join(less)}, "
                "whose means say over how many they are."
            )
    several = sorted({entry.method for entry in entries if sum(other.method == entry.method for other in entries) > 1})
    if several:
        notes.append(
            f"Not the same code, weights, device or precision in all runs, so a row each: {', '.join(several)}."
        )
    machines = {str(run.info.get("machine", {})) for run in runs.values()}
    if len(machines) > 1:
        notes.append("Seconds and memory were measured on several machines: they compare inside a run only.")
    return [*notes, *_rule_notes(runs, names)]


def _rule_notes(runs: Mapping[str, RunResults], names: Names) -> list[str]:
    codes: dict[str, set[str]] = {}
    for run in runs.values():
        for metric, code in run.info.get("metric_fingerprints", {}).items():
            codes.setdefault(metric, set()).add(str(code))
    return [
        f"The code of {names.metric(metric)} is not the same in all runs: differences between them may be its own."
        for metric, found in codes.items()
        if len(found) > 1
    ]
