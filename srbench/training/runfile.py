"""The file config.toml: all that a run was asked for, written by the run and read by `srbench train --config`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import tomlfile
from srbench.errors import TrainingError, unknown

if TYPE_CHECKING:
    from srbench.training.config import TrainingConfig
    from srbench.training.launch import TrainingRequest

FILE = "config.toml"
"""Its name in the folder of a run."""

PLACES = "places"
"""The entry of a checkpoint that says where photographs were; it is in no file that is given away."""

_PATHS = ("validation", "lr", "cache")
_NUMBERS: Mapping[str, Any] = {"hold_out": int, "keep_duplicates": bool, "strict": bool, "checkpoint_seconds": float}
_KNOWN = {"name", "data", "settings", *_PATHS, *_NUMBERS}


def places(request: TrainingRequest) -> dict[str, Any]:
    """Return where the photographs of a request are, absolute, and how many are held out."""
    found: dict[str, Any] = {"data": [str(place.absolute()) for place in request.data], "hold_out": request.hold_out}
    for name in ("validation", "lr"):
        place = getattr(request, name)
        found[name] = None if place is None else str(place.absolute())
    return found


def write(request: TrainingRequest, plan: TrainingConfig) -> str:
    """Return the text of config.toml; `read` gives back what trains the same."""
    entries: dict[str, Any] = {"name": request.name, "data": [str(place.absolute()) for place in request.data]}
    entries |= {name: str(place.absolute()) for name in _PATHS if (place := getattr(request, name)) is not None}
    entries |= {name: getattr(request, name) for name in _NUMBERS}
    lines = ["# All that this run was asked for; `srbench train --config` with this file trains the same again.", ""]
    lines += [f"{name} = {_value(value)}" for name, value in entries.items()]
    lines += ["", "[settings]", *(f"{name} = {_value(value)}" for name, value in dataclasses.asdict(plan).items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    # TOML has no word for nothing; text that Python would read as nothing stands for it.
    return json.dumps("None" if value is None else value, ensure_ascii=False)


def read(path: Path) -> dict[str, Any]:
    """Return the fields of a `TrainingRequest` that a file holds; folders in it are relative to it.

    Raises:
        TrainingError: It cannot be read, or something in it is not as expected.
    """
    entries = tomlfile.read(path, "the config", TrainingError)
    for name in entries:
        if name not in _KNOWN:
            raise TrainingError(
                f"{path}: {unknown('entry', name, _KNOWN)} What a network is set to stands in [settings]."
            )
    found: dict[str, Any] = {"name": str(entries.get("name", "")), "settings": _settings(path, entries)}
    data = entries.get("data", [])
    found["data"] = tuple(_place(path, one) for one in ([data] if isinstance(data, str) else data))
    found |= {name: _place(path, entries[name]) for name in _PATHS if name in entries}
    for name, kind in _NUMBERS.items():
        if name in entries:
            value = entries[name]
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise TrainingError(f"{path}: expected {name} to be of the kind {kind.__name__}, but got {value!r}.")
            found[name] = kind(value)
    return found


def _settings(path: Path, entries: Mapping[str, Any]) -> dict[str, Any]:
    settings = entries.get("settings", {})
    if not isinstance(settings, Mapping):
        raise TrainingError(f"{path}: expected a table [settings], but got {settings!r}.")
    return {name: _plain(value) for name, value in settings.items()}


def _plain(value: Any) -> Any:
    if value == "None":
        return None
    return tuple(value) if isinstance(value, list) else value


def _place(path: Path, value: Any) -> Path:
    return (path.parent / Path(str(value)).expanduser()).absolute()
