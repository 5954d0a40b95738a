"""The command line as a whole: it starts fast, its help is complete, and the documents name what exists."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from srbench.training.recipes import recipes
from tests.commands import all_commands

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def srbench(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "srbench", *arguments]
    return subprocess.run(
        command, env={**os.environ, "COLUMNS": "160", **env}, capture_output=True, text=True, check=False
    )


def commands() -> dict[str, list[str]]:
    """Return {command with its group: its options}, read from the application itself."""
    return {
        name: [opt for parameter in command.params for opt in [*parameter.opts, *parameter.secondary_opts]]
        for name, command in all_commands().items()
    }


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = all_commands()[name]
    assert command.help, f"srbench {name} has no description"
    for parameter in command.params:
        if parameter.name not in {"install_completion", "show_completion"}:
            assert getattr(parameter, "help", None), f"{parameter.name} of srbench {name} has no help"


def test_every_command_that_documents_name_exists_with_its_options() -> None:
    known = commands()
    for recipe in recipes().values():  # each network has settings of its own, which are options of its training
        known["train"] += [f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(recipe.config)]
    wrong = []
    for document in DOCUMENTS:
        for line in re.findall(r"srbench (?:[a-z][a-z0-9-]* ?)+[^\n`'|]*", document.read_text(encoding="utf-8")):
            words = line.split("#")[0].split()[1:]
            name = max((" ".join(words[:n]) for n in range(3) if " ".join(words[:n]) in known), key=len, default="")
            options = [word.split("=")[0] for word in words if re.fullmatch(r"--[a-z][a-z-]*(=.*)?", word)]
            options = [option for option in options if option != "--help"]  # every command has it
            wrong += [f"{document.name}: {line.strip()}: {o}" for o in options if o not in known[name]]
            if not name and words and line.startswith("srbench ") and options:
                wrong.append(f"{document.name}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def test_every_command_is_documented() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    missing = [name for name in commands() if name and f"srbench {name}" not in text]
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{document.name}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert not dead


# Lists import every method and read every manifest, which the help does not.
STARTS = {"--help": 0.5, "run --help": 0.5, "show --help": 0.5, "methods": 0.75, "datasets": 0.75}


@pytest.mark.parametrize("command", STARTS)
def test_commands_without_a_network_start_at_once(command: str) -> None:
    # Processor time of the child, the least of some tries: neighbours on the same core cost it time as well.
    times: list[float] = []
    while len(times) < 10 and min(times, default=1.0) >= STARTS[command]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = srbench(*command.split())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0, done.stderr
    assert min(times) < STARTS[command]


@pytest.mark.parametrize("arguments", [["methods"], ["metrics"], ["datasets"], ["doctor"]])
def test_lists_are_also_json(arguments: list[str]) -> None:
    done = srbench(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_help_does_not_import_heavy_packages() -> None:
    code = (
        "import sys; from tests.commands import all_commands; all_commands();"
        "print([m for m in ('torch', 'pandas', 'numba', 'scipy', 'streamlit', 'sqlalchemy', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_the_package_s() -> None:
    from srbench import __version__

    assert srbench("--version").stdout.strip() == f"srbench {__version__}"
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"version: {__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_one_picture_is_enlarged_and_mistakes_are_one_line(tmp_path: Path) -> None:
    import numpy as np

    from srbench import images

    images.write(tmp_path / "a.png", np.zeros((5, 7, 3), np.uint8))
    done = srbench("upscale", str(tmp_path / "a.png"), "--method", "bicubic", "--out", str(tmp_path / "b.png"))
    assert done.returncode == 0, done.stderr
    assert images.read(tmp_path / "b.png").shape == (20, 28, 3)
    folder = srbench("upscale", str(tmp_path), "--method", "nearest", "--out", str(tmp_path / "c"), "--scale", "2")
    assert folder.returncode == 0, folder.stderr
    assert images.read(tmp_path / "c" / "a.png").shape == (10, 14, 3)
    for arguments, message in [
        (("a.png", "--method", "hr", "--out", "x.png"), "needs the original"),
        (("a.png", "--method", "bicubic", "--out", "x.jpg"), "ends in .png"),
        (("no.png", "--method", "bicubic", "--out", "x.png"), "No such file"),
    ]:
        done = srbench("upscale", str(tmp_path / arguments[0]), *arguments[1:])
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
