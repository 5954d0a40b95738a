"""Weight files: trained networks as safetensors that say what they are, each with a model card beside it."""

from __future__ import annotations

import hashlib
import json
import os
from collections import UserDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from srbench.errors import WeightsError
from srbench.images import file_sha256, write_atomically

if TYPE_CHECKING:
    from torch import Tensor, nn

VERSION = "1"
FOLDER = "SRBENCH_WEIGHTS"
"""Environment variable that names a folder of a user's own weights."""


class Network(Protocol):
    """What a network class must have to be stored: a name for its kind, and what it was made with."""

    architecture: ClassVar[str]
    arguments: dict[str, object]


class Places(UserDict[int, Path]):
    """Where the weights of a method are for each scale: in the user's own folder, or where the method has them."""

    def __getitem__(self, scale: int) -> Path:
        """Return the file for `scale`, of the same name in the folder that SRBENCH_WEIGHTS names if it is there."""
        shipped: Path = super().__getitem__(scale)
        own = os.environ.get(FOLDER)
        mine = Path(own).expanduser() / shipped.name if own else shipped
        return mine if mine.is_file() else shipped


def paths(plugin: str, name: str, scales: Iterable[int]) -> Places:
    """Return where the weights of the method `name` belong for each scale, whether they are there or not.

    A user's own weights go before: those in the folder that the environment variable SRBENCH_WEIGHTS names.

    Args:
        plugin: `__file__` of the family's `__init__.py`; the files lie in the folder `weights` beside it.
        name: Name of the method.
        scales: The scales that the family can be trained for.
    """
    folder = Path(plugin).resolve().parent / "weights"
    return Places({scale: folder / f"{name}-x{scale}.safetensors" for scale in scales})


def note(files: Mapping[int, Path]) -> str:
    """Return the phrase that tables show beside the method: the substitute its features came from, or nothing.

    It is the entry `note` of the card of the first file that has one, x4 first. A card that cannot be read counts
    as none: loading the weights themselves is what complains.
    """
    for scale in sorted(files, key=lambda scale: (scale != 4, scale)):
        try:
            card = json.loads(files[scale].with_suffix(".json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(card, dict) and card.get("note"):
            return str(card["note"])
    return ""


def save(path: Path, network: nn.Module, scale: int, card: Mapping[str, Any], *, half: bool = False) -> str:
    """Write the weights of `network` with its model card beside them, as JSON and as Markdown.

    Args:
        path: The file to write, NAME-xSCALE.safetensors.
        network: A network with the attributes of `Network`.
        scale: The upscaling factor it was trained for.
        card: What there is to say about it, in the order to be shown: data, features, iterations, seconds,
            hardware, command, scores, licence. An entry `note` is what tables show beside the method's title.
        half: Whether to store matrices and kernels as 16-bit floats, in half the space.

    Returns:
        The SHA-256 of the file.
    """
    write(path, network, scale, {"features": str(card.get("features", "none"))}, half=half)
    sha256 = file_sha256(path)
    title = path.stem
    full = {"name": title, **card, "bytes": path.stat().st_size, "sha256": sha256}
    write_atomically(path.with_suffix(".json"), (json.dumps(full, indent=2) + "\n").encode())
    write_atomically(path.with_suffix(".md"), _markdown(title, full).encode())
    return sha256


def write(path: Path, network: nn.Module, scale: int, more: Mapping[str, str], *, half: bool = False) -> None:
    """Write the weights of `network` without a card.

    Args:
        path: The file to write.
        network: A network; one with the attributes of `Network` can be made again from the file alone.
        scale: The upscaling factor it was trained for.
        more: Further entries of the file's metadata.
        half: As in `save`.
    """
    from safetensors.torch import save as to_bytes

    tensors = {}
    for name, tensor in network.state_dict().items():
        stored = tensor.detach().cpu().contiguous()
        # Biases and statistics stay as they are: they are few, and a variance may be too large for 16 bits.
        tensors[name] = stored.half() if half and stored.ndim > 1 else stored
    metadata = {
        "format": f"srbench {VERSION}",
        "architecture": str(getattr(network, "architecture", type(network).__name__)),
        "arguments": json.dumps(getattr(network, "arguments", {})),
        "scale": str(scale),
        **more,
        "tensors_sha256": digest(tensors),
    }
    write_atomically(path, to_bytes(tensors, metadata=metadata))


_N = TypeVar("_N", bound="nn.Module")


def load(path: Path, kind: type[_N], scale: int) -> _N:
    """Return the network of class `kind` stored in `path`, in fp32 and evaluation mode.

    Raises:
        WeightsError: The file is missing, damaged, foreign, or for another network or scale; or SRBENCH_WEIGHTS names
            no folder, so that it is not known whose weights are wanted.
    """
    own = os.environ.get(FOLDER)
    if own and not Path(own).expanduser().is_dir():
        raise WeightsError(f"{FOLDER} names {own}, which is no folder. Make it, or unset {FOLDER}.")
    tensors, metadata = read(path)
    architecture = getattr(kind, "architecture", kind.__name__)
    if metadata.get("architecture") != architecture:
        came = metadata.get("architecture")
        raise WeightsError(f"{path} holds weights of '{came}', expected '{architecture}'. Name another file.")
    if metadata.get("scale") != str(scale):
        came = metadata.get("scale")
        raise WeightsError(f"{path} was trained for x{came}, expected x{scale}. Ask for --scale {came}.")
    try:
        network = kind(**json.loads(metadata["arguments"]))
        network.load_state_dict({name: _full(tensor) for name, tensor in tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path} does not fit '{architecture}': {reason}. {_AGAIN}") from None
    return network.eval()


_AGAIN = "Get the file again, or make it with 'srbench train'."


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a weight file as they are stored, and its metadata.

    Raises:
        WeightsError: The file is missing, damaged or foreign.
    """
    tensors, metadata = _opened(path)
    if not metadata.get("format", "").startswith("srbench "):
        raise WeightsError(f"{path} was not written by srbench: it does not say which network it is for. {_AGAIN}")
    if metadata.get("tensors_sha256") != digest(tensors):
        raise WeightsError(f"{path} is damaged: its values do not have the checksum it states. {_AGAIN}")
    return tensors, metadata


def _opened(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise WeightsError(f"There is no weight file {path}. {_AGAIN}")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - no dict
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{path} is damaged or no safetensors file: {reason}. {_AGAIN}") from None


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of names, types, shapes and values of CPU tensors.

    safetensors has no checksum of its own, and a flipped bit would only lower the scores a little.
    """
    sha256 = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.numpy().tobytes())
    return sha256.hexdigest()


def _full(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _markdown(title: str, card: Mapping[str, Any]) -> str:
    lines = [f"# {title}", ""]
    for key, value in card.items():
        if key == "name":
            continue
        label = key.replace("_", " ").capitalize()
        if isinstance(value, Mapping):
            lines += [f"- **{label}**", *(f"  - {name}: {entry}" for name, entry in value.items())]
        else:
            lines.append(f"- **{label}**: {value}")
    return "\n".join([*lines, ""])
