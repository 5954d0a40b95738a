"""A data set of small pictures, and a real web server that misbehaves on demand."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import threading
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from srbench import images

PICTURES = 6


@dataclass
class Server:
    """Serves a folder; `faults[path]` lists what to do wrong at the next requests for a path, `every` at all."""

    address: str
    folder: Path
    faults: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    every: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    most_busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Server

    def do_GET(self) -> None:
        state, path = self.state, self.path.lstrip("/")
        with state.lock:
            state.requests[path] += 1
            state.busy += 1
            state.most_busy = max(state.busy, state.most_busy)
            fault = state.faults[path].pop(0) if state.faults[path] else state.every
        try:
            self.answer(state.folder / path, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with state.lock:
                state.busy -= 1

    def answer(self, file: Path, fault: str) -> None:
        if fault.isdigit() or not file.is_file():
            self.send_response(int(fault or 404))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = file.read_bytes()
        if fault == "corrupt":
            data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
        if fault == "page":
            data = b"<html>Please log in to this network.</html>" + b" " * 200
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        middle = len(data) // 2
        self.wfile.write(data[:middle])
        if fault == "cut":
            self.close_connection = True
            return
        if fault == "slow":
            time.sleep(0.15)
        if fault == "hang":
            self.wfile.flush()
            self.state.over.wait(20)
        self.wfile.write(data[middle:])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server on a free port of this machine, whose folder is laid out like a folder of data sets."""
    folder = tmp_path / "origin"
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state = Server(f"http://127.0.0.1:{http.server_port}", folder)
    http.RequestHandlerClass = type("BoundHandler", (Handler,), {"state": state})
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield state
    state.over.set()
    http.shutdown()
    http.server_close()
    thread.join()


def write_set(root: Path, name: str = "tiny") -> None:
    """Write a small data set with x4 LR files into a folder of data sets."""
    rng = np.random.default_rng(7)
    for i in range(1, PICTURES + 1):
        hr = rng.integers(0, 256, (32, 40, 3), dtype=np.uint8)
        images.write(root / name / "HR" / f"p{i}.png", hr)
        images.write(root / name / "LR_bicubic_x4" / f"p{i}.png", hr[::4, ::4].copy())


def write_x2(root: Path, name: str = "tiny") -> None:
    """Add files for x2, of another size than those for x4."""
    rng = np.random.default_rng(8)
    for i in range(1, PICTURES + 1):
        hr = rng.integers(0, 256, (34, 42, 3), dtype=np.uint8)
        images.write(root / name / "HR_x2" / f"p{i}.png", hr)
        images.write(root / name / "LR_bicubic_x2" / f"p{i}.png", hr[::2, ::2].copy())


def write_manifest(folder: Path, root: Path, address: str, name: str = "tiny", *, pinned: bool = True) -> None:
    """Write the manifest of the data set in `root`."""

    def sums(image: str) -> str:
        parts = (("hr", "HR"), ("lr", "LR_bicubic_x4"))
        digests = {
            part: hashlib.sha256((root / name / place / f"{image}.png").read_bytes()).hexdigest()
            for part, place in parts
        }
        return ", ".join(f'{part} = "{digest}"' for part, digest in digests.items()) if pinned else ""

    folder.mkdir(exist_ok=True)
    lines = [
        'title = "Tiny"\nabout = "For tests."\nlicence = "none needed"\ncitation = "@misc{tiny}"',
        f'[hr]\npath = "HR/{{name}}.png"\naddress = "{address}/{name}/HR/{{name}}.png"',
        '[lr]\nscale = 4\npath = "LR_bicubic_x4/{name}.png"',
        f'address = "{address}/{name}/LR_bicubic_x4/{{name}}.png"',
        "[images]",
        *(f"p{i} = {{ {sums(f'p{i}')} }}" for i in range(1, PICTURES + 1)),
        *(lines_for_x2(root, address, name) if (root / name / "HR_x2").is_dir() else ()),
    ]
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")


def lines_for_x2(root: Path, address: str, name: str) -> list[str]:
    """Return the section of a manifest for files of x2, without checksums."""
    parts = (("hr", "HR_x2"), ("lr", "LR_bicubic_x2"))
    heads = [
        f'[x2.{part}]\npath = "{place}/{{name}}.png"\naddress = "{address}/{name}/{place}/{{name}}.png"'
        for part, place in parts
    ]
    return [*heads, "[x2.images]", *(f"{path.stem} = {{}}" for path in sorted((root / name / "HR_x2").iterdir()))]


def pack(root: Path, name: str, kind: str) -> str:
    """Put the files of a data set into one archive on the server instead; return its name."""
    files = sorted(path for path in (root / name).rglob("*.png"))
    archive = root / f"{name}.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in files:
                zipped.write(path, path.relative_to(root))
    else:
        with tarfile.open(archive, "w:gz") as packed:
            for path in files:
                packed.add(path, f"./{path.relative_to(root)}")
    shutil.rmtree(root / name)
    return archive.name


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty download cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SRBENCH_CACHE", str(folder))
    monkeypatch.delenv("SRBENCH_DATA", raising=False)
    monkeypatch.delenv("SRBENCH_MIRROR", raising=False)
    return folder


@pytest.fixture
def publish(server: Server, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Server]:
    """Put the set `tiny` on the server and its manifest where srbench finds it."""

    def publish(*, pinned: bool = True, x2: bool = False) -> Server:
        write_set(server.folder)
        if x2:
            write_x2(server.folder)
        write_manifest(tmp_path / "manifests", server.folder, server.address, pinned=pinned)
        monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path / "manifests"))
        return server

    return publish
