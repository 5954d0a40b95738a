"""The hosted study without Docker: the same files, commands, environment and checks, started by hand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.docker.conftest import DOCKER, answer, contents, run_sql, status
from tests.mos_app.conftest import STUDY
from tests.packages import BUILD, ROOT


def test_the_compose_file_is_valid_by_the_specifications_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, DOCKER / "compose.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_setting_is_in_the_example_and_every_mounted_file_is_there(compose):
    named = set(re.findall(r"\$\{(\w+)", (DOCKER / "compose.yaml").read_text()))
    assert named == set(re.findall(r"(?m)^(\w+)=", (DOCKER / "env.example").read_text()))
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (DOCKER / volume.split(":")[0]).is_file()
    assert (DOCKER / compose["services"]["app"]["build"]["context"] / "docker" / "Dockerfile").is_file()


def test_nothing_but_caddy_is_reached_from_outside_and_each_waits_for_the_health_of_the_one_behind(compose):
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    behind = {name: list(service.get("depends_on", {})) for name, service in services.items()}
    assert behind == {"database": [], "app": ["database"], "caddy": ["app"], "backup": ["database"]}
    for name, names in behind.items():
        for other in names:
            assert services[name]["depends_on"][other] == {"condition": "service_healthy"}
            assert services[other]["healthcheck"]["test"][0] == "CMD"
    subnet = compose["networks"]["default"]["ipam"]["config"][0]["subnet"]
    assert services["app"]["environment"]["PROXY"] == subnet


def test_what_the_dockerfile_copies_makes_the_same_wheel(wheel, tmp_path):
    text = (DOCKER / "Dockerfile").read_text()
    for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", text.partition(" AS bench")[0]):
        *sources, target = line.split()
        for source in sources:
            place = tmp_path / "src" / target / ("" if (ROOT / source).is_dir() else source)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    ignored = (ROOT / ".dockerignore").read_text()
    for kept in ("pyproject.toml", "srbench", "methods", "datasets", "reports/templates", "mos_app", "docker"):
        assert f"!{kept}\n" in ignored
    done = subprocess.run(
        [*BUILD, "--wheel", "--outdir", tmp_path, tmp_path / "src"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    installed = (path for path in (wheel / "srbench").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert files == {path.relative_to(wheel).as_posix() for path in installed}


def test_the_app_is_healthy_while_its_database_answers_and_only_then(hosted, database_server):
    app = hosted.start()
    name = sa.make_url(hosted.study.url).database
    assert answer(f"http://localhost:{app['PORT']}/healthz")[0] == 200
    run_sql(database_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    run_sql(database_server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert not hosted.healthy(app)
    assert answer(f"http://localhost:{app['PORT']}/healthz")[0] == 503
    assert status(f"http://localhost:{app['PORT']}/_stcore/health") == 200  # the process alone would say nothing
    run_sql(database_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    hosted.wait_for(lambda: hosted.healthy(app))


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs Caddy: install Debian's package 'caddy'")
def test_raters_come_by_tls_and_caddy_tells_the_app_who_they_are(hosted, tmp_path):
    app = hosted.start()
    address, trust = hosted.front(app, tmp_path / "caddy")
    token = hosted.study.invite()
    code, headers = answer(f"{address}/join/{token}", trust)
    assert code == 303
    assert "srbench_rater=" in headers
    assert "Secure" in headers
    assert "Strict-Transport-Security" in headers
    assert answer(f"{address}/healthz", trust)[0] == 404
    pretended = {"X-Forwarded-For": "203.0.113.9"}
    assert answer(f"{address}/join/nonsense", trust, **pretended)[0] == 303
    log = (hosted.study.folder / "server.log").read_text()
    assert "127.0.0.1" in log  # whom Caddy saw, not what the client says
    assert "203.0.113.9" not in log
    answer(f"http://localhost:{app['PORT']}/join/nonsense", **{"X-Forwarded-For": "198.51.100.7"})
    log = (hosted.study.folder / "server.log").read_text()
    assert "198.51.100.7" in log  # from the network that PROXY names, the app believes it
    assert token not in log + (hosted.srv / "output.log").read_text()


def test_a_backup_made_while_the_app_serves_is_restored_to_the_last_row_and_link(hosted, new_database, tmp_path):
    app = hosted.start()
    token = hosted.study.invite()
    assert answer(f"http://localhost:{app['PORT']}/join/{token}")[0] == 303
    done = hosted.script("backup.sh")
    assert done.returncode == 0, done.stderr
    backup = Path(done.stdout.strip())
    assert sorted(path.name for path in backup.iterdir()) == ["SHA256SUMS", "database.dump", "study.tar.gz"]
    assert backup.stat().st_mode & 0o077 == 0
    before = contents(hosted.study.url)
    assert before["rater"]
    folder = hosted.study.folder
    files = {
        path.name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".log" and path.parent.name != "packed"  # which is made anew
    }
    hosted.processes[0].terminate()
    hosted.processes[0].wait(20)

    shutil.rmtree(folder)
    hosted.study.url = new_database()
    done = hosted.script("restore.sh", str(backup))
    assert done.returncode == 0, done.stderr
    assert contents(hosted.study.url) == before
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files
    assert (folder / "server.key").stat().st_mode & 0o777 == 0o600
    app = hosted.start()
    code, headers = answer(f"http://localhost:{app['PORT']}/join/{token}")
    assert code == 303
    assert "srbench_rater=" in headers


def test_a_restore_changes_nothing_where_something_is_or_the_backup_is_damaged(hosted, new_database):
    backup = Path(hosted.script("backup.sh").stdout.strip())
    before = contents(hosted.study.url)
    done = hosted.script("restore.sh", str(backup))
    assert done.returncode == 2
    assert done.stderr == "The database is not empty. Restore into a new one: nothing was changed.\n"
    assert contents(hosted.study.url) == before
    hosted.study.url = new_database()
    done = hosted.script("restore.sh", str(backup))
    assert done.returncode == 2
    assert f"{STUDY} is there already." in done.stderr
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    done = hosted.script("restore.sh", str(backup))
    assert done.returncode != 0
    assert "database.dump" in done.stdout + done.stderr
    assert contents(hosted.study.url) == {}


def test_an_app_without_its_settings_says_which(hosted):
    environment = hosted.environment("app")
    del environment["DOMAIN"]
    done = subprocess.run(["sh", DOCKER / "serve.sh"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DOMAIN: is the host name that raters type" in done.stderr
