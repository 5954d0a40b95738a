"""Command groups that import a command when it is called, and know of the others no more than a line of help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is not imported yet.

    Attributes:
        place: `module:name` of its function or of its group's `typer.Typer`, the module below `srbench.cli`.
        summary: What the list of commands says of it: the first paragraph of its own help.
        settings: What click's context is made with.
    """

    place: str
    summary: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Any:
        """Import it and return the click command, called `name`."""
        module, attribute = self.place.split(":")
        found: typer.Typer | Callable[..., None] = getattr(import_module(f"srbench.cli.{module}"), attribute)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(context_settings=dict(self.settings))(found)
            found = alone
        made = typer.main.get_command(found)
        made.name = name
        return made


class LazyGroup(TyperGroup):
    """A group with `later` beside the commands that are there: placeholders, until one of them is called.

    Help, completion and proposals for mistyped names need names and summaries alone.
    """

    later: ClassVar[Mapping[str, Command]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for name, command in self.later.items():
            self.add_command(TyperCommand(name, help=command.summary))
        self._waiting = dict(self.later)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options; switches that are not given are False where typer has None.

        To convert None typer imports pydantic, which takes a third of the time that the help of a command takes.
        """
        found = super().get_params(ctx)
        for option in found:
            if getattr(option, "is_flag", False) and option.default is None:
                option.default = False
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return click's (name, command, arguments that are left), the command imported."""
        if args:
            self.load(args[0])
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> Any:
        """Return the command called `name`, imported; None where there is none."""
        if name in self._waiting:
            self.add_command(self._waiting.pop(name).load(name))
        return self.commands.get(name)


def group(later: Mapping[str, Command]) -> type[LazyGroup]:
    """Return the class of a group with these commands, for the `cls` of `typer.Typer`."""
    return type("LazyGroup", (LazyGroup,), {"later": later})
