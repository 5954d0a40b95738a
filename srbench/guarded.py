"""A method made ready in such a way that it can neither end the program nor read weights that nobody notices."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from srbench import sources
from srbench.errors import MethodError, PluginError
from srbench.plugins import containment, modules, opened, watching

if TYPE_CHECKING:
    from srbench.contract import Method, Setup


class GuardedUpscaler:
    """Loads a method and calls it; see `srbench.plugins.contained` for what is kept from it.

    Relative paths that a plugin in a folder of one's own opens are relative to that folder. A method that takes an
    argument keeps the user's working directory, because its argument may be a path.

    Attributes of the method's own upscaler, such as `path`, are passed on.

    Args:
        method: The method.
        setup: What it is loaded for.
    """

    def __init__(self, method: Method, setup: Setup) -> None:
        own = modules.root_of(method.module)
        self._what = f"Method '{method.name}'"
        self._folder = own[1] if own and not method.argument else None
        # Shipped methods declare all they read, and one that is given pairs reads pictures.
        self._listens_to_calls = not method.module.startswith("srbench.methods.") and not method.takes_pair
        self._opened = opened.Opened(since=time.time_ns())
        self._watch = watching.Watch(_places(method.module, own[1])) if own else None
        self._declared = [setup.weights] if setup.weights is not None else []
        with self._running(listen=not method.module.startswith("srbench.methods.")):
            self._upscale = method.load(setup)
        self._opened.settle()  # not after each call, whose time is measured

    def __call__(self, source: Any) -> NDArray[Any]:
        """Return what the method returns for an LR image, or for a `ImagePair` where it takes pairs.

        Raises:
            MethodError: It ended the program.
            Exception: Whatever the method raises.
        """
        with self._running(listen=self._listens_to_calls):
            return self._upscale(source)

    def batch(self, sources: Sequence[Any]) -> Sequence[NDArray[Any]]:
        """Return what the method returns for several LR images of equal size; one that cannot has them one by one.

        Raises:
            MethodError: It ended the program, or returned another number of images.
            Exception: Whatever the method raises.
        """
        together = getattr(self._upscale, "batch", None)
        if together is None or len(sources) == 1:
            return [self(source) for source in sources]
        with self._running(listen=self._listens_to_calls):
            results: Sequence[NDArray[Any]] = together(sources)
            count = len(results)
        if count != len(sources):
            raise MethodError(f"{self._what} returned {count} images for a batch of {len(sources)}.")
        return results

    @property
    def can_batch(self) -> bool:
        """Whether the method takes several images at once."""
        return hasattr(self._upscale, "batch")

    def __getattr__(self, name: str) -> Any:
        if name == "_upscale":  # it failed while it was loaded
            raise AttributeError(name)
        return getattr(self._upscale, name)

    @property
    def files(self) -> dict[str, str]:
        """{absolute path: SHA-256} of the data files that it opened so far, but for the weights that it declares."""
        return self._opened.hashes(without=self._declared)

    @contextlib.contextmanager
    def _running(self, *, listen: bool) -> Iterator[None]:
        try:
            with contextlib.ExitStack() as stack:
                if listen:
                    stack.enter_context(opened.recorded(self._opened, self._watch))
                stack.enter_context(containment.contained(self._what, self._folder))
                yield
        except PluginError as error:
            raise MethodError(str(error)) from None


def _places(module: str, folder: Path) -> list[Path]:
    """Return the folders to watch: the plugin's own, and those that its source names."""
    named = {folder}
    for path in sources.closure(module):
        if path.is_relative_to(folder):
            named |= set(sources.folders_named(path))
    return sorted(named)
