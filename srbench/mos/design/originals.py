"""The originals that a run was made from: its own copies, or the files of the data set with the same checksums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from srbench import images
from srbench.bench.results import image_path
from srbench.errors import SrbenchError, StudyError
from srbench.images import Image
from srbench.mos.design.study import REFERENCE

if TYPE_CHECKING:
    from srbench.datasets import ImagePair

Load: TypeAlias = Callable[[], Image]


def names(run: Path, info: Mapping[str, Any], dataset: str) -> tuple[str, ...]:
    """Return the names of the pictures that a run has of a data set, sorted; none where it has not met the set."""
    copies = {path.stem for path in (run / "images" / REFERENCE / dataset).glob("*.png")}
    return tuple(sorted({*info.get("datasets", {}).get(dataset, {}), *copies}))


def find(run: Path, info: Mapping[str, Any], dataset: str, data_root: Path | None = None) -> dict[str, Load]:
    """Return how to read the original of every picture that a run has of a data set, by name.

    Args:
        run: Folder of the run.
        info: Its run.json.
        dataset: Name of the set, as in the run.
        data_root: Where data sets lie.

    Raises:
        StudyError: An original is neither in the run nor in a data set.
    """
    inputs: Mapping[str, Any] = info.get("datasets", {}).get(dataset, {})
    copies = {path.stem: path for path in (run / "images" / REFERENCE / dataset).glob("*.png")}
    found: dict[str, Load] = {name: partial(images.read, path) for name, path in copies.items()}
    missing = [name for name in names(run, info, dataset) if name not in found]
    if missing:
        pairs = _pairs(run, info, dataset, data_root)
        for name in missing:
            pair = pairs.get(name)
            if pair is None or pair.hr_sha256 != inputs[name].get("hr_sha256"):
                state = "is gone" if pair is None else "was changed since the run"
                raise StudyError(f"The original of {dataset}/{name} {state}. {_cure(run, dataset)}")
            found[name] = pair.hr
    return found


def _pairs(run: Path, info: Mapping[str, Any], dataset: str, data_root: Path | None) -> dict[str, ImagePair]:
    """Return the pairs of a data set by name; a folder is looked for where the run's commands found it."""
    import srbench.datasets as datasets

    known = {manifest.name for manifest in datasets.manifests()}
    sources = [dataset] if dataset in known else [each for each in _folders(info) if Path(each).expanduser().is_dir()]
    why = ""
    for source in sources:
        try:
            pairs = datasets.load(source, int(info.get("scale", 4)), data_root=data_root)
        except SrbenchError as error:
            why = f" ({str(error).rstrip('.')})"
            continue
        if pairs and pairs[0].dataset == dataset:
            return {pair.name: pair for pair in pairs}
    raise StudyError(
        f"{run} has no originals of {dataset}, and they are not found elsewhere{why}. {_cure(run, dataset)}"
    )


def _folders(info: Mapping[str, Any]) -> list[str]:
    """Return what the run's commands named as data sets, newest command first."""
    found = []
    for each in reversed(info.get("commands", [])):
        words = [str(word) for word in each.get("command", [])]
        for place, word in enumerate(words):
            if word == "--datasets" and place + 1 < len(words):
                found += words[place + 1].split(",")
            elif word.startswith("--datasets="):
                found += word.partition("=")[2].split(",")
    return list(dict.fromkeys(part.strip() for part in found if part.strip()))


def _cure(run: Path, dataset: str) -> str:
    return f"Add them with: srbench run --datasets {dataset} --methods {REFERENCE} --out {run} (a folder by its path)"


def picture(run: Path, method: str, dataset: str, image: str, originals: Mapping[str, Load]) -> Load | None:
    """Return how to read one version of a picture, or None where the run has it not."""
    if method == REFERENCE:
        return originals.get(image)
    path = image_path(run, method, dataset, image)
    return partial(images.read, path) if path.is_file() else None
