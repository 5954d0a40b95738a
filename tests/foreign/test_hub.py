"""Models on a hub: a real server on this machine that speaks as the hub does, and the cache of its library."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from srbench.errors import MethodError
from srbench.foreign import hub, probing
from tests import foreign_models

COMMITS = {"main": "a" * 40, "v1": "b" * 40}
REPOSITORY = "somebody/nets"
CARD = 'source = "code"\nclass = "tiny.Tiny"\nargs = { scale = 4 }\nweights = "weights/tiny.pth"\ntitle = "Tiny"\n'


@dataclass
class Hub:
    """What the server holds, {commit: folder}, and what it was asked."""

    address: str
    folders: dict[str, Path]
    requests: Counter[str] = field(default_factory=Counter)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Hub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        self.state.requests[f"{self.command} {self.path}"] += 1
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.about("/".join(parts[2:4]), parts[5], is_tree=parts[4] == "tree")
        elif parts[2:3] == ["resolve"]:
            self.file("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body)
        else:
            self.refuse("EntryNotFound", 404)

    def folder(self, repository: str, revision: str) -> Path | None:
        if repository == "somebody/gated":
            self.refuse("GatedRepo", 403)
        elif repository != REPOSITORY:
            self.refuse("RepoNotFound", 401)
        elif COMMITS.get(revision, revision) not in self.state.folders:
            self.refuse("RevisionNotFound", 404)
        else:
            return self.state.folders[COMMITS.get(revision, revision)]
        return None

    def about(self, repository: str, revision: str, is_tree: bool) -> None:
        folder = self.folder(repository, revision)
        if folder is None:
            return
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        names = [str(path.relative_to(folder)) for path in files]
        tree = [
            {"type": "file", "path": name, "size": path.stat().st_size, "oid": sha256(path)}
            for name, path in zip(names, files, strict=True)
        ]
        told = {
            "id": REPOSITORY,
            "sha": COMMITS.get(revision, revision),
            "siblings": [{"rfilename": name} for name in names],
        }
        self.send(json.dumps(tree if is_tree else told).encode(), {"Content-Type": "application/json"})

    def file(self, repository: str, revision: str, name: str, body: bool) -> None:
        folder = self.folder(repository, revision)
        if folder is None:
            return
        if not (folder / name).is_file():
            self.refuse("EntryNotFound", 404)
            return
        data = (folder / name).read_bytes()
        marks = {"ETag": f'"{sha256(folder / name)}"', "X-Repo-Commit": COMMITS.get(revision, revision)}
        self.send(data, marks, body=body)

    def refuse(self, code: str, status: int) -> None:
        self.send(b"", {"X-Error-Code": code, "X-Error-Message": code}, status)

    def send(self, data: bytes, headers: dict[str, str], status: int = 200, body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on a free port with one repository of two revisions, and an empty cache."""
    constants = pytest.importorskip("huggingface_hub.constants")
    folders = {commit: tmp_path / "hub" / name for name, commit in COMMITS.items()}
    for folder in folders.values():
        (folder / "code").mkdir(parents=True)
        (folder / "weights").mkdir()
        (folder / "code" / "tiny.py").write_text(foreign_models.CODE)
        torch.save(foreign_models.network().state_dict(), folder / "weights" / "tiny.pth")
        (folder / "tiny.toml").write_text(CARD)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state = Hub(f"http://127.0.0.1:{http.server_port}", folders)
    http.RequestHandlerClass = type("BoundHandler", (Handler,), {"state": state})
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", state.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["net.pth", "nobody/net.pth", "a/b", "a/b/", "a/b/../net.pth", "a/b/net.pth@", ""])
def test_what_is_no_address_is_one_line(name: str) -> None:
    with pytest.raises(MethodError, match=r"^hf:.*: expected OWNER/NAME/FILE, and perhaps @REVISION"):
        hub.parse(name)


def test_labels_tell_revisions_apart() -> None:
    assert hub.parse("a/b/x/net.pth").label == "hf/a/b/x/net"
    assert hub.parse("a/b/net.pth@refs/pr/1").label == "hf/a/b/net@refs-pr-1"


def test_a_file_comes_at_the_commit_of_its_revision_and_only_once(server: Hub) -> None:
    for revision in ("", "v1"):
        wanted = hub.HubFile(REPOSITORY, "weights/tiny.pth", revision)
        path, fixed = hub.fetch(wanted)
        assert fixed.revision == COMMITS[revision or "main"]
        assert path.read_bytes() == (server.folders[fixed.revision] / "weights" / "tiny.pth").read_bytes()
        before = sum(server.requests.values())
        assert hub.fetch(fixed) == (path, fixed)
        assert sum(server.requests.values()) == before  # a commit does not move: nobody is asked


def test_a_card_brings_the_files_that_it_names_once_its_commit_is_named(server: Hub) -> None:
    wanted = hub.parse(f"{REPOSITORY}/tiny.toml")
    with pytest.raises(MethodError, match=r"the card has 'source'.* name the commit: hf:somebody/nets/tiny.toml@a{40}"):
        hub.fetch(wanted)
    kind, path = probing.find(f"hf:{wanted}@{COMMITS['main']}")
    assert kind == "model"
    assert (path.parent / "code" / "tiny.py").is_file()
    assert (path.parent / "weights" / "tiny.pth").is_file()


def test_a_card_that_names_files_outside_of_its_repository_is_refused(server: Hub) -> None:
    for folder in server.folders.values():
        (folder / "tiny.toml").write_text(CARD.replace("weights/tiny.pth", "../../../passwords"))
    with pytest.raises(MethodError, match=r"the card names '\.\./\.\./\.\./passwords', which does not lie in its"):
        hub.fetch(hub.parse(f"{REPOSITORY}/tiny.toml@{COMMITS['main']}"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("somebody/none/net.pth", "there is no repository somebody/none, or it is private"),
        ("somebody/gated/net.pth", "the owner of somebody/gated asks for consent"),
        (f"{REPOSITORY}/net.pth", f"{REPOSITORY} has no file net.pth."),
        (f"{REPOSITORY}/tiny.toml@v9", f"{REPOSITORY} has no revision 'v9'."),
    ],
)
def test_what_is_not_there_is_one_line(name: str, said: str, server: Hub) -> None:
    with pytest.raises(MethodError) as error:
        hub.fetch(hub.parse(name))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MethodError, match=r"^huggingface_hub is not installed .*pip install 'srbench\[models\]'$"):
        hub.fetch(hub.HubFile("a", "b"))


def test_without_a_network_the_cache_counts(server: Hub) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    wanted = hub.parse(f"{REPOSITORY}/weights/tiny.pth")
    online = hub.fetch(wanted)
    asked = sum(server.requests.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        assert hub.fetch(wanted) == online
        with pytest.raises(MethodError) as error:
            hub.fetch(hub.parse(f"{REPOSITORY}/tiny.toml"))
    assert "the hub cannot be reached, and the cache does not hold the file" in str(error.value)
    assert "\n" not in str(error.value)
    assert sum(server.requests.values()) == asked


@pytest.mark.slow
def test_a_run_loads_the_commit_that_the_revision_was_even_offline(server: Hub, tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    wanted = f"{REPOSITORY}/weights/tiny.pth"
    hub.fetch(hub.parse(wanted))
    run = [sys.executable, "-m", "srbench", "run", "--datasets", "demo", "--limit", "1", "--jobs", "1"]
    ran = subprocess.run(
        [*run, "--metrics", "psnr", "--methods", f"hf:{wanted}", "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text())["methods"][f"hf/{REPOSITORY}/weights/tiny"]
    assert about["weights_sha256"] == sha256(server.folders[COMMITS["main"]] / "weights" / "tiny.pth")
