"""`srbench mos serve` starts nothing that is unsafe, and says in one line why."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from srbench import images
from srbench.cli import app
from srbench.mos.site.guard import Limit
from srbench.mos.site.server import server_key


def serve(study, *options):
    command = [sys.executable, "-m", "srbench", "mos", "serve", study.folder.name, "--dir", str(study.folder.parent)]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)


def test_a_changed_picture_a_changed_design_and_open_doors_are_refused(server):
    study = server.study
    ended = serve(study, "--host", "0.0.0.0", "--port", "1")
    assert ended.returncode == 2
    assert "--allow-host" in ended.stderr

    ended = serve(study, "--port", str(server.port))
    assert ended.returncode != 0
    assert str(server.port) in ended.stderr + ended.stdout

    design = study.folder / "study.toml"
    text = design.read_text()
    design.write_text(text + "\n# later thoughts\n")
    ended = serve(study)
    design.write_text(text)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "changed after the study was opened" in ended.stderr

    picture = study.folder / "stimuli" / f"{study.stimuli[0].id}.png"
    data = picture.read_bytes()
    images.write(picture, np.zeros((120, 160, 3), np.uint8))
    ended = serve(study)
    picture.write_bytes(data)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "was changed" in ended.stderr


def test_a_password_is_asked_twice_and_only_its_hash_is_kept(server):
    arguments = ["mos", "password", server.name, "--dir", str(server.study.folder.parent)]
    result = CliRunner().invoke(app, arguments, input="a long password\na long password\n")
    path = server.study.folder / "organiser.hash"
    stored = path.read_text()
    path.unlink()
    assert result.exit_code == 0
    assert stored.startswith("scrypt$")
    assert "a long password" not in stored + result.output.replace("Password", "")


def test_the_servers_key_is_made_once_and_for_its_owner_alone(tmp_path):
    key = server_key(tmp_path)
    assert server_key(tmp_path) == key
    assert len(key) == 32
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600


def test_a_limit_forgets_whoever_was_silent_longest():
    limit = Limit(rate=0.001, burst=1)
    for client in range(20_000):
        assert limit.wait(str(client), now=0.0) == 0.0
    assert len(limit._levels) <= 10_000
    assert limit.wait("19999", now=0.0) == pytest.approx(1000.0)
