"""A run on a Dask cluster has the scores of one on this machine, whoever is killed in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images
from srbench.bench import dask_engine, environment
from srbench.bench.dask_engine import DaskEngine
from srbench.bench.interrupt import Interrupt, Interrupted
from srbench.bench.parcels import Returned
from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome
from srbench.errors import RunError

from .dask_cluster import DaskCluster, kill, until
from .test_hosting import task as host_task

# What the program of a test does: a run with a method of its own that takes its time.
CLIENT = """
import os, sys, time
from srbench import bench
from srbench.errors import SrbenchError

pictures, out, address = sys.argv[1:]
flag = pictures + ".slow"

def slow(lr, scale):
    time.sleep(0.5 if os.path.exists(flag) else 0)
    return lr.repeat(scale, 0).repeat(scale, 1)

engine = bench.DaskEngine(address) if address != "here" else None
try:
    bench.run(["nearest", slow], pictures, out=out, scale=2, engine=engine, jobs=1, metrics="psnr")
except SrbenchError as error:
    sys.exit(str(error))
"""
COUNT = 6


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six small images."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    rng = np.random.default_rng(5)
    for i in range(COUNT):
        images.write(folder / f"p{i}.png", rng.integers(0, 256, (24, 26 + 2 * i, 3), dtype=np.uint8))
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """The cluster of all tests."""
    with DaskCluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def cluster(started: DaskCluster) -> DaskCluster:
    """A scheduler with two workers, whatever the test before has killed."""
    started.heal()
    return started


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of a client that is killed."""
    path = tmp_path_factory.mktemp("script") / "client.py"
    path.write_text(CLIENT)
    return path


@pytest.fixture(scope="module")
def expected(script: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What the program gives on this machine alone."""
    out = tmp_path_factory.mktemp("alone") / "r"
    subprocess.run([sys.executable, script, pictures, out, "here"], check=True)
    return facts(out)


def facts(out: Path) -> pd.DataFrame:
    """scores.csv without what was measured, and with the checksum of each picture."""
    scores = pd.read_csv(out / "scores.csv").drop(columns=["seconds", "peak_mb"])
    pictures = json.loads((out / "run.json").read_text())["images_sha256"]
    places = scores["method"] + "/" + scores["dataset"] + "/" + scores["image"]
    return scores.assign(sha256=[pictures.get(place, "") for place in places])


def start(script: Path, pictures: Path, out: Path, address: str, *, slow: bool = False) -> subprocess.Popen[str]:
    flag = pictures.with_name(f"{pictures.name}.slow")
    flag.touch() if slow else flag.unlink(missing_ok=True)
    command = [sys.executable, str(script), str(pictures), str(out), address]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def lines(out: Path) -> list[dict[str, Any]]:
    path = out / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def begun(out: Path) -> bool:
    """Whether the slow method is in the middle of its images."""
    return any(line["method"] == "slow" for line in lines(out))


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a client to end, and return what it said."""
    _, stderr = process.communicate(timeout=200)
    return stderr


def once_each(out: Path) -> bool:
    places = Counter((line["method"], line["image"]) for line in lines(out))
    return len(places) == 2 * COUNT and set(places.values()) == {1}


def doubled(lr: Any, scale: int) -> Any:
    return lr.repeat(scale, 0).repeat(scale, 1)


def crashes(lr: Any, scale: int) -> Any:
    if lr.shape[1] == 13:  # the first image
        os.kill(os.getpid(), signal.SIGSEGV)
    return doubled(lr, scale)


def raises(lr: Any, scale: int) -> Any:
    raise ValueError("not today")


def test_a_run_on_workers_has_the_scores_and_pictures_of_one_on_this_machine(
    cluster: DaskCluster, pictures: Path, tmp_path: Path
) -> None:
    given = (["bicubic", doubled, crashes, raises, "espcn"], pictures)
    options: dict[str, Any] = {"scale": 2, "protocols": ["daala", "matlab"]}
    here = bench.run(*given, out=tmp_path / "here", jobs=1, **options)
    there = bench.run(*given, out=tmp_path / "there", engine=DaskEngine(cluster.address), **options)
    pd.testing.assert_frame_equal(facts(tmp_path / "there"), facts(tmp_path / "here"), check_exact=True)
    messages = there.scores.groupby("method")["message"].first()
    assert messages["crashes"] == "The worker process died in this method, a crash in native code (SIGSEGV)."
    assert messages["raises"] == "ValueError: not today"
    assert len(here.scores) == 5 * COUNT * 4
    assert not list((tmp_path / "there").glob(".cluster-*"))


def test_a_run_that_is_sent_has_the_same_scores_and_pictures(
    cluster: DaskCluster, pictures: Path, tmp_path: Path
) -> None:
    bench.run([doubled, "bicubic"], pictures, out=tmp_path / "here", scale=2, jobs=1)
    sent = DaskEngine(cluster.address, ship=True)
    bench.run([doubled, "bicubic"], pictures, out=tmp_path / "there", scale=2, engine=sent)
    pd.testing.assert_frame_equal(facts(tmp_path / "there"), facts(tmp_path / "here"), check_exact=True)
    # Another protocol needs the pictures that are here; stored results are not looked for on workers.
    stored = f"results:{tmp_path / 'here' / 'images' / 'bicubic'}"
    several = {"scale": 2, "engine": sent, "protocols": ["daala", "matlab"]}
    more = bench.run([doubled, stored], pictures, out=tmp_path / "there", **several)  # type: ignore[arg-type]
    assert set(more.scores["status"]) == {"ok"}
    assert set(more.scores["protocol"]) == {"daala", "matlab"}
    assert more.info["images_sha256"].items() >= bench.load(tmp_path / "here").info["images_sha256"].items()


def test_a_worker_that_is_killed_in_mid_run_costs_nothing(
    cluster: DaskCluster, script: Path, pictures: Path, tmp_path: Path, expected: pd.DataFrame
) -> None:
    out = tmp_path / "r"
    client = start(script, pictures, out, cluster.address, slow=True)
    until(lambda: begun(out), "an image of the slow method")
    kill(cluster.workers[0])
    assert ended(client) == ""
    assert client.returncode == 0
    pd.testing.assert_frame_equal(facts(out), expected, check_exact=True)
    assert once_each(out)


def test_a_scheduler_that_is_killed_in_mid_run_ends_it_and_the_next_goes_on(
    cluster: DaskCluster, script: Path, pictures: Path, tmp_path: Path, expected: pd.DataFrame
) -> None:
    out = tmp_path / "r"
    client = start(script, pictures, out, cluster.address, slow=True)
    until(lambda: begun(out), "an image of the slow method")
    cluster.kill_scheduler()
    said = ended(client)
    assert client.returncode == 1
    assert said.startswith("The scheduler of the cluster is gone. What is finished is kept;")
    assert "Traceback" not in said
    done = len(lines(out))
    assert 0 < done < 2 * COUNT
    cluster.heal()
    assert ended(start(script, pictures, out, cluster.address)) == ""
    pd.testing.assert_frame_equal(facts(out), expected, check_exact=True)
    assert once_each(out)


def test_a_client_that_is_killed_in_mid_run_goes_on_when_it_comes_back(
    cluster: DaskCluster, script: Path, pictures: Path, tmp_path: Path, expected: pd.DataFrame
) -> None:
    out = tmp_path / "r"
    client = start(script, pictures, out, cluster.address, slow=True)
    until(lambda: begun(out), "an image of the slow method")
    kill(client)
    done = len(lines(out))
    assert 0 < done < 2 * COUNT
    assert ended(start(script, pictures, out, cluster.address)) == ""
    pd.testing.assert_frame_equal(facts(out), expected, check_exact=True)
    assert once_each(out)


@dataclass(eq=False)
class Future:
    """A task at a pretended scheduler.

    Attributes:
        status: What Dask says of it.
    """

    status: str = "finished"


class Client:
    """A client of a pretended scheduler that has the answer to every task."""

    status = "running"

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def gather(self, futures: list[Future]) -> list[object]:
        assert all(future.status == "finished" for future in futures)
        return [self._answer] * len(futures)


def test_a_result_that_went_with_its_worker_is_waited_for_and_taken_once(tmp_path: Path) -> None:
    task = host_task(tmp_path)
    answer = Returned(task.unfinished("failed", "done"))
    delivery = dask_engine._Delivery(Client(answer), None, False, Interrupt())  # type: ignore[arg-type]
    future = Future("lost")
    delivery._out[future] = task
    delivery._back.put(future)
    assert delivery._taken() == delivery._taken() == []
    future.status = "finished"
    assert delivery._taken() == [(task, answer.outcome)]
    assert delivery._taken() == []


def test_a_task_that_was_cancelled_by_another_means_that_the_scheduler_is_gone(tmp_path: Path) -> None:
    delivery = dask_engine._Delivery(Client(None), None, False, Interrupt())  # type: ignore[arg-type]
    future = Future("cancelled")
    delivery._out[future] = host_task(tmp_path)
    delivery._back.put(future)
    with pytest.raises(RunError, match="The scheduler of the cluster is gone"):
        delivery._taken()


def kills_its_worker(lr: Any, scale: int) -> Any:
    if lr.shape[1] == 13:  # the first image
        os.kill(os.getppid(), signal.SIGKILL)
    return doubled(lr, scale)


def test_a_task_that_kills_two_workers_is_a_failure_of_its_method(pictures: Path, tmp_path: Path) -> None:
    # Of one worker: all that was lost with it needs the one that its nanny starts, and so does the try after that.
    methods = [kills_its_worker, doubled]
    scores = bench.run(
        methods, pictures, out=tmp_path / "r", scale=2, engine=DaskEngine("local:1"), metrics="psnr"
    ).scores
    failed = scores[scores["status"] != "ok"]
    assert failed[["method", "image", "message"]].to_numpy().tolist() == [
        ["kills_its_worker", "p0", "Two workers of the cluster were lost in this method."]
    ]
    assert len(scores) == 2 * COUNT


def test_the_first_ctrl_c_takes_back_what_nobody_has_begun(
    cluster: DaskCluster, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    entered = Interrupt.__enter__
    monkeypatch.setattr(Interrupt, "__enter__", lambda self: asked.append(self) or entered(self))

    def stop(_: object) -> None:
        asked[0].asked = True

    options: dict[str, Any] = {"scale": 2, "metrics": "psnr", "engine": DaskEngine(cluster.address)}
    methods = ["nearest", "bicubic", "lanczos", "bilinear", doubled]
    with pytest.raises(Interrupted) as stopped:
        bench.run(methods, pictures, out=tmp_path / "r", on_outcome=stop, **options)
    assert 0 < stopped.value.done < stopped.value.total == 5 * COUNT
    assert len(bench.load(tmp_path / "r").scores) == stopped.value.done
    assert len(bench.run(methods, pictures, out=tmp_path / "r", **options).scores) == 5 * COUNT


def test_what_needs_a_gpu_goes_to_workers_that_declare_one(
    cluster: DaskCluster, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "who"

    def on_gpu(lr: Any, scale: int) -> Any:
        with place.open("a") as file:
            file.write(f"{os.getppid()}\n")
        return doubled(lr, scale)

    monkeypatch.setattr(dask_engine, "_needs_gpu", lambda task: task.spec == "on_gpu")
    owner = cluster.start_worker("--resources", "GPU=1")
    run = bench.run(["nearest", on_gpu], pictures, out=tmp_path / "r", scale=2, engine=DaskEngine(cluster.address))
    kill(owner)
    assert set(run.scores["status"]) == {"ok"}
    assert place.read_text().splitlines() == [str(owner.pid)] * COUNT


def test_a_worker_with_another_method_of_that_name_stops_the_run(
    cluster: DaskCluster, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = environment.describe
    monkeypatch.setattr(environment, "describe", lambda asked: known(asked) | {"method 'bicubic'": "0123456789abcdef"})
    message = (
        r"would not give the scores of this machine: tcp://\S+ has method 'bicubic' \(\w+, not 0123456789abcdef\)\."
    )
    with pytest.raises(RunError, match=message):
        bench.run("bicubic", pictures, out=tmp_path / "r", scale=2, engine=DaskEngine(cluster.address))


def test_a_worker_that_does_not_see_the_run_folder_stops_the_run(
    cluster: DaskCluster, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine.secrets, "token_hex", lambda _: "elsewhere")
    seen = Path.write_text

    def hidden(path: Path, text: str, **options: Any) -> int:
        return seen(path, "another folder" if path.name == ".cluster-elsewhere" else text, **options)

    monkeypatch.setattr(Path, "write_text", hidden)
    with pytest.raises(RunError, match=r"cannot see or write the run folder .*use --ship\.$"):
        bench.run("bicubic", pictures, out=tmp_path / "r", scale=2, engine=DaskEngine(cluster.address))


class Noted:
    """An engine that only notes what it is to do."""

    def __init__(self) -> None:
        self.tasks: list[ImageTask] = []

    def outcomes(self, tasks: Sequence[ImageTask], interrupt: Interrupt) -> Iterator[ImageOutcome]:
        self.tasks += tasks
        return iter(task.unfinished("failed", "only noted") for task in tasks)


def test_the_client_of_workers_with_gpus_needs_none(pictures: Path, tmp_path: Path) -> None:
    noted = Noted()
    bench.run("espcn", pictures, out=tmp_path / "r", scale=4, device="cuda", engine=noted)  # type: ignore[arg-type]
    assert {task.setup.device for task in noted.tasks} == {"cuda"}
    assert len(noted.tasks) == COUNT


def test_workers_on_this_machine_do_not_share_its_gpu(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"would share its GPU\. Leave out --engine dask"):
        bench.run("espcn", pictures, out=tmp_path / "r", device="cuda", engine=DaskEngine("local:2"))
