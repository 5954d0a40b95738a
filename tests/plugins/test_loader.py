"""Plugins of one's own: every mistake is named once, and hides nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from srbench import plugins
from srbench.plugins import Kind

from .conftest import METHOD, Run

COMMAND = "from srbench.cli import main; import sys; sys.argv[0] = 'srbench'; main()"
LIST = "import json; from srbench import registry as r; print(json.dumps([[m.name for m in r.methods()], r.broken()]))"


def listed(run: Run, **options: str) -> tuple[list[str], dict[str, str]]:
    done = run(LIST, **options)
    assert done.returncode == 0, done.stderr
    names, broken = json.loads(done.stdout)
    return names, broken


def test_a_folder_that_is_not_there_is_named_and_the_rest_goes_on(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="mine"))
    names, broken = listed(run, methods=f"/nope:{folder}")
    assert {"bicubic", "mine"} <= set(names)
    assert broken == {"/nope": "SRBENCH_METHODS_PATH names it, but there is no such folder"}


def test_a_file_in_the_place_of_a_folder_is_named_with_the_folder(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="mine"))
    names, broken = listed(run, methods=str(folder / "mine.py"))
    assert "bicubic" in names
    assert list(broken) == [str(folder / "mine.py")]
    assert f"expected the folder it lies in, {folder}" in broken[str(folder / "mine.py")]


def test_a_quoted_tilde_is_the_home_folder(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="mine"))
    names, broken = listed(run, methods=f"~/{folder.name}:~/gone", HOME=str(folder.parent))
    assert "mine" in names
    assert list(broken) == [str(folder.parent / "gone")]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import module_that_is_not_there", "ModuleNotFoundError: No module named 'module_that_is_not_there'"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("x = 'caf\udce9'", "SyntaxError: (unicode error) 'utf-8' codec can't decode"),
        ("raise ValueError", "ValueError"),
        ("raise SystemExit", "importing it ends the program."),
        ("import sys; sys.exit('no GPU')", "importing it ends the program with 'no GPU'."),
        ("exit(3)", "importing it ends the program with 3."),
        ("import os; os._exit(3)", "importing it ends the program with 3."),
        ("class Odd(BaseException): ...\nraise Odd('x')", "Odd: x"),
        (
            "import argparse; p = argparse.ArgumentParser(); p.add_argument('--must', required=True); p.parse_args()",
            "importing it ends the program with 2.",
        ),
        ("from srbench.registry import register; register('a,b', title='x')(print)", "MethodError: Method name 'a,b'"),
        ("from srbench.registry import register; register('ab', titel='x')", "TypeError: register() missing 1"),
    ],
)
def test_a_broken_file_is_named_and_stops_no_command(run: Run, folder: Path, source: str, reason: str) -> None:
    (folder / "broken.py").write_bytes(source.encode("utf-8", "surrogateescape"))
    (folder / "mine.py").write_text(METHOD.format(name="mine"))
    names, broken = listed(run)
    assert {"bicubic", "mine"} <= set(names)
    assert list(broken) == [str(folder / "broken.py")]
    assert broken[str(folder / "broken.py")].startswith(reason)
    done = run(COMMAND, "methods")
    assert done.returncode == 0
    assert done.stderr.count("Broken plugin") == 1
    assert "Traceback" not in done.stderr


def test_a_plugin_does_not_see_the_command_line(run: Run, folder: Path) -> None:
    parses = "import argparse; p = argparse.ArgumentParser(); p.add_argument('--x'); p.parse_args()\n"
    (folder / "mine.py").write_text(parses + METHOD.format(name="mine"))
    done = run(COMMAND, "methods", "--scale", "2", "--json")
    assert "mine" in [row["name"] for row in json.loads(done.stdout)]


def test_what_a_plugin_prints_while_it_is_imported_spoils_no_output(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text("print('hello')\n" + METHOD.format(name="mine"))
    done = run(COMMAND, "methods", "--json")
    assert "mine" in [row["name"] for row in json.loads(done.stdout)]
    assert "hello" in done.stderr


def test_a_plugin_that_leaves_a_thread_or_another_folder_does_not_keep_the_program_from_ending(
    run: Run, folder: Path
) -> None:
    leaves = "import os, threading, time\nos.chdir('/')\nthreading.Thread(target=time.sleep, args=(999,)).start()\n"
    (folder / "mine.py").write_text(leaves + METHOD.format(name="mine"))
    done = run("import os; before = os.getcwd()\n" + LIST + "\nprint(before == os.getcwd())")
    assert "mine" in done.stdout
    assert done.stdout.endswith("True\n")


def test_a_folder_named_after_the_first_listing_counts(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="mine"))
    code = (
        "import os; from srbench import registry as r; first = len(r.methods());"
        f"os.environ['SRBENCH_METHODS_PATH'] = {str(folder)!r}; print(len(r.methods()) - first, r.find('mine')[0].name)"
    )
    assert run(code, methods="").stdout == "1 mine\n"


def test_a_file_written_or_mended_after_the_first_listing_counts(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text("def f(:")
    code = f"""
from pathlib import Path
from srbench import registry as r
print(len(r.broken()))
Path({str(folder / "mine.py")!r}).write_text({METHOD.format(name="mine")!r})
Path({str(folder / "other.py")!r}).write_text({METHOD.format(name="other")!r})
print(r.find("mine")[0].name, r.find("other")[0].name, len(r.broken()))
"""
    assert run(code).stdout == "1\nmine other 0\n"


def test_two_plugins_with_one_name_are_an_error_that_names_both_files(run: Run, folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(METHOD.format(name="mine"))
    done = run(COMMAND, "methods")
    assert done.returncode == 2
    both = f"{folder / 'one.py'} and {folder / 'two.py'}"
    assert done.stderr == f"Error: Two plugins register the method 'mine': {both}. Rename one of them.\n"


def test_a_plugin_with_the_name_of_a_shipped_method_is_an_error(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="bicubic"))
    done = run(COMMAND, "methods")
    assert done.returncode == 2
    assert "methods/bicubic.py" in done.stderr
    assert str(folder / "mine.py") in done.stderr


def test_one_file_that_registers_a_name_twice_is_an_error(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text(METHOD.format(name="mine") * 2)
    done = run(COMMAND, "methods")
    assert f"{folder / 'mine.py'} registers the method 'mine' twice" in done.stderr


def test_a_file_may_be_called_like_a_shipped_one(run: Run, folder: Path) -> None:
    (folder / "nearest.py").write_text(METHOD.format(name="mine"))
    names, broken = listed(run)
    assert {"nearest", "mine"} <= set(names)
    assert not broken


def test_programs_and_networks_beside_a_plugin_are_left_alone(run: Run, folder: Path) -> None:
    (folder / "mine.py").write_text("import network_of_mine\n" + METHOD.format(name="mine"))
    (folder / "network_of_mine.py").write_text("import os\nif 'PROBE' in os.environ: raise ImportError('no torch')\n")
    (folder / "train.py").write_text("import sys\nif __name__ == '__main__': ...\nsys.exit('trained for a week')\n")
    (folder / "_draft.py").write_text("raise ValueError")
    assert listed(run)[1] == {}


def test_entry_points_of_installed_packages_are_loaded_and_the_broken_ones_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other_package.py").write_text(METHOD.format(name="installed"))
    info = tmp_path / "other_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[srbench.methods]\ninstalled = other_package\nbad = no_such_module:load\n")
    names, broken = listed(run, PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert "installed" in names
    assert broken == {"bad = no_such_module:load": "ModuleNotFoundError: No module named 'no_such_module'"}


def test_data_files_come_from_the_folders_and_a_bad_one_is_rejected_by_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Kind("examples")
    (tmp_path / "b.toml").touch()
    (tmp_path / "a.toml").touch()
    (tmp_path / ".hidden.toml").touch()
    monkeypatch.setenv("SRBENCH_EXAMPLES_PATH", f"/nope:{tmp_path}:{tmp_path}")
    assert [path.name for path in plugins.files(kind, ".toml")] == ["a.toml", "b.toml"]
    plugins.reject(kind, tmp_path / "a.toml", "no title")
    assert plugins.broken(kind) == {
        "/nope": "SRBENCH_EXAMPLES_PATH names it, but there is no such folder",
        str(tmp_path / "a.toml"): "no title",
    }


def test_a_file_in_the_folders_of_two_kinds_runs_once(run: Run, folder: Path) -> None:
    (folder / "both.py").write_text("print('ran')\n" + METHOD.format(name="mine"))
    code = "from srbench import plugins as p; [p.load(kind) for kind in (p.METHODS, p.METRICS, p.METHODS)]"
    assert run(code, SRBENCH_METRICS_PATH=str(folder)).stderr == "ran\n"
