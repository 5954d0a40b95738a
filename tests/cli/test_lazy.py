"""Commands that are imported when they are called."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from srbench.cli import COMMANDS, app, mos
from srbench.cli.lazy import Command, LazyGroup, group
from tests.commands import all_commands

PLACED = {**COMMANDS, **{f"mos {name}": command for name, command in mos.LATER.items()}}


@pytest.mark.parametrize("name", PLACED)
def test_the_list_says_of_a_command_what_its_own_help_begins_with(name: str) -> None:
    command = all_commands()[name]
    assert PLACED[name].summary == " ".join(command.help.split("\n\n")[0].split())
    assert command.name == name.split()[-1]


def imported(*arguments: str) -> set[str]:
    """Return the modules of commands that a command line imports, and `pydantic` where that is one."""
    code = f"""
import sys
from srbench.cli import app
try:
    app({list(arguments)!r})
except SystemExit:
    pass
sys.stderr.write(" ".join(name for name in sys.modules if name.startswith("srbench.cli.") or name == "pydantic"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.removeprefix("srbench.cli.") for name in done.stderr.split()}


def test_a_command_line_imports_the_command_that_is_called_alone() -> None:
    assert imported("--help") == imported("mos", "--help") - {"mos", "options", "ratings"} == {"lazy"}
    assert imported("show", "--help") - {"lazy", "options"} == {"show"}
    assert imported("mos", "plan", "--help") - {"lazy", "options", "ratings"} == {"mos", "mos_plan"}


def test_a_mistyped_command_is_answered_with_those_like_it() -> None:
    for words, proposed in (
        (["methds"], "'methods'"),
        (["mos", "invit"], "'invite'"),
        (["datasets", "fetsh"], "'fetch'"),
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 2
        assert "No such command" in done.output
        assert proposed in done.output


def test_a_group_without_a_command_shows_its_help() -> None:
    assert "Print a personal link" in CliRunner().invoke(app, ["mos"]).output


def test_completion_knows_commands_and_their_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(line: str) -> str:
        code = "from srbench.cli import app; app(prog_name='srbench')"
        env = {"_SRBENCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stdout

    assert completed("srbench aver").split() == ["average-weights"]
    assert completed("srbench mos in").split() == ["invite"]
    assert "--datasets" in completed("srbench run --data").split()


def test_commands_that_are_there_and_commands_that_come_later_are_one_list() -> None:
    own = typer.Typer(cls=group({"doctor": Command("methods:doctor", "What is here.")}))

    @own.callback()
    def _own() -> None:
        pass

    @own.command()
    def here() -> None:
        typer.echo("I am here")

    made: Any = typer.main.get_command(own)
    assert isinstance(made, LazyGroup)
    assert list(made.commands) == ["here", "doctor"]
    assert not made.commands["doctor"].params
    assert {option.name for option in made.load("doctor").params} == {"as_json", "data_root"}
    assert made.load("nowhere") is None
    assert CliRunner().invoke(own, ["here"]).output == "I am here\n"
