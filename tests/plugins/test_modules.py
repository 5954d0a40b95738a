"""Modules beside a plugin: found as a script finds them, each folder its own, and counted in the fingerprint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srbench.plugins import modules

from .conftest import Run

PLUGIN = """
import json
from srbench.registry import register
import arch
from arch import NAME
from .arch import NAME as RELATIVE
import parts.inner
from parts import inner

@register("{name}", title="{name}")
def enlarge(lr, scale):
    from lazy import LATE
    assert arch.NAME == NAME == RELATIVE
    raise RuntimeError(" ".join((NAME, LATE, parts.inner.NAME, inner.NAME)))
"""
CALL = """
import sys
from srbench import registry
for name in sys.argv[1:]:
    try:
        registry.create(name)(None)
    except RuntimeError as error:
        print(error)
print([name for name in ("arch", "lazy", "parts") if name in sys.modules], len(registry.broken()))
"""


def fill(folder: Path, name: str) -> None:
    (folder / "parts").mkdir(parents=True)
    (folder / f"{name}.py").write_text(PLUGIN.format(name=name))
    (folder / "arch.py").write_text(f"NAME = 'arch-{name}'")
    (folder / "lazy.py").write_text(f"from arch import NAME\nLATE = 'lazy-' + NAME\nOF = '{name}'")
    (folder / "parts" / "inner.py").write_text("from arch import NAME\nNAME = 'inner-' + NAME")


def test_two_plugins_each_find_the_modules_beside_them_and_nothing_mixes(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        fill(tmp_path / name / "same-name", name)
    done = run(CALL, "one", "two", "one", methods=f"{tmp_path}/one/same-name:{tmp_path}/two/same-name")
    one, two = (f"arch-{x} lazy-arch-{x} inner-arch-{x} inner-arch-{x}" for x in ("one", "two"))
    assert done.stdout.splitlines() == [one, two, one, "[] 0"], done.stderr


def test_modules_beside_a_plugin_count_in_its_fingerprint_and_only_in_its_own(run: Run, tmp_path: Path) -> None:
    places = [tmp_path / name / "methods" for name in ("one", "two")]
    for place in places:
        fill(place, place.parent.name)
    code = (
        "import json; from srbench import registry as r;"
        "print(json.dumps([r.fingerprint(name, r.Setup()) for name in ('one', 'two')]))"
    )

    def prints() -> list[str]:
        done = run(code, methods=":".join(map(str, places)))
        assert done.returncode == 0, done.stderr
        marks: list[str] = json.loads(done.stdout)
        return marks

    before = prints()
    for file in ("arch.py", "lazy.py", "parts/inner.py"):
        (places[0] / file).write_text((places[0] / file).read_text() + "\nMORE = 1")
        after = prints()
        assert after[0] != before[0], file
        assert after[1] == before[1]
        before = after


def test_the_standard_library_and_installed_packages_are_not_hidden_from_a_plugin(run: Run, folder: Path) -> None:
    (folder / "random.py").write_text("raise ValueError('not the real one')\nif __name__ == '__main__': ...")
    # A plugin that wraps an installed package may have its name.
    (folder / "numpy.py").write_text(
        "import random, numpy\nfrom numpy import zeros\nfrom srbench.registry import register\n"
        "register('wrapper', title='W')(lambda lr, scale: (random.random() * 0 + zeros(3)).tolist())"
    )
    code = "from srbench import registry as r; print(r.create('wrapper')(None), r.broken())"
    assert run(code).stdout == "[0.0, 0.0, 0.0] {}\n"


def test_what_a_plugin_defines_can_be_unpickled_in_another_process(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text("import srbench\nfrom shapes import Box")
    (folder / "shapes.py").write_text("class Box:\n    def __init__(self, side): self.side = side")
    code = (
        "import pickle, sys; from srbench import plugins; plugins.load(plugins.METHODS);"
        "module = next(sys.modules[name] for name in sys.modules if name.endswith('.mine'));"
        "sys.stdout.write(pickle.dumps(module.Box(7)).hex())"
    )
    dumped = run(code).stdout
    done = run(f"import pickle, srbench.plugins; print(pickle.loads(bytes.fromhex('{dumped}')).side)")
    assert done.stdout == "7\n", done.stderr


def test_a_folder_is_a_package_of_its_name_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = modules.package(tmp_path / "a"), modules.package(tmp_path / "b" / ".." / "a")
    assert first == second
    assert first.startswith("srbench.plugins.a_")
    assert first != modules.package(tmp_path / "b")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import a.b", ["a.b"]),
        ("from a import b", ["a", "a.b"]),
        ("from . import b", ["p.q", "p.q.b"]),
        ("from ..c import d", ["p.c", "p.c.d"]),
        ("def f():\n    import late", ["late"]),
    ],
)
def test_imports_are_read_from_the_source(statement: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(statement)
    assert modules.imports(tmp_path / "m.py", "p.q.m") == expected
