"""Data sets of sureal: `ref_videos` and `dis_videos` with opinion scores, as Python or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from srbench.errors import StudyError
from srbench.mos.store.definitions import ORIGINAL
from srbench.ratings.answers import EITHER, LEFT, RIGHT, Answers
from srbench.ratings.declaration import Declaration
from srbench.ratings.literals import assignments

_PREFERRED = {1: LEFT, 0: RIGHT, 0.5: EITHER}


def sureal(path: Path, declared: Declaration) -> Answers:
    """Read a data set of sureal.

    An image is a reference; a method is the last part of a stimulus's path, without the name of the reference in front
    of it, or what --split takes from that part. A stimulus whose path is its reference's is the hidden original.

    Raises:
        StudyError: It is none, or a part of it is missing.
    """
    document = assignments(path) if path.suffix.lower() == ".py" else _json(path)
    stimuli, references = (_entries(path, document, name) for name in ("dis_videos", "ref_videos"))
    contents = {entry.get("content_id"): entry for entry in references}
    named = [_named(path, entry, contents, declared) for entry in stimuli]
    note = "Methods are called by the paths of stimuli, without the reference's name: --split says how else."
    notes = [] if declared.split else [note]
    kind = f"a data set of sureal ({'Python, read without running it' if path.suffix.lower() == '.py' else 'JSON'})"
    if any(isinstance(rater, tuple) for entry in stimuli for rater in _pairs_of(entry["os"])):
        frame = pd.DataFrame(list(_comparisons(path, stimuli, named)), dtype=object)
        return Answers(path, f"{kind} of pairs", frame, compares=True, sides=False, notes=notes, decimal=False)
    frame = pd.DataFrame(list(_ratings(path, stimuli, named)), dtype=object)
    if frame.empty:
        raise StudyError(f"{path} holds no rating.")
    return Answers(path, kind, frame, notes=notes, decimal=False)


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}.") from None
    return document if isinstance(document, dict) else {}


def _entries(path: Path, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = document.get(name)
    needed = ("content_id", "path", "os") if name == "dis_videos" else ("content_id", "path")
    if not isinstance(entries, list) or not entries:
        raise StudyError(f"{path}: expected a data set of sureal with a list '{name}'; there is none.")
    for number, entry in enumerate(entries, start=1):
        lost = [key for key in needed if not isinstance(entry, dict) or key not in entry]
        if lost:
            raise StudyError(f"{path}: entry {number} of '{name}' lacks {', '.join(lost)}.")
    return entries


def _named(
    path: Path, entry: Mapping[str, Any], contents: Mapping[Any, Mapping[str, Any]], declared: Declaration
) -> dict[str, str]:
    """Return what a stimulus is called: its image and method, or with --split the words to take them from."""
    reference = contents.get(entry["content_id"])
    if reference is None:
        raise StudyError(f"{path}: '{entry['path']}' names the reference {entry['content_id']!r}, which is not there.")
    content, own = str(reference.get("content_name", _stem(str(reference["path"])))), str(entry["path"])
    names = {"image": content}
    if reference["path"] == content and "/" in content:  # as srbench writes them
        names = dict(zip(("dataset", "image"), content.split("/", 1), strict=True))
    if declared.pattern is not None:
        found = declared.pattern.fullmatch(PurePosixPath(own).name)
        if found is None:
            raise StudyError(f"{path}: the path '{own}' does not fit --split {declared.split!r}.")
        names |= {name: word for name, word in found.groupdict().items() if word}
    if own == reference["path"]:
        return names | {"method": ORIGINAL}
    stem = own.removeprefix(f"{content}/") if own.startswith(f"{content}/") else _stem(own)
    rest = stem[len(content) + 1 :] if stem.startswith((f"{content}_", f"{content}-")) else stem
    return {"method": rest or stem} | names


def _stem(path: str) -> str:
    """Return the last part of a path without a video's or picture's ending; other words after a point stay."""
    name = PurePosixPath(path).name
    stem, point, ending = name.rpartition(".")
    return stem if point and ending.isalnum() and 2 < len(ending) < 5 and not ending.isdigit() else name


def _pairs_of(scores: Any) -> Iterator[Any]:
    """Return the keys of opinion scores: raters, or raters with what they compared; numbers where raters have none."""
    if not isinstance(scores, Mapping | list | tuple):
        return iter(())
    return iter(scores) if isinstance(scores, Mapping) else iter(range(len(scores)))


def _ratings(
    path: Path, stimuli: Sequence[dict[str, Any]], named: Sequence[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    for entry, name in zip(stimuli, named, strict=True):
        scores = entry["os"]
        if not isinstance(scores, Mapping):
            if not isinstance(scores, list | tuple):
                raise StudyError(f"{path}: the scores 'os' of '{entry['path']}' are neither a list nor a dictionary.")
            scores = {f"rater-{k:02d}": score for k, score in enumerate(scores, start=1)}
        for rater, given in scores.items():
            several = given if isinstance(given, list | tuple) else [given]
            for repeat, score in enumerate(several):
                place = f"'{entry['path']}', rater {rater}"
                words = "" if score is None else str(score)
                yield {"rater": str(rater), **name, "score": words, "repeat": str(repeat), "place": place}


def _comparisons(
    path: Path, stimuli: Sequence[dict[str, Any]], named: Sequence[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    number = {entry.get("asset_id", k): k for k, entry in enumerate(stimuli)}
    for k, entry in enumerate(stimuli):
        for key, answer in dict(entry["os"]).items():
            place = f"'{entry['path']}', {key}"
            if not (isinstance(key, tuple) and len(key) == 2 and key[1] in number):
                raise StudyError(f"{path}: {place}: expected a rater and the asset_id of the other stimulus.")
            if answer not in _PREFERRED:
                raise StudyError(f"{path}: {place}: expected 1, 0 or 0.5, got {answer!r}.")
            other = named[number[key[1]]]
            if other["image"] != named[k]["image"]:
                raise StudyError(f"{path}: {place}: the two stimuli are of different references.")
            where = {name: word for name, word in other.items() if name != "method"}
            sides = {"left": named[k]["method"], "right": other["method"]}
            yield {"rater": str(key[0]).strip(), **where, **sides, "score": _PREFERRED[answer], "place": place}
