"""Opens models of every kind: what comes back says what it is, what it takes, and can be run."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import MethodError, WeightsError
from srbench.foreign import checkpoint, onnx_graph, source
from srbench.foreign.calling import Called
from srbench.foreign.card import ModelCard
from srbench.foreign.interface import Interface, measured_factor
from srbench.foreign.upscaler import Loaded
from srbench.plugins import contained

_EXTRA = "pip install 'srbench[models]'"


def spandrel(path: Path, card: ModelCard | None = None) -> Loaded:
    """Open a weight file whose architecture spandrel recognises.

    Args:
        path: The weight file.
        card: What else is known about it; what it says goes before what spandrel says.

    Raises:
        MethodError: spandrel is not installed, knows no such network, or the network makes no pictures of pictures.
        WeightsError: The file cannot be read.
    """
    library = _library("spandrel")
    weights = checkpoint.state_dict(checkpoint.read(path, trust=bool(card and card.trust_pickle)), path)
    with _quiet():
        try:
            found = library.ModelLoader().load_from_state_dict(library.canonicalize_state_dict(weights))
        except library.UnsupportedModelError:
            raise WeightsError(
                f"spandrel {_version('spandrel')} recognises no network in {path} ({len(weights)} weights, the first "
                f"{next(iter(weights))}). Describe it in a model card."
            ) from None
        except Exception as error:  # a network that it takes for another one
            raise WeightsError(f"spandrel cannot load {path}: {_reason(error)}.") from None
    name, kind = str(path), found.architecture.name
    if not isinstance(found, library.ImageModelDescriptor) or found.purpose != "SR":
        purpose = getattr(found, "purpose", "inpainting")
        raise MethodError(f"{path} is {kind}, a network for {purpose}; expected one for super-resolution.")
    if (found.input_channels, found.output_channels) not in {(1, 1), (3, 3)}:
        came = f"{found.input_channels} channels and gives {found.output_channels}"
        raise MethodError(f"{path} is {kind}, which takes {came}; expected 3 or 1.")
    size = found.size_requirements
    interface = Interface(
        channels="rgb" if found.input_channels == 3 else "y",
        multiple=size.multiple_of,
        minimum=max(1, size.minimum),
        square=size.square,
    )
    found.model.eval()
    return Loaded(
        name=name,
        what=kind,
        run=found,
        interface=_joined(interface, card),
        factor=found.scale,
        module=found.model,
        parameters=_count(found.model),
        weights=path,
    )


def onnx(path: Path, card: ModelCard | None = None) -> Loaded:
    """Open an ONNX file with onnxruntime.

    Raises:
        MethodError: onnxruntime is not installed, or the file is no network from one picture to one picture.
        WeightsError: The file cannot be read.
    """
    library = _library("onnxruntime")
    _there(path)
    options = library.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # one in a worker of the bench
    options.log_severity_level = 3
    try:
        session = library.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a dozen classes of errors, without a common one
        raise WeightsError(f"{path} is damaged or no ONNX file: {_reason(error)}.") from None
    inputs, outputs = session.get_inputs(), session.get_outputs()
    kinds = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in kinds:
        told = "; ".join(f"{one.name}: {one.type} {one.shape}" for one in (*inputs, *outputs))
        raise MethodError(f"{path} takes and gives {told}; expected one picture of floats (N, C, H, W) each.")
    _, channels, *sides = inputs[0].shape
    if any(isinstance(side, int) for side in sides):
        raise MethodError(f"{path} was exported for pictures of {sides} only. Export it with dynamic height and width.")

    def run(image: Tensor) -> Tensor:
        array = image.to(kinds[inputs[0].type]).numpy()
        return torch.from_numpy(session.run(None, {inputs[0].name: array})[0])

    interface = _joined(Interface(channels="y" if channels == 1 else "rgb"), card)
    factor = measured_factor(run, interface, str(path))
    what = f"onnxruntime {_version('onnxruntime')}"
    return Loaded(
        name=str(path),
        what=what,
        run=run,
        interface=interface,
        factor=factor,
        parameters=onnx_graph.parameters(path),
        weights=path,
        count=partial(onnx_graph.count, path),
    )


def torchscript(path: Path, card: ModelCard | None = None) -> Loaded:
    """Open a TorchScript file: a network with its code, which needs no Python.

    Raises:
        MethodError: It is no network from one picture to one picture.
        WeightsError: The file cannot be read.
    """
    _there(path)
    with _quiet():
        try:
            module = _Scripted(torch.jit.load(str(path), map_location="cpu"))  # type: ignore[no-untyped-call]
        except Exception as error:
            raise WeightsError(f"{path} is damaged or no TorchScript file: {_reason(error)}.") from None
    interface = _joined(Interface(), card)
    factor = measured_factor(module, interface, str(path))
    return Loaded(
        name=str(path),
        what="TorchScript",
        run=module,
        interface=interface,
        factor=factor,
        module=module,
        parameters=_count(module),
        weights=path,
    )


class _Scripted(nn.Module):
    """A module around a scripted one, which itself refuses some of what modules can do."""

    def __init__(self, script: nn.Module) -> None:
        super().__init__()
        self.script = script.eval()

    def forward(self, image: Tensor) -> Tensor:
        output: Tensor = self.script(image)
        return output


def exported(path: Path, card: ModelCard | None = None) -> Loaded:
    """Open a program that `torch.export.save` wrote (`.pt2`).

    Raises:
        MethodError: It is no network from one picture to one picture.
        WeightsError: The file cannot be read.
    """
    _there(path)
    with _quiet(), _weights_only(), _unlogged():
        try:
            program = torch.export.load(str(path))
            module = program.module()
        except Exception as error:
            raise WeightsError(f"{path} is damaged or no exported program: {_reason(error)}.") from None
    least = max((int(bounds.lower) for bounds in program.range_constraints.values()), default=1)
    interface = _joined(Interface(minimum=max(1, least)), card)
    factor = measured_factor(module, interface, str(path))
    count = sum(parameter.numel() for parameter in program.parameters())
    return Loaded(
        name=str(path),
        what="torch.export",
        run=module,
        interface=interface,
        factor=factor,
        parameters=count,
        weights=path,
    )


def network(card: ModelCard) -> Loaded:
    """Open the network of a card of kind `network`: its class, filled with its weights.

    Raises:
        MethodError: The code cannot be imported, has no such class, or gives no pictures.
        WeightsError: The weights cannot be read or do not fit.
    """
    assert card.weights is not None
    with _quiet():
        module = source.make(card.source, card.class_, card.args, card.options)
        find = source.finder(card.source) if card.source else None
        content = checkpoint.read(card.weights, trust=card.trust_pickle, find=find)
        weights = checkpoint.state_dict(content, card.weights, card.key)
        checkpoint.fill(module, weights, card.weights, card.class_)
        if card.call or card.output is not None:
            module = Called(module, card.call, card.output, card.class_)
        with contained(card.class_):
            factor = measured_factor(module, card.interface, card.class_)
    code = source.files(card.source, card.class_) if card.source else ()
    return Loaded(
        name=card.class_,
        what=card.class_.rpartition(".")[2],
        run=module,
        interface=card.interface,
        factor=factor,
        module=module,
        parameters=_count(module),
        weights=card.weights,
        inputs=(card.path, *code),
    )


_KINDS = {"spandrel": spandrel, "onnx": onnx, "torchscript": torchscript, "pt2": exported}


def open_file(kind: str, path: Path) -> Loaded:
    """Open a file of one of the kinds that need no card: `spandrel`, `onnx`, `torchscript` or `pt2`.

    Raises:
        MethodError: It is no network that makes pictures of pictures.
        WeightsError: It cannot be read.
    """
    return _KINDS[kind](path)


def described(card: ModelCard) -> Loaded:
    """Open the model that a card describes, of any kind but `command`.

    Raises:
        MethodError: It cannot be used.
        WeightsError: Its weights cannot be read or do not fit.
    """
    if card.kind == "network":
        loaded = network(card)
    else:
        assert card.weights is not None
        loaded = replace(_KINDS[card.kind](card.weights, card), inputs=(card.path,))
    if card.scale is not None and not card.interface.enlarged and card.scale != loaded.factor:
        raise MethodError(
            f"The model card {card.path} says scale = {card.scale}, but {loaded.name} enlarges {loaded.factor} times."
        )
    return loaded


def _joined(interface: Interface, card: ModelCard | None) -> Interface:
    """Return what a file says with what its card says put over it."""
    if card is None:
        return interface
    stated = {"takes", "gives"} if "range" in card.stated else set()
    names = stated | {name for name in Interface.__slots__ if name in card.stated}
    return replace(interface, **{name: getattr(card.interface, name) for name in names})


def _library(name: str) -> Any:
    try:
        with _quiet():
            return importlib.import_module(name)
    except ImportError as error:
        raise MethodError(f"{name} is not installed ({error}). Install it: {_EXTRA}") from None


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _there(path: Path) -> None:
    if not path.is_file():
        raise WeightsError(f"There is no file {path}.")


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(".: ")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of code of others back: they tell its author something, not the one who evaluates it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the log of torch back, which holds a traceback for what is one line here."""
    logger = logging.getLogger("torch")
    before, logger.disabled = logger.disabled, True
    children = [one for name, one in logging.root.manager.loggerDict.items() if name.startswith("torch.export")]
    levels = [(one, one.level) for one in children if isinstance(one, logging.Logger)]
    for one, _ in levels:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.disabled = before
        for one, level in levels:
            one.setLevel(level)


@contextmanager
def _weights_only() -> Iterator[None]:
    """Let torch read no pickle that makes objects, whatever the code in between asks for."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
