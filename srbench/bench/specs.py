"""The methods that take part in a run: registered ones by name, and functions and classes given directly."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srbench import images, registry
from srbench.bench import luggage
from srbench.bench.callables import method_of
from srbench.errors import MethodError
from srbench.registry import Method, Setup


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method as it takes part in a run.

    Attributes:
        name: Its name in tables; differs from `spec` for stored results.
        spec: What the registry understands, such as `results:DIR`.
        method: Its row in the registry.
        argument: What follows the colon.
        by_value: It exists in this process only, so that workers get it by value.
    """

    name: str
    spec: str
    method: Method
    argument: str | None = None
    by_value: bool = False

    @classmethod
    def of(cls, given: Callable[..., Any], name: str = "", title: str = "") -> MethodSpec:
        """Return a function, a class or an object as a method; see `callables.method_of`."""
        method = method_of(given, name, title)
        return cls(method.name, method.name, method, by_value=True)

    def fingerprint(self, setup: Setup) -> str:
        """Return a hash of all that decides what the method computes.

        What cannot be hashed, such as a function that holds an open file, gets another one each time.
        """
        if not self.by_value:
            return registry.fingerprint(self.spec, setup)
        try:
            code = luggage.fingerprint(self.method.load, self.method.module)
        except TypeError:
            code = secrets.token_hex(8)
        digest = hashlib.sha256(f"{self.name}|{setup.scale}|{setup.device}|{setup.precision}|{code}".encode())
        weights = self.method.weights.get(setup.scale)
        if weights is not None and weights.is_file():
            digest.update(images.file_sha256(weights).encode())
        return digest.hexdigest()[:16]


def find_methods(
    given: Sequence[str | Callable[..., Any] | MethodSpec] | None, scale: int
) -> tuple[list[MethodSpec], dict[str, str]]:
    """Return the methods that are meant, and those that cannot run at this scale with the reason.

    Args:
        given: Names, callables and specs; None means every method that has what it needs.
        scale: The upscaling factor.

    Raises:
        MethodError: One is unknown, two have one name in tables, or none can run.
    """
    if given is None:
        rows = [method for method in registry.methods() if method.argument is None]
        specs = [_named(method.name, method, None) for method in rows if method.why_not(scale) is None]
        return specs, {row.name: why for row in rows if (why := row.why_not(scale))}
    specs, left_out = [], {}
    for one in _distinct(given):
        for spec in _specs(one):
            reason = spec.method.why_not(scale)
            if reason:
                left_out[spec.name] = reason
            else:
                specs.append(_numbered(spec, specs))
    if not specs:
        raise MethodError(next(iter(left_out.values()), "No method was named. 'srbench methods' lists them."))
    labels = [spec.name for spec in specs]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise MethodError(
            f"Two of the methods are called '{twice}' in tables. Give their folders different names, or name a "
            "function with MethodSpec.of(function, name=...)."
        )
    return specs, left_out


def _distinct(given: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in given:
        if not any(one is other or (isinstance(one, str) and one == other) for other in found):
            found.append(one)
    return found


def _specs(given: str | Callable[..., Any] | MethodSpec) -> list[MethodSpec]:
    if isinstance(given, MethodSpec):
        return [given]
    if isinstance(given, str):
        method, argument = registry.find(given)
        if method.expand is not None and argument is not None:
            parts = method.expand(argument).items()
            return [_named(label, method, part) for label, part in parts]
        return [_named(given, method, argument)]
    if not callable(given):
        raise MethodError(f"Expected the name of a method, a function or a class; got {given!r}.")
    spec = MethodSpec.of(given)
    if spec.name in {method.name for method in registry.methods()}:
        raise MethodError(
            f"The function '{spec.name}' has the name of a registered method. Give '{spec.name}' as a name if you mean "
            "that one, else MethodSpec.of(function, name=...)."
        )
    return [spec]


def _named(label: str, method: Method, argument: str | None) -> MethodSpec:
    spec = method.name if argument is None else f"{method.name}:{argument}"
    return MethodSpec(label, spec, method, argument, not luggage.is_importable(method.module, "srbench.methods"))


def _numbered(spec: MethodSpec, others: Sequence[MethodSpec]) -> MethodSpec:
    """Return the spec with a number behind its name where it is a further lambda, for these have one name."""
    same = sum(other.method.name == spec.name for other in others)
    if spec.name != "lambda" or not same:
        return spec
    name = f"lambda-{same + 1}"
    return replace(spec, name=name, spec=name, method=replace(spec.method, title=name))
