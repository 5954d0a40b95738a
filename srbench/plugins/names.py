"""One name, one plugin: who registered what, and the error when two want the same name."""

from __future__ import annotations

from srbench.errors import SrbenchError
from srbench.plugins.loader import home, importing


class Names:
    """The names that plugins of one kind registered.

    Args:
        what: The kind, in the singular, for messages.
        error: The error that a clash is.
    """

    def __init__(self, what: str, error: type[SrbenchError]) -> None:
        self._what = what
        self._error = error
        self._owners: dict[str, tuple[str, object | None]] = {}
        self._clashes: list[str] = []

    def claim(self, name: str, module: str) -> bool:
        """Note that `module` registers `name`; return whether it may.

        A module may register its name again, as a notebook's cell does when it is run again, but not twice in one
        import of a plugin. A clash is kept for `check`: raised here, it would be an error of the second plugin alone.
        """
        owner, mark = self._owners.get(name, (module, None))
        now = importing()
        if owner != module:
            files = f"{home(owner)} and {home(module)}"
            self._clashes.append(f"Two plugins register the {self._what} '{name}': {files}. Rename one of them.")
            return False
        if mark is not None and mark is now:
            self._clashes.append(f"{home(module)} registers the {self._what} '{name}' twice. Rename one of the two.")
            return False
        self._owners[name] = (module, now)
        return True

    def check(self) -> None:
        """Do nothing while each name has one owner.

        Raises:
            SrbenchError: Two plugins registered one name, or one did so twice; of the type given.
        """
        if self._clashes:
            raise self._error(self._clashes[0])
