"""Where workers are: what can be written after --cluster, and jobs of a batch system that is pretended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from srbench import bench, cli, images
from srbench.bench import clusters
from srbench.bench.clusters import ClusterSpec
from srbench.bench.dask_engine import DaskEngine
from srbench.errors import RunError

from .dask_cluster import until

SBATCH = """#!/bin/bash
# Keeps the script and starts the job at once, in a session of its own, and says its number, as Slurm does.
cp "${@: -1}" "$JOBS/$$.sh"
setsid bash "$JOBS/$$.sh" >> "$JOBS/log" 2>&1 < /dev/null &
echo $! >> "$JOBS/started"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
for job in "$@"; do kill -9 -- "-$job" 2> /dev/null; done
exit 0
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://node7:8786", ClusterSpec("address", "tcp://node7:8786")),
        ("tls://node7:8786", ClusterSpec("address", "tls://node7:8786")),
        ("local:4", ClusterSpec("local", workers=4)),
        ("local", ClusterSpec("local", workers=1)),
        ("slurm", ClusterSpec("slurm", workers=8)),
        ("pbs:20", ClusterSpec("pbs", workers=20)),
    ],
)
def test_a_cluster_is_an_address_this_machine_or_a_batch_system(text: str, expected: ClusterSpec) -> None:
    assert ClusterSpec.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node7:8786", "Unknown cluster 'node7:8786'"),
        ("slrum", "Unknown cluster 'slrum'. Did you mean 'slurm'"),
        ("local:0", "'local:0': expected a number of workers from 1; got '0'"),
        ("local:many", "expected a number of workers from 1; got 'many'"),
        ("nowhere.toml", "Cannot read the cluster's file nowhere.toml"),
    ],
)
def test_another_text_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(RunError) as error:
        ClusterSpec.parse(text)
    assert message in str(error.value)


def test_a_file_says_it_with_the_options_of_dask_jobqueue(tmp_path: Path) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text('kind = "slurm"\nworkers = 3\n[options]\ncores = 4\nmemory = "16GB"\n')
    assert ClusterSpec.parse(str(file)) == ClusterSpec("slurm", workers=3, options={"cores": 4, "memory": "16GB"})
    file.write_text('address = "tcp://node7:8786"\n')
    assert ClusterSpec.parse(str(file)) == ClusterSpec("address", "tcp://node7:8786")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = ", "Cannot read the cluster's file"),
        ('kind = "slurm"\njobs = 3', "Unknown key 'jobs'"),
        ('kind = "cloud"', "Unknown kind 'cloud'"),
        ('kind = "slurm"\noptions = 3', "expected a table [options]; got 3"),
        ('kind = "slurm"\nworkers = -3', "expected a number of workers from 1; got '-3'"),
        ("address = 7", "expected an address such as 'tcp://HOST:8786'; got 7"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "cluster.toml"
    file.write_text(text)
    with pytest.raises(RunError) as error:
        ClusterSpec.parse(str(file))
    assert message in str(error.value)
    assert str(file) in str(error.value)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six small images."""
    for i in range(6):
        values = np.random.default_rng(i).integers(0, 256, (24, 26, 3), dtype=np.uint8)
        images.write(tmp_path / "mine" / f"p{i}.png", values)
    return tmp_path / "mine"


def test_a_scheduler_that_does_not_answer_is_named(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "_CONNECT_S", 1)
    with pytest.raises(RunError, match=r"^No Dask scheduler answers at tcp://127.0.0.1:9 \(.*\)\. Start one with"):
        bench.run("nearest", pictures, out=tmp_path / "r", scale=2, engine=DaskEngine("tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cluster", "local:2"], "--cluster and --ship are for workers of Dask. Give --engine dask as well."),
        (["--engine", "dsak"], "Unknown engine 'dsak'. Did you mean 'dask'?"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: list[str], message: str) -> None:
    with pytest.raises(RunError) as error:
        cli.app(["run", "--methods", "nearest", *options], standalone_mode=False)
    assert str(error.value) == message


def test_a_job_whose_time_is_over_is_followed_by_another_and_nothing_is_lost(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, programs = tmp_path / "jobs", tmp_path / "bin"
    jobs.mkdir()
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOBS", str(jobs))
    spec = tmp_path / "cluster.toml"
    spec.write_text(
        'kind = "slurm"\nworkers = 1\n[options]\ncores = 1\nmemory = "2GB"\nwalltime = "01:00:00"\n'
        f'interface = "lo"\nlocal_directory = "{tmp_path / "scratch"}"\n'
    )
    ended: list[int] = []

    def end_the_first_job(_: object) -> None:
        if not ended:
            ended.append(int((jobs / "started").read_text().split()[0]))
            os.killpg(ended[0], signal.SIGKILL)

    run = bench.run(
        ["nearest", "bicubic"], pictures, out=tmp_path / "r", scale=2, metrics="psnr", engine=DaskEngine(str(spec)),
        on_outcome=end_the_first_job,
    )  # fmt: skip
    assert set(run.scores["status"]) == {"ok"}
    assert len(run.scores) == 12
    assert len((tmp_path / "r" / "journal.jsonl").read_text().splitlines()) == 12
    started = [int(job) for job in (jobs / "started").read_text().split()]
    assert len(started) >= 2
    until(lambda: not any(Path(f"/proc/{job}").exists() for job in started), "the end of all jobs")
