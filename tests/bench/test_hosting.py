"""The worker's side of a cluster: who is fit for a run, and what is done with what was sent."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from srbench import images
from srbench.bench import environment, hosting, parcels
from srbench.bench.environment import Asked
from srbench.bench.hosting import Host, RemoteRun, Unfit
from srbench.bench.parcels import Parcel, Returned
from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome, Score
from srbench.datasets import ImagePair
from srbench.metrics import find_protocol
from srbench.registry import Setup

from .dask_cluster import until

PLUGIN = """
from pathlib import Path
from srbench.registry import register

@register("sent-along", title="Reads a file beside it")
def enlarge(lr, scale):
    offset = int((Path(__file__).parent / "offset.txt").read_text())
    return (lr.repeat(scale, 0).repeat(scale, 1) // 2 + offset).astype("uint8")
"""


Started = Callable[[], list[psutil.Process]]


@pytest.fixture
def started() -> Started:
    """Return the processes that have been started since the test began: other tests' servers may run beside it."""
    before = {process.pid for process in psutil.Process().children()}
    return lambda: [process for process in psutil.Process().children() if process.pid not in before]


def asked(*methods: str) -> Asked:
    return Asked(methods, ("psnr",), ("daala",), 2, "cpu", "fast")


def task(folder: Path, method: str = "nearest") -> ImageTask:
    path = folder / "a.png"
    if not path.exists():
        images.write(path, np.random.default_rng(1).integers(0, 256, (24, 26, 3), dtype=np.uint8))
    pair = ImagePair("mine", "a", 2, path, images.file_sha256(path))
    blank = ImageOutcome("mine", "a", method, "key", "", np.nan, np.nan, "", "ok", "")
    wanted = (Score("daala", find_protocol("daala").version, "psnr", "", np.nan),)
    return ImageTask(pair, method, Setup(2), folder / "run", wanted, blank)


def remote(folder: Path, **changes: object) -> RemoteRun:
    sight = folder / "run" / ".cluster-s"
    sight.parent.mkdir(exist_ok=True)
    sight.write_text("s")
    made = RemoteRun("s", asked("nearest"), environment.describe(asked("nearest")), {}, folder, (sight, "s"))
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_a_worker_that_is_like_the_client_does_a_task_and_keeps_its_process(tmp_path: Path, started: Started) -> None:
    host = Host(remote(tmp_path), tmp_path / "scratch")
    answers = [host.do(Parcel(task(tmp_path)), on_device=False) for _ in range(2)]
    assert all(isinstance(answer, Returned) and answer.outcome.status == "ok" for answer in answers)
    children = started()
    assert len(children) == 1
    host.close()
    assert not children[0].is_running()
    assert not (tmp_path / "scratch").exists()


def test_a_worker_with_something_else_says_what(tmp_path: Path) -> None:
    others = {"srbench": "9.9, sources 00", "numpy": "0.1", "method 'mine'": "abc"}
    expected = environment.describe(asked("nearest")) | others
    host = Host(remote(tmp_path, expected=expected), tmp_path / "scratch")
    answer = host.do(Parcel(task(tmp_path)), on_device=False)
    host.close()
    assert isinstance(answer, Unfit)
    said = answer.reason.split("; ")
    assert said[0].startswith("has srbench (")
    assert said[0].endswith(", not 9.9, sources 00)")
    assert said[1:] == [f"numpy ({np.__version__}, not 0.1)", "method 'mine' (none, not abc)"]


def test_a_worker_without_the_method_says_so(tmp_path: Path) -> None:
    wanted = asked("nearest", "unheard-of")
    expected = environment.describe(asked("nearest")) | {"method 'unheard-of'": "abc"}
    host = Host(remote(tmp_path, asked=wanted, expected=expected), tmp_path / "scratch")
    answer = host.do(Parcel(task(tmp_path)), on_device=False)
    host.close()
    assert isinstance(answer, Unfit)
    assert "Unknown method 'unheard-of'" in answer.reason


def test_a_worker_that_sees_another_run_folder_is_unfit(tmp_path: Path) -> None:
    host = Host(remote(tmp_path, sight=(tmp_path / "run" / ".cluster-s", "t")), tmp_path / "scratch")
    answer = host.do(Parcel(task(tmp_path)), on_device=False)
    host.close()
    assert answer == Unfit(
        f"cannot see or write the run folder {tmp_path / 'run'}. Give it a shared one, or use --ship"
    )


def test_what_is_sent_needs_no_file_of_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, plugins = tmp_path / "client", tmp_path / "client" / "methods"
    plugins.mkdir(parents=True)
    (plugins / "mine.py").write_text(PLUGIN)
    (plugins / "offset.txt").write_text("7")
    given = task(client, "sent-along")
    parcel = parcels.pack(given)
    expected = parcel.hr
    packed = parcels.pack_plugins([plugins])
    shutil.rmtree(client)
    made = RemoteRun(
        "s", asked(), environment.describe(asked()), {"SRBENCH_METHODS_PATH": str(plugins)}, client,
        plugins={"SRBENCH_METHODS_PATH": packed},
    )  # fmt: skip
    host = Host(made, tmp_path / "scratch")
    answer = host.do(parcel, on_device=True)
    host.close()
    assert isinstance(answer, Returned), answer
    assert answer.outcome.status == "ok", answer.outcome.message
    assert list(answer.outcome.files) == [str(plugins / "offset.txt")]  # as the client calls it
    assert answer.sr is not None
    outcome = parcels.received(answer, tmp_path / "run")
    written = images.read(tmp_path / "run" / "images" / "sent-along" / "mine" / "a.png")
    assert images.file_sha256(tmp_path / "run" / "images" / "sent-along" / "mine" / "a.png") == outcome.sha256
    assert written.min() >= 7
    assert expected


def test_an_input_that_changed_is_answered_as_an_error(tmp_path: Path) -> None:
    given = task(tmp_path)
    images.write(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    host = Host(remote(tmp_path), tmp_path / "scratch")
    answer = host.do(Parcel(given), on_device=False)
    host.close()
    assert isinstance(answer, Exception)
    assert "was changed after it had been verified" in str(answer)


def test_a_run_that_nobody_uses_has_no_process_after_a_while(
    tmp_path: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "_IDLE_S", 0.2)
    host = Host(remote(tmp_path), tmp_path / "scratch")
    host.do(Parcel(task(tmp_path)), on_device=False)
    until(lambda: not started(), "the end of the idle process")
    answer = host.do(Parcel(task(tmp_path)), on_device=False)
    host.close()
    assert isinstance(answer, Returned)


def test_the_end_of_a_run_ends_what_is_in_progress_and_starts_nothing_again(
    tmp_path: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "endless.py").write_text(
        "import time\nfrom pathlib import Path\nfrom srbench.registry import register\n"
        "@register('endless', title='Endless')\ndef endless(lr, scale):\n"
        "    (Path(__file__).parent / 'begun').touch()\n    time.sleep(3600)\n"
    )
    host = Host(remote(tmp_path, variables={"SRBENCH_METHODS_PATH": str(tmp_path / "methods")}), tmp_path / "scratch")
    answers: list[object] = []
    at_work = threading.Thread(target=lambda: answers.append(host.do(Parcel(task(tmp_path, "endless")), True)))
    at_work.start()
    until((tmp_path / "methods" / "begun").exists, "the begin of the task")
    host.close()
    at_work.join(60)
    assert [str(answer) for answer in answers] == ["The run has ended."]
    assert not started()


def test_after_its_end_a_run_does_nothing(tmp_path: Path, started: Started) -> None:
    host = Host(remote(tmp_path), tmp_path / "scratch")
    host.close()
    assert str(host.do(Parcel(task(tmp_path)), on_device=False)) == "The run has ended."
    assert not started()
