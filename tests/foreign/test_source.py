"""Network code of others is imported so that no folder sees another one's modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from torch import nn

from srbench.errors import MethodError
from srbench.foreign import source

NETWORK = """
from torch import nn
from {package}.block import WIDTH

class Net(nn.Module):
    def __init__(self, extra=0):
        super().__init__()
        self.layer = nn.Conv2d(3, WIDTH + extra, 1)
"""


def repository(folder: Path, width: int, package: str = "models") -> Path:
    (folder / package).mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").write_text("")
    (folder / package / "block.py").write_text(f"WIDTH = {width}\n")
    (folder / package / "net.py").write_text(NETWORK.format(package=package))
    return folder


def width(network: nn.Module) -> int:
    layer = network.get_submodule("layer")
    assert isinstance(layer, nn.Conv2d)
    return layer.out_channels


@pytest.mark.parametrize("package", ["models", "model", "block", "archs", "utils"])
def test_two_repositories_with_packages_of_one_name_do_not_see_each_other(package: str, tmp_path: Path) -> None:
    first, second = repository(tmp_path / "a", 5, package), repository(tmp_path / "b", 7, package)
    name = f"{package}.net.Net"
    assert [width(source.make(where, name, {})) for where in (first, second, first)] == [5, 7, 5]
    assert package not in sys.modules
    assert str(first) not in sys.path


def test_changed_code_is_read_again(tmp_path: Path) -> None:
    where = repository(tmp_path, 5)
    assert width(source.make(where, "models.net.Net", {})) == 5
    (where / "models" / "block.py").write_text("WIDTH = 123\n")
    assert width(source.make(where, "models.net.Net", {"extra": 1})) == 124


def test_options_are_handed_over_as_one_object_with_attributes(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "from torch import nn\nclass Net(nn.Conv2d):\n    def __init__(self, args, kernel=1):\n"
        "        super().__init__(3, args.width * args.scale[0], kernel)\n"
    )
    made = source.make(tmp_path / "net.py", "Net", {"kernel": 5}, {"width": 7, "scale": [2]})
    assert isinstance(made, nn.Conv2d)
    assert (made.out_channels, made.kernel_size) == (14, (5, 5))


def sprawling(folder: Path) -> Path:
    """Write a repository whose packages import what only training needs, as BasicSR's do."""
    where = repository(folder, 5, "basic")
    (where / "basic" / "__init__.py").write_text("from .data import *\nfrom .data import Loader\n")
    (where / "basic" / "data.py").write_text("import a_package_for_training\n")
    (where / "basic" / "tools").mkdir()
    (where / "basic" / "tools" / "__init__.py").write_text(
        "from .registry import REGISTRY as TABLE\nfrom . import registry\nfrom basic.data import Loader\n"
    )
    (where / "basic" / "tools" / "registry.py").write_text("REGISTRY = {}\n")
    code = NETWORK.format(package="basic").replace(
        "class Net", "from basic.tools import TABLE, registry\nassert TABLE is registry.REGISTRY\nclass Net"
    )
    (where / "basic" / "net.py").write_text(code)
    return where


def test_a_package_that_imports_what_only_training_needs_is_read_for_what_the_network_needs(tmp_path: Path) -> None:
    where = sprawling(tmp_path)
    assert width(source.make(where, "basic.net.Net", {})) == 5
    assert {path.name for path in source.files(where, "basic.net.Net")} >= {"net.py", "block.py", "registry.py"}
    with pytest.raises(MethodError, match="imports 'a_package_for_training', which is neither installed nor beside it"):
        source.make(where, "basic.data.Loader", {})


def test_such_a_package_that_lacks_what_the_network_asks_for_says_so(tmp_path: Path) -> None:
    where = sprawling(tmp_path)
    (where / "basic" / "tools" / "__init__.py").write_text("def TABLE(): ...\n")
    with pytest.raises(MethodError, match=r"cannot be imported: ImportError: cannot import name 'TABLE'"):
        source.make(where, "basic.net.Net", {})


def test_a_file_and_an_installed_class_will_do(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("from torch import nn\nclass Net(nn.Conv2d): pass\n")
    arguments = {"in_channels": 3, "out_channels": 3, "kernel_size": 1}
    assert type(source.make(path, "Net", arguments)).__name__ == "Net"
    assert isinstance(source.make(None, "torch.nn.Conv2d", arguments), nn.Conv2d)


def test_a_file_that_needs_a_folder_above_it_says_what_to_write(tmp_path: Path) -> None:
    path = repository(tmp_path, 5) / "models" / "net.py"
    with pytest.raises(MethodError, match=rf'source = "{tmp_path}" and class = "models.net.CLASS"'):
        source.make(path, "Net", {})


MISTAKES = {
    "what is missing is named": ("import basicsr_x\n", "Net", {}, "Install it: pip install basicsr_x"),
    "a class that is not there": ("from torch import nn\nclass Net(nn.Module): pass\n", "Nett", {}, "mean 'Net'"),
    "arguments that do not fit": ("class Net:\n def __init__(self, n): pass\n", "Net", {}, r"It takes \(n\)\."),
    "no network": ("class Net: pass\n", "Net", {}, "gave Net; expected a torch.nn.Module"),
    "no Python": ("class", "Net", {}, "cannot be imported: SyntaxError"),
    "an end of the program": ("import sys; sys.exit(3)\n", "Net", {}, "ends the program with 3"),
}


@pytest.mark.parametrize(("code", "class_", "arguments", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line(
    code: str, class_: str, arguments: dict[str, int], expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "code.py"
    path.write_text(code)
    with pytest.raises(MethodError, match=expected) as error:
        source.make(path, class_, arguments)
    assert "\n" not in str(error.value)


def test_the_files_that_decide_are_those_it_imports(tmp_path: Path) -> None:
    where = repository(tmp_path, 5)
    (where / "other.py").write_text("")
    found = {path.name for path in source.files(where, "models.net.Net")}
    assert found == {"net.py", "block.py", "__init__.py"}
