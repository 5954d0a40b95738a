"""The parts of the hosted study, started by hand as compose.yaml starts them: database, app, and Caddy."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from srbench.mos.design import registration
from tests.mos.conftest import _engine, _server
from tests.mos_app.conftest import STUDY, TinyStudy, free_port, make_study
from tests.packages import ROOT

DOCKER = ROOT / "docker"
SETTINGS = {"STUDY": STUDY, "DOMAIN": "localhost", "DATABASE_PASSWORD": "a long password"}


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """compose.yaml with the settings of a test in it."""
    text = (DOCKER / "compose.yaml").read_text()
    return yaml.safe_load(re.sub(r"\$\{(\w+)[^}]*\}", lambda found: SETTINGS.get(found[1], "unset"), text))


@pytest.fixture(scope="module")
def database_server() -> Iterator[str]:
    """The address of a PostgreSQL server of its own."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs or shutil.which("pg_dump") is None:
        pytest.skip("needs PostgreSQL with pg_dump: install Debian's postgresql")
    with _server(programs[-1].parent) as address:
        yield address


@pytest.fixture
def new_database(database_server: str) -> Callable[[], str]:
    """A function that makes an empty database and returns its address."""

    def make() -> str:
        name = f"t_{secrets.token_hex(6)}"
        run_sql(database_server, f"CREATE DATABASE {name}")
        return sa.make_url(database_server).set(database=name).render_as_string(hide_password=False)

    return make


def run_sql(address: str, statement: str) -> None:
    with _engine(address).connect() as connection:
        connection.execute(sa.text(statement))


def contents(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with _engine(address).connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        return {
            name: sorted(map(tuple, connection.execute(sa.text(f"SELECT * FROM {name}"))), key=str) for name in tables
        }


@dataclass
class Hosted:
    """A study on PostgreSQL, in a folder `srv/studies` as the containers have it."""

    srv: Path
    study: TinyStudy
    compose: dict[str, Any]
    processes: list[subprocess.Popen[bytes]]

    def environment(self, service: str, **changes: str) -> dict[str, str]:
        """Return what compose.yaml gives a service, the names of other containers replaced by where they are here."""
        url = sa.make_url(self.study.url)
        given = dict(self.compose["services"][service]["environment"])
        if "SRBENCH_STUDY_DB" in given:
            wanted = sa.make_url(given["SRBENCH_STUDY_DB"]).set(host=url.host, port=url.port, database=url.database)
            given |= {"SRBENCH_STUDY_DB": wanted.render_as_string(hide_password=False), "PROXY": "127.0.0.0/8"}
        if "PGHOST" in given:
            given |= {"PGHOST": str(url.host), "PGPORT": str(url.port), "PGDATABASE": str(url.database)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **given, "PATH": path, "STUDIES": str(self.srv / "studies"), **changes}

    def start(self, **changes: str) -> dict[str, str]:
        """Start the app as its container does, wait until its health check passes, and return its environment."""
        environment = self.environment("app", PORT=str(free_port()), LISTEN="127.0.0.1", **changes)
        self._spawn(["sh", str(DOCKER / "serve.sh")], environment)
        self.wait_for(lambda: self.healthy(environment))
        return environment

    def healthy(self, environment: dict[str, str]) -> bool:
        """Run the health check of compose.yaml."""
        kind, program, *arguments = self.compose["services"]["app"]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True).returncode == 0

    def front(self, app: dict[str, str], folder: Path) -> tuple[str, ssl.SSLContext]:
        """Start Caddy before the app; return the site's address and what trusts its certificate."""
        ports = {name: str(free_port()) for name in ("HTTP_PORT", "HTTPS_PORT")}
        environment = {
            **self.environment("caddy"), **ports, "UPSTREAM": f"127.0.0.1:{app['PORT']}", "CADDY_ADMIN": "off",
            "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder),
        }  # fmt: skip
        self._spawn(["caddy", "run", "--adapter", "caddyfile", "--config", str(DOCKER / "Caddyfile")], environment)
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        self.wait_for(root.is_file)
        trust = ssl.create_default_context(cafile=root)
        address = f"https://localhost:{ports['HTTPS_PORT']}"
        self.wait_for(lambda: status(address, trust) == 200)
        return address, trust

    def script(self, name: str, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts of the container `backup`."""
        environment = self.environment("backup", BACKUPS=str(self.srv.parent / "backups"), **changes)
        command = ["sh", str(DOCKER / name), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def _spawn(self, command: list[str], environment: dict[str, str]) -> None:
        with (self.srv / "output.log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, cwd=self.srv, env=environment, stdout=log, stderr=log))

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            if time.monotonic() > deadline or self.processes[-1].poll() is not None:
                pytest.fail((self.srv / "output.log").read_text()[-3000:])
            time.sleep(0.2)


class _Still(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def answer(address: str, trust: ssl.SSLContext | None = None, **headers: str) -> tuple[int, str]:
    """Return the status and the headers of what an address answers; no redirection is followed."""
    request = urllib.request.Request(address, headers=headers)
    handlers = [_Still(), *([urllib.request.HTTPSHandler(context=trust)] if trust else [])]
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=20) as response:
            return response.status, str(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(error.headers)


def status(address: str, trust: ssl.SSLContext | None = None) -> int:
    try:
        return answer(address, trust)[0]
    except OSError:
        return 0


@pytest.fixture
def hosted(compose: dict[str, Any], new_database: Callable[[], str], tmp_path: Path) -> Iterator[Hosted]:
    """A study whose ratings are in PostgreSQL; what is started is stopped."""
    folder = tmp_path / "srv" / "studies" / STUDY
    study = make_study(folder)
    study.url = new_database()
    store = study.store
    registration.freeze(folder, store.organiser)
    store.close()
    (folder / "ratings.db").unlink()
    found = Hosted(tmp_path / "srv", study, compose, [])
    yield found
    for process in found.processes:
        process.terminate()
        process.wait(20)
