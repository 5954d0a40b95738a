"""Finds a network class in somebody's folder of code, in such a way that no two folders see each other's modules."""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from srbench import sources
from srbench.errors import MethodError, PluginError, unknown
from srbench.foreign import packages
from srbench.plugins import contained, modules

_ABOVE = 4


def make(
    where: Path | None, class_: str, arguments: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Return a network made of a class that is not installed, or is.

    Args:
        where: The Python file that defines it, or the folder that its modules are imported from; None for an
            installed package.
        class_: Name of the class, or of a function that returns the network; modules before it, with dots, where
            `where` is no file.
        arguments: What it is called with.
        options: What it is given before that as one object with these attributes, as argparse makes.

    Raises:
        MethodError: The code cannot be imported, holds no such class, or cannot be called so.
    """
    maker = _find(where, class_)
    try:
        with contained(f"Making {class_}"):
            network = maker(*([argparse.Namespace(**options)] if options else []), **arguments)
    except PluginError as error:
        raise MethodError(str(error)) from None
    except Exception as error:  # whatever the code of others raises
        raise MethodError(f"{class_} cannot be made: {_reason(error)}. {_signature(maker)}") from None
    if not isinstance(network, nn.Module):
        raise MethodError(f"{class_} gave {type(network).__name__}; expected a torch.nn.Module.")
    return network.eval()


def _find(where: Path | None, class_: str) -> Callable[..., object]:
    module_name, _, name = class_.rpartition(".")
    if where is None:
        if not module_name:
            raise MethodError(
                f"class '{class_}': name its module as well ('package.module.{class_}'), or the 'source'."
            )
        module = _import(module_name, None)
    elif where.is_dir():
        if not module_name:
            raise MethodError(f"class '{class_}': 'source' is a folder, so name the module: 'module.{class_}'.")
        module = _import_from_folder(module_name, where)
    else:
        name = name or class_
        module = _import(f"{modules.package(where.parent)}.{where.stem}", where)
    found = getattr(module, name, None)
    if not callable(found):
        own = [key for key, value in vars(module).items() if inspect.isclass(value) and issubclass(value, nn.Module)]
        raise MethodError(f"{where or module_name}: {unknown('class', name, own)}")
    return found  # type: ignore[no-any-return]


def finder(where: Path) -> Callable[[str], ModuleType | None]:
    """Return a function that gives the modules in somebody's code by the names that they have for him, else None."""
    package = modules.package(where if where.is_dir() else where.parent)

    def find(name: str) -> ModuleType | None:
        own = f"{package}.{name}"
        return importlib.import_module(own) if modules.file_of(own) is not None else None

    return find


def _import_from_folder(name: str, where: Path) -> Any:
    module = f"{modules.package(where)}.{name}"
    try:
        return _import(module, where)
    except MethodError:
        if not any((where / Path(*name.split(".")[:depth]) / "__init__.py").is_file() for depth in range(1, 9)):
            raise
    # A package's own `__init__.py` may want what only training needs: what the network itself lacks is said next.
    with packages.sparing(where):
        return _import(module, where)


def _import(module: str, where: Path | None) -> Any:
    what = str(where) if where else module
    if where is not None:
        _forget(module, where if where.is_dir() else where.parent)
    try:
        with contained(f"Importing {what}", where if where is None or where.is_dir() else where.parent):
            return importlib.import_module(module)
    except PluginError as error:
        raise MethodError(str(error)) from None
    except ModuleNotFoundError as error:
        raise MethodError(_missing(error.name or str(error), module, where)) from None
    except Exception as error:  # whatever the code of others raises
        raise MethodError(f"{what} cannot be imported: {_reason(error)}.") from None


def _forget(module: str, folder: Path) -> None:
    """Make Python read the code in a folder anew: it may have changed since, and then its rows say another hash."""
    package = ".".join(module.split(".")[:3])
    if folder.resolve() in [place.resolve() for variable in modules.VARIABLES for place in modules.named(variable)]:
        return  # plugins live there, which are imported once
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _missing(name: str, module: str, where: Path | None) -> str:
    if where is None:
        return f"{module} is not installed: there is no '{name}'. Install it, or name the 'source'."
    if name == module or module.startswith(f"{name}."):
        rest = module.split(".", 3)[-1]
        return f"{where} holds no module '{rest}'."
    top = name.split(".")[3] if modules.root_of(name) else name.partition(".")[0]
    for folder in list(where.resolve().parents)[:_ABOVE]:
        if (folder / top).is_dir() or (folder / f"{top}.py").is_file():
            inside = where.resolve().relative_to(folder).with_suffix("")
            return (
                f"{where} imports '{name}', which lies in {folder}: write source = \"{folder}\" and class = "
                f'"{".".join(inside.parts)}.CLASS".'
            )
    return f"{where} imports '{name}', which is neither installed nor beside it. Install it: pip install {top}"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}".rstrip(".: ")


def _signature(maker: Callable[..., object]) -> str:
    try:
        return f"It takes {inspect.signature(maker)}."
    except (TypeError, ValueError):
        return "Check 'args'."


def files(where: Path, class_: str) -> tuple[Path, ...]:
    """Return the Python files that a class depends on: those it imports, directly or not, and those beside it."""
    folder = where if where.is_dir() else where.parent
    module = class_.rpartition(".")[0] if where.is_dir() else where.stem
    found = {path for path in sources.closure(f"{modules.package(folder)}.{module}") if path.is_relative_to(folder)}
    own = folder.joinpath(*module.split(".")).parent
    return tuple(sorted({*found, *(path for path in own.glob("*.py") if path.is_file())}))
