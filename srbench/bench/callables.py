"""A function or a class given directly, as a method."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from srbench.errors import MethodError
from srbench.registry import Method, Setup, Upscaler


def method_of(given: Callable[..., Any], name: str = "", title: str = "") -> Method:
    """Return the method that a callable is.

    Args:
        given: A function `(lr, scale) -> sr` or `(lr) -> sr`, an object that is called so, or a class of such objects,
            made once per worker with the `Setup`, the scale (a parameter called `scale`), or nothing.
        name: Name in tables and folders; default: its own.
        title: What tables print; default: the name.

    Raises:
        MethodError: It cannot be called in one of these ways.

    >>> enlarge = lambda lr, scale: lr.repeat(scale, 0).repeat(scale, 1)
    >>> method_of(enlarge).name, method_of(enlarge, "mine").name
    ('lambda', 'mine')
    """
    own = getattr(given, "__name__", type(given).__name__)
    name = name or re.sub(r"[^A-Za-z0-9_.-]+", "-", own).strip("-.") or "function"
    module = getattr(given, "__module__", None) or "__main__"
    load = _maker(given, name) if inspect.isclass(given) else _loader(given, name)
    return Method(name, title or name, load, module=module)


def _loader(given: Callable[..., Any], name: str) -> Callable[[Setup], Upscaler]:
    takes_scale = _takes_scale(given, name)

    def load(setup: Setup) -> Upscaler:
        return (lambda lr: given(lr, setup.scale)) if takes_scale else given

    return load


def _maker(kind: type, name: str) -> Callable[[Setup], Upscaler]:
    needed = [parameter.name for parameter in _required(kind)]
    if len(needed) > 1:
        raise MethodError(
            f"The class '{name}' cannot be a method: it is made with {', '.join(needed)}; expected nothing, `setup` or "
            "`scale`. Give a function that makes it, or an object of it."
        )

    def load(setup: Setup) -> Upscaler:
        made = kind(*[setup.scale if parameter == "scale" else setup for parameter in needed])
        if not callable(made):
            raise MethodError(f"Objects of the class '{name}' cannot be called; expected a method __call__(lr, scale).")
        return _loader(made, name)(setup)

    return load


def _takes_scale(given: Callable[..., Any], name: str) -> bool:
    """Return whether the scale is passed as well: where it must be, or where a parameter is called so."""
    needed = _required(given)
    if len(needed) > 2:
        raise MethodError(
            f"'{name}' cannot be a method: it needs {', '.join(each.name for each in needed)}; expected (lr, scale) or "
            "(lr). Bind the others with functools.partial."
        )
    if len(needed) == 2:
        return True
    parameters = _parameters(given)
    second = next(iter(parameters[1:]), None)
    return (second is not None and second.name == "scale") or any(
        each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters
    )


def _required(given: Callable[..., Any]) -> list[inspect.Parameter]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each for each in _parameters(given) if each.kind in positional and each.default is each.empty]


def _parameters(given: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(given).parameters.values())
    except (ValueError, TypeError):  # built-in code without a signature
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
