"""Reads weight files of others without running anything that is in them, and finds the weights inside."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import WeightsError

KEYS = (
    "params_ema",
    "params-ema",
    "params",
    "state_dict",
    "model_state_dict",
    "generator",
    "model",
    "net",
    "network",
    "weights",
)
"""Under which names training programs keep the weights beside other things; the first that is there is taken."""


Finder = Callable[[str], ModuleType | None]
"""Returns the module that a name in a pickle means; None for one that is installed."""


def read(path: Path, *, trust: bool = False, find: Finder | None = None) -> Any:
    """Return what a weight file holds: tensors, numbers and texts in dictionaries and lists.

    Args:
        path: A `.safetensors` file, or what `torch.save` wrote.
        trust: Also read a pickle that makes objects of other classes. That runs whatever code its author wished.
        find: Where a trusted pickle finds modules that are not installed, such as those of a card's source.

    Raises:
        WeightsError: There is no such file, it is damaged, or it wants to make objects and is not trusted.
    """
    if not path.is_file():
        raise WeightsError(f"There is no weight file {path}.")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    try:
        if not trust:
            return torch.load(path, map_location="cpu", weights_only=True)
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=_pickle(find))
    except pickle.UnpicklingError as error:
        raise WeightsError(_untrusted(path, str(error))) from None
    except Exception as error:  # torch raises what it comes upon: RuntimeError, EOFError, KeyError, ImportError
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} cannot be read as weights: {type(error).__name__}: {reason}") from None


def _pickle(find: Finder | None) -> ModuleType:
    """Return the module `pickle` with an unpickler that asks `find` first: people pickle networks of their own code."""

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            own = find(module) if find is not None else None
            return getattr(own, name) if own is not None else super().find_class(module, name)

    changed = ModuleType("pickle")
    vars(changed).update(vars(pickle))
    vars(changed).update(Unpickler=Unpickler, load=lambda file, **how: Unpickler(file, **how).load())
    return changed


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path} is damaged or no safetensors file: {reason}.") from None


def _untrusted(path: Path, reason: str) -> str:
    wanted = re.search(r"GLOBAL ([\w.]+)", reason)
    if wanted is None:
        return f"{path} is no weight file that torch can read, or it is damaged."
    return (
        f"{path} is a pickle that makes objects of {wanted[1]}, which runs code of its author. Save its state_dict() "
        "instead; if you trust the file, describe it in a card with 'trust_pickle = true'."
    )


def state_dict(content: Any, path: Path, key: str = "") -> dict[str, Tensor]:
    """Return the weights in what `read` returned.

    Args:
        content: What the file holds.
        path: The file, for messages.
        key: Where in it the weights are, names of dictionaries with dots between; found by itself when empty.

    Raises:
        WeightsError: There is nothing under that key, or no weights are there.
    """
    found = _under(content, path, key) if key else _found(content)
    if isinstance(found, nn.Module):
        return dict(found.state_dict())
    if not isinstance(found, Mapping):
        raise WeightsError(f"{path} holds {type(found).__name__}; expected a dictionary of weights.")
    weights = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    if not weights:
        inside = ", ".join(map(str, list(found)[:8]))
        raise WeightsError(f"{path} holds no weights{f' under {key!r}' if key else ''}, only: {inside or 'nothing'}.")
    return weights


def _under(content: Any, path: Path, key: str) -> Any:
    for part in [key] if isinstance(content, Mapping) and key in content else key.split("."):
        if not isinstance(content, Mapping) or part not in content:
            inside = ", ".join(map(str, list(content)[:8])) if isinstance(content, Mapping) else "no dictionary"
            raise WeightsError(f"{path} has no key '{key}'. It holds: {inside}.")
        content = content[part]
    return content


def _found(content: Any) -> Any:
    while isinstance(content, Mapping) and not any(isinstance(value, Tensor) for value in content.values()):
        inside = [content[key] for key in KEYS if isinstance(content.get(key), (Mapping, nn.Module))]
        single = [value for value in content.values() if isinstance(value, Mapping)]
        if not inside and len(single) != 1:
            break
        content = (inside or single)[0]
    return content


def fill(network: nn.Module, weights: Mapping[str, Tensor], path: Path, name: str) -> None:
    """Put weights into a network, every one of them, without what all their names begin with (`module.`).

    Raises:
        WeightsError: Some are missing, superfluous or of another shape.
    """
    wanted = network.state_dict()
    given = _stripped(weights, wanted)
    # torch counts the batches that a batch normalisation saw; older files lack that, and it computes nothing.
    missing = [one for one in wanted if one not in given and not one.endswith("num_batches_tracked")]
    other = [one for one in given if one in wanted and given[one].shape != wanted[one].shape]
    surplus = [one for one in given if one not in wanted]
    complaints = [
        f"{len(names)} {what} ({', '.join(names[:2])}{', ...' if len(names) > 2 else ''})"
        for what, names in (("missing", missing), ("unknown to it", surplus), ("of another shape", other))
        if names
    ]
    if complaints:
        raise WeightsError(f"{path} does not fit {name}: weights {', '.join(complaints)}. Check 'args' and 'key'.")
    network.load_state_dict(dict(given), strict=False)


def _stripped(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    while weights and not any(name in wanted for name in weights):
        first, dot, _ = next(iter(weights)).partition(".")
        if not dot or not all(name.startswith(f"{first}.") for name in weights):
            break
        weights = {name[len(first) + 1 :]: value for name, value in weights.items()}
    return weights
