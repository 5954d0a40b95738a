"""A method made ready: what it opens is known, what it does to the program is undone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from srbench import registry
from srbench.errors import MethodError
from srbench.registry import Setup, Upscaler

LOADER = """
import os
import numpy as np
from srbench.registry import register_loader

@register_loader({name!r}, title="Mine")
def load(setup):
    weights = {expression}
    def upscale(lr):
        upscale.path = os.getcwd()
        return np.zeros((lr.shape[0] * setup.scale, lr.shape[1] * setup.scale), np.uint8) + np.uint8(weights.sum())
    return upscale
"""

pytestmark = pytest.mark.usefixtures("own_tables")

Make = Callable[[str], registry.GuardedUpscaler]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Write a plugin whose loader computes `expression`, and make it ready."""
    np.save(tmp_path / "w.npy", np.ones(3))
    monkeypatch.setenv("SRBENCH_METHODS_PATH", str(tmp_path))

    def make(expression: str) -> registry.GuardedUpscaler:
        name = "mine-" + "".join(c for c in tmp_path.name if c.isalnum() or c == "_")
        (tmp_path / "mine.py").write_text(LOADER.format(name=name, expression=expression))
        return registry.create(name, Setup(2))

    return make


LR = np.zeros((3, 4), np.uint8)


def test_a_relative_path_is_relative_to_the_plugin_and_the_file_is_known(make: Make, tmp_path: Path) -> None:
    here = Path.cwd()
    upscale = make("np.load('w.npy')")
    assert (upscale(LR) == 3).all()
    assert list(upscale.files) == [str(tmp_path / "w.npy")]
    assert registry.changed(upscale.files) == []
    np.save(tmp_path / "w.npy", np.ones(4))
    assert registry.changed(upscale.files) == [str(tmp_path / "w.npy")]  # what it was loaded from counts, not what is
    assert Path.cwd() == here


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what native code opens")
def test_a_file_that_native_code_opens_beside_the_plugin_or_where_its_text_says_is_known(
    make: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from safetensors.numpy import save_file

    elsewhere = tmp_path_factory.mktemp("elsewhere") / "e.safetensors"
    for path in (tmp_path / "n.safetensors", elsewhere):
        save_file({"a": np.ones(1)}, path)
    load = "__import__('safetensors.numpy').numpy.load_file({!r})['a']"
    upscale = make(f"{load.format('n.safetensors')} + {load.format(str(elsewhere))}")
    assert set(upscale.files) == {str(tmp_path / "n.safetensors"), str(elsewhere)}


def test_attributes_of_the_methods_own_upscaler_are_passed_on(make: Make, tmp_path: Path) -> None:
    upscale = make("np.load('w.npy')")
    assert not hasattr(upscale, "path")
    upscale(LR)
    assert upscale.path == str(tmp_path)


def test_a_file_that_a_plain_function_opens_at_its_first_call_is_known(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.ones(3))
    registry.register("guarded-plain", title="x")(lambda lr, scale: np.load(tmp_path / "w.npy"))
    upscale = registry.create("guarded-plain")
    assert upscale.files == {}
    upscale(LR)
    assert list(upscale.files) == [str(tmp_path / "w.npy")]


def test_declared_weights_are_known_already_and_given_to_the_loader(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.ones(3))
    seen = []

    @registry.register_loader("guarded-declared", title="x", weights={2: tmp_path / "w.npy"})
    def load(setup: Setup) -> Upscaler:
        seen.append(setup.weights)
        np.load(tmp_path / "w.npy")
        return lambda lr: lr

    assert registry.create("guarded-declared", Setup(2)).files == {}
    assert seen == [tmp_path / "w.npy"]


@pytest.mark.parametrize("how", [lambda: sys.exit(3), lambda: os._exit(3)])
def test_a_method_that_ends_the_program_is_a_failure_of_the_method(how: Callable[[], None]) -> None:
    @registry.register_loader("guarded-ends-late", title="x")
    def late(setup: Setup) -> Upscaler:
        return lambda lr: how()  # type: ignore[return-value]

    @registry.register_loader("guarded-ends-early", title="x")
    def early(setup: Setup) -> Upscaler:
        how()
        raise AssertionError

    with pytest.raises(MethodError, match="Method 'guarded-ends-late' ends the program with 3"):
        registry.create("guarded-ends-late")(LR)
    with pytest.raises(MethodError, match="Method 'guarded-ends-early' ends the program with 3"):
        registry.create("guarded-ends-early")


def test_pictures_that_a_method_of_pairs_reads_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "stored.png").write_bytes(b"x")

    @registry.register("guarded-pairs", title="x", takes_pair=True)
    def read(pair: object, scale: int) -> np.ndarray:
        (tmp_path / "stored.png").read_bytes()
        return LR

    upscale = registry.create("guarded-pairs")
    upscale(None)
    assert upscale.files == {}


def test_shipped_methods_work_the_same_way_and_open_nothing_else() -> None:
    for name in ("bicubic", "espcn"):
        upscale = registry.create(name)
        assert upscale(LR).shape == (12, 16)
        assert upscale.files == {}
