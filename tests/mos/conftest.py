"""Fixtures of the opinion studies: a small finished run, a store on each kind of database, a real PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from srbench import images
from srbench.mos.design import stimuli
from srbench.mos.design.study import Calibration, ImageSet, StudyDesign
from srbench.mos.store.stores import Store

VERSIONS = ("nearest", "bicubic", "srgan-vgg54", "hr")


def write_run(run: Path, sets: dict[str, int], versions: tuple[str, ...] = VERSIONS, size: int = 8) -> Path:
    """Write a finished run of noise pictures as the bench would."""
    source = np.random.default_rng(0)
    for dataset, count in sets.items():
        for method in versions:
            for number in range(count):
                path = run / "images" / method / dataset / f"picture{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(images.encode(source.integers(0, 256, (size, size + 2, 3), dtype=np.uint8)))
    inputs = {
        name: {f"picture{number}": {"hr_sha256": "0" * 64} for number in range(count)} for name, count in sets.items()
    }
    info = {"schema_version": 1, "scale": 4, "datasets": inputs, "methods": {method: {} for method in versions}}
    (run / "run.json").write_text(json.dumps(info))
    return run


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: set5 with 3 and bsd100 with 12 pictures of four versions."""
    return write_run(tmp_path_factory.mktemp("runs") / "x", {"set5": 3, "bsd100": 12})


@pytest.fixture(scope="session")
def teaching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three pictures for calibration."""
    folder = tmp_path_factory.mktemp("teaching")
    source = np.random.default_rng(1)
    for number in range(3):
        (folder / f"t{number}.png").write_bytes(images.encode(source.integers(0, 256, (16, 16, 3), dtype=np.uint8)))
    return folder


@pytest.fixture(scope="session")
def design(teaching: Path) -> StudyDesign:
    """A small ACR study of both sets: 60 ratings and 6 calibration trials per rater."""
    sets = (ImageSet("set5", VERSIONS), ImageSet("bsd100", VERSIONS))
    return StudyDesign("small", 7, sets, calibration=Calibration(source=str(teaching), count=3))


@pytest.fixture(scope="session")
def small(design: StudyDesign, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyDesign:
    """`design` with its pictures."""
    return stimuli.make(design, run_folder, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def tiny(design: StudyDesign, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyDesign:
    """Three pictures in two versions: 6 ratings and 6 calibration trials per rater."""
    planned = replace(design, name="tiny", sets=(ImageSet("set5", ("bicubic", "hr")),))
    return stimuli.make(planned, run_folder, tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server: SRBENCH_TEST_POSTGRES, or one started here; skips without either."""
    if address := os.environ.get("SRBENCH_TEST_POSTGRES"):
        yield address
        return
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.skip("needs PostgreSQL: set SRBENCH_TEST_POSTGRES to a URL, or install Debian's postgresql")
    with _server(programs[-1].parent) as address:
        yield address


@contextlib.contextmanager
def _server(programs: Path) -> Iterator[str]:
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        names = [name for name in ("postgres", "nobody") if _known(name)]
        if not names:
            pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
        user = names[0]
    folder = Path(tempfile.mkdtemp(prefix="srbench-postgresql-"))  # a socket's path must be short
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder.parent / f"{folder.name}.log").open("w+")
    common = {"user": user, "cwd": folder, "stdout": log, "stderr": subprocess.STDOUT}
    made = subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "srbench", "-A", "trust", "--no-sync", "-E", "UTF8"],
        **common,
    )
    if made.returncode:
        log.seek(0)
        pytest.fail(f"initdb failed: {log.read()}")
    server = subprocess.Popen(
        [
            programs / "postgres",
            "-D",
            folder / "data",
            "-p",
            str(port),
            "-k",
            folder,
            "-c",
            "listen_addresses=127.0.0.1",
        ],
        **common,
    )
    try:
        address = f"postgresql://srbench@127.0.0.1:{port}/postgres"
        _wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
        Path(log.name).unlink()


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _engine(address: str) -> sa.Engine:
    url = sa.make_url(address).set(drivername="postgresql+psycopg")
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with _engine(address).connect():
                return
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server = request.getfixturevalue("postgresql")
    name = f"t_{secrets.token_hex(6)}"
    engine = _engine(server)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, once on each kind of database."""
    with contextlib.closing(Store.open(store_url)) as opened:
        yield opened


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """Where studies are made; not there yet."""
    return tmp_path / "studies"


@pytest.fixture
def made(design: StudyDesign, run_folder: Path, studies: Path) -> StudyDesign:
    """`design` with its pictures, in a folder of its own that a test may change."""
    return stimuli.make(design, run_folder, studies)
