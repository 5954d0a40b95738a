"""Functions, classes and objects given directly are methods, in worker processes and in this one."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images, metrics
from srbench.bench import luggage
from srbench.bench.callables import method_of
from srbench.errors import MethodError
from srbench.images import Image
from srbench.registry import Setup

LR = np.arange(12, dtype=np.uint8).reshape(3, 4)


def enlarge(lr: Image, scale: int) -> Image:
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


class WithSetup:
    def __init__(self, setup: Setup) -> None:
        self.factor = setup.scale

    def __call__(self, lr: Image) -> Image:
        return enlarge(lr, self.factor)


class WithScale:
    def __init__(self, scale: int) -> None:
        self.factor = scale

    def __call__(self, lr: Image) -> Image:
        return enlarge(lr, self.factor)


class WithNothing:
    def __call__(self, lr: Image, scale: int) -> Image:
        return enlarge(lr, scale)


WAYS: list[Any] = [
    enlarge,
    lambda lr, scale: enlarge(lr, scale),
    lambda lr: enlarge(lr, 2),
    lambda lr, sigma=1.0: enlarge(lr, int(2 * sigma)),
    lambda lr, scale=9: enlarge(lr, scale),
    lambda *both: enlarge(*both),
    functools.partial(lambda factor, lr: enlarge(lr, factor), 2),
    WithSetup,
    WithScale,
    WithNothing,
    WithNothing(),
]


@pytest.mark.parametrize("given", WAYS, ids=[f"way {i}" for i in range(len(WAYS))])
def test_everything_that_can_be_called_with_an_image_is_a_method(given: Any) -> None:
    np.testing.assert_array_equal(method_of(given).load(Setup(scale=2))(LR), enlarge(LR, 2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda a, b, c: a, "it needs a, b, c; expected"),
        (type("Two", (), {"__init__": lambda self, x, y: None}), "it is made with x, y; expected"),
    ],
)
def test_what_cannot_be_called_so_is_refused_at_once(given: Any, message: str) -> None:
    with pytest.raises(MethodError, match=message):
        method_of(given)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of one small image."""
    values = np.random.default_rng(0).integers(60, 190, (8, 8, 3)).astype(np.uint8)
    images.write(tmp_path / "mine" / "p.png", values.repeat(6, 0).repeat(6, 1))
    return tmp_path / "mine"


def values(run: bench.RunResults, method: str) -> dict[str, float]:
    rows = run.scores[run.scores["method"] == method]
    return dict(zip(rows["metric"], rows["value"], strict=True))


def test_given_directly_they_score_as_the_registered_method_does(pictures: Path, tmp_path: Path) -> None:
    given = ["nearest", enlarge, lambda lr, scale: enlarge(lr, scale), lambda lr: enlarge(lr, 4), WithSetup]
    run = bench.run(given, pictures, out=tmp_path / "r", jobs=2)
    assert set(run.scores["method"]) == {"nearest", "enlarge", "lambda", "lambda-2", "WithSetup"}
    for method in set(run.scores["method"]):
        assert values(run, method) == values(run, "nearest")
    assert not list((tmp_path / "r").glob(".luggage*"))


def test_what_cannot_leave_the_process_runs_in_it(pictures: Path, tmp_path: Path) -> None:
    lock, seen = threading.Lock(), []

    def locked(lr: Image, scale: int) -> Image:
        with lock:
            seen.append(threading.current_thread())
            return enlarge(lr, scale)

    run = bench.run([locked, "nearest"], pictures, out=tmp_path / "r", jobs=1)
    assert seen
    assert values(run, "locked") == values(run, "nearest")


def test_one_that_exits_in_this_process_ends_only_itself(pictures: Path, tmp_path: Path) -> None:
    lock = threading.Lock()

    def leaves(lr: Image, scale: int) -> Image:
        with lock:
            sys.exit(f"no {scale}")

    run = bench.run([leaves, "nearest"], pictures, out=tmp_path / "r", jobs=1)
    assert run.scores.groupby("method")["status"].first().to_dict() == {"leaves": "failed", "nearest": "ok"}


@pytest.mark.usefixtures("own_tables")
def test_a_metric_and_a_protocol_of_this_session_reach_the_workers(pictures: Path, tmp_path: Path) -> None:
    @metrics.register_metric("test-worst", title="Worst", higher_is_better=False)
    def worst(sr: Image, hr: Image) -> float:
        return float(np.abs(sr.astype(int) - hr).max())

    @metrics.register_protocol("test-red", title="Red", border=4)
    def red(sr: Image, hr: Image) -> tuple[Image, Image]:
        return sr[..., 0].copy(), hr[..., 0].copy()

    run = bench.run(
        ["nearest"], pictures, metrics=["psnr", "test-worst"], protocols="test-red", out=tmp_path / "r", jobs=1
    )
    assert set(run.scores["status"]) == {"ok"}, run.scores["message"].tolist()
    sr = images.read(tmp_path / "r" / "images" / "nearest" / "mine" / "p.png")
    expected = metrics.evaluate(
        sr, images.read(pictures / "p.png"), scale=4, protocol="test-red", names=["psnr", "test-worst"]
    )
    assert values(run, "nearest") == expected


def test_a_function_with_the_name_of_a_method_is_refused(pictures: Path, tmp_path: Path) -> None:
    def bicubic(lr: Image, scale: int) -> Image:
        return enlarge(lr, scale)

    with pytest.raises(MethodError, match="has the name of a registered method"):
        bench.run(bicubic, pictures, out=tmp_path / "r")
    named = bench.MethodSpec.of(bicubic, name="mine", title="My own")
    run = bench.run(named, pictures, out=tmp_path / "r", jobs=1)
    assert run.info["methods"]["mine"]["title"] == "My own"


def test_a_function_is_computed_again_only_when_its_code_changed(pictures: Path, tmp_path: Path) -> None:
    tasks: list[int] = []

    def run(factor: float) -> pd.DataFrame:
        spec = bench.MethodSpec.of(lambda lr, scale: enlarge(lr, scale) * factor, name="mine")
        return bench.run(spec, pictures, out=tmp_path / "r", jobs=1, on_start=lambda left, _: tasks.append(left)).scores

    first, _, third = run(1.0), run(1.0), run(0.9)
    assert tasks == [1, 0, 1]
    assert first["value"].tolist() != third["value"].tolist()


SESSION = """
{more}
from srbench.bench import callables, luggage
LEVEL = {level}
KINDS = {{"one", "two", "three", "four"}}

class Base:
    kinds = {{"a", "b", "c"}}

class Mine(Base):
    def __call__(self, lr, scale):
        return helper(lr, scale)

def helper(lr, scale):
    return lr * LEVEL if "one" in KINDS else lr

for given in (Mine, helper, lambda lr, scale: helper(lr, scale)):
    print(luggage.fingerprint(callables.method_of(given).load, "__main__"))
"""


def fingerprints(script: Path, more: str = "", level: int = 1) -> list[str]:
    script.write_text(SESSION.format(more=more, level=level))
    return subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout.split()


def test_a_fingerprint_is_that_of_the_code_not_of_the_session(tmp_path: Path) -> None:
    first = fingerprints(tmp_path / "a.py")
    assert len(set(first)) == 3
    assert fingerprints(tmp_path / "b.py", more="# a comment\n\nX = 5") == first
    assert not set(fingerprints(tmp_path / "a.py", level=2)) & set(first)


def test_a_module_of_ones_own_counts_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_arch_for_a_test.py").write_text("def net(lr):\n    return lr\n")
    import own_arch_for_a_test as arch  # type: ignore[import-not-found]

    def mine(lr: Image, scale: int) -> Image:
        return enlarge(arch.net(lr), scale)

    before = luggage.fingerprint(method_of(mine).load, __name__)
    assert luggage.fingerprint(method_of(mine).load, __name__) == before
    (tmp_path / "own_arch_for_a_test.py").write_text("def net(lr):\n    return lr + 1\n")
    assert luggage.fingerprint(method_of(mine).load, __name__) != before
