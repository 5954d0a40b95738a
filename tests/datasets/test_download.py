"""The real download code against a real server that is slow, breaks connections and sends damaged files."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from srbench.datasets import download, fetch, load, transport, verify
from srbench.errors import DatasetError
from tests.datasets.conftest import pack, write_set

FIRST = "tiny/HR/p1.png"
FILES = 12
IMAGES = 6


@pytest.fixture(autouse=True)
def one_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait once before a retry, for a second: enough to see one, and quick."""
    monkeypatch.setattr(download, "RETRIES", 1)


def complete(cache: Path) -> bool:
    return all(not check.problem for check in verify("tiny"))


def there(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache / "tiny")) for path in (cache / "tiny").rglob("*.png"))


def test_a_set_is_fetched_over_parallel_connections_and_not_fetched_again(publish, cache):
    server = publish()
    server.every = "slow"
    seen: list[tuple[int, int]] = []
    folder = fetch("tiny", lambda done, total: seen.append((done, total)))
    assert folder == cache / "tiny"
    assert complete(cache)
    assert seen == [(i, FILES) for i in range(FILES + 1)]
    assert server.most_busy >= 4
    fetch("tiny", lambda *_: pytest.fail("nothing is left to fetch"))
    assert server.requests.total() == FILES
    assert [path.name for path in cache.iterdir() if path.is_dir()] == ["tiny"]


@pytest.mark.parametrize("fault", ["cut", "corrupt", "503"])
def test_one_broken_answer_is_asked_for_again(publish, cache, fault):
    server = publish()
    server.faults[FIRST] = [fault]
    fetch("tiny")
    assert complete(cache)
    assert server.requests[FIRST] == 2
    assert server.requests.total() == FILES + 1


def test_a_file_that_always_comes_damaged_is_named_and_never_kept(publish, cache):
    server = publish()
    server.faults[FIRST] = ["corrupt"] * 9
    with pytest.raises(DatasetError, match=r"HR/p1\.png is not the file of the manifest: its SHA-256 differs"):
        fetch("tiny")
    assert "HR/p1.png" not in there(cache)
    assert server.requests[FIRST] == 2
    server.faults.clear()
    kept = len(there(cache))
    before = server.requests.total()
    fetch("tiny")
    assert complete(cache)
    assert server.requests.total() - before == FILES - kept


@pytest.mark.parametrize("status", ["404", "403"])
def test_a_refusal_that_no_retry_can_cure_ends_the_download_at_once(publish, cache, status):
    server = publish()
    server.faults[FIRST] = [status] * 9
    with pytest.raises(DatasetError, match=rf"tiny.* is not complete.*answers with HTTP status {status}"):
        fetch("tiny")
    assert server.requests[FIRST] == 1


def test_a_server_that_always_fails_is_named_with_its_status(publish, cache):
    server = publish()
    server.every = "500"
    with pytest.raises(DatasetError, match="HTTP status 500") as caught:
        fetch("tiny")
    assert "\n" not in str(caught.value)


def test_a_connection_that_always_breaks_is_one_clear_sentence(publish, cache):
    server = publish()
    server.every = "cut"
    with pytest.raises(DatasetError, match="breaks midway"):
        fetch("tiny")
    assert there(cache) == []


def test_a_server_that_is_gone_is_given_up_after_the_first_file(publish, cache, monkeypatch):
    publish()
    monkeypatch.setenv("SRBENCH_MIRROR", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(DatasetError, match=r"No connection to http://127\.0\.0\.1:9/tiny/"):
        fetch("tiny")
    assert time.monotonic() - start < 5


def test_a_server_that_stops_answering_is_given_up(publish, cache, monkeypatch):
    server = publish()
    server.every = "hang"
    monkeypatch.setattr(transport, "TIMEOUT", 0.3)
    monkeypatch.setattr(download, "RETRIES", 0)
    with pytest.raises(DatasetError, match=r"No connection|does not answer"):
        fetch("tiny")
    assert there(cache) == []


def test_only_the_images_that_are_asked_for_are_fetched(publish, cache):
    server = publish()
    pairs = load("tiny", limit=2)
    assert [pair.name for pair in pairs] == ["p1", "p2"]
    assert there(cache) == ["HR/p1.png", "HR/p2.png", "LR_bicubic_x4/p1.png", "LR_bicubic_x4/p2.png"]
    assert server.requests.total() == 4


def test_a_file_damaged_in_the_cache_is_fetched_again(publish, cache):
    server = publish()
    fetch("tiny")
    broken = cache / "tiny" / "HR" / "p3.png"
    broken.write_bytes(broken.read_bytes()[:-10])
    assert [check.path for check in verify("tiny") if check.problem] == [broken]
    assert len(load("tiny")) == 6
    assert complete(cache)
    assert server.requests.total() == FILES + 1


def test_checksums_that_no_manifest_knows_are_taken_once_and_enforced(publish, cache):
    server = publish(pinned=False)
    pairs = load("tiny")
    assert all(check.is_known for check in verify("tiny"))
    target = cache / "tiny" / "HR" / "p1.png"
    other = server.folder / "tiny" / "HR" / "p2.png"
    (server.folder / FIRST).write_bytes(other.read_bytes())
    target.unlink()
    with pytest.raises(DatasetError, match=r"HR/p1\.png is not the file of the manifest"):
        load("tiny")
    assert pairs[0].hr_sha256 not in {pair.hr_sha256 for pair in pairs[1:]}
    assert not target.exists()


def test_a_login_page_instead_of_an_image_is_neither_kept_nor_recorded(publish, cache):
    server = publish(pinned=False)
    server.every = "page"
    with pytest.raises(DatasetError, match="did not give an image"):
        fetch("tiny")
    assert there(cache) == []
    server.every = ""
    fetch("tiny")
    assert complete(cache)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("pinned", [True, False])
def test_a_set_in_one_archive_is_fetched_once_and_unpacked(publish, cache, tmp_path, kind, pinned):
    server = publish(pinned=pinned)
    name = pack(server.folder, "tiny", kind)
    manifest = tmp_path / "manifests" / "tiny.toml"
    manifest.write_text(manifest.read_text().replace(f"{server.address}/tiny/", f"{server.address}/{name}#tiny/"))
    seen: list[tuple[int, int]] = []
    fetch("tiny", lambda done, total: seen.append((done, total)))
    assert complete(cache)
    assert seen[-1] == (FILES, FILES)
    assert dict(server.requests) == {name: 1}
    (cache / "tiny" / "HR" / "p1.png").unlink()
    load("tiny")
    assert (complete(cache), server.requests[name]) == (True, 2)
    assert [path.name for path in cache.iterdir() if path.is_dir()] == ["tiny"]


def test_an_archive_that_changed_lacks_a_file_or_is_none_is_one_line(publish, cache, tmp_path):
    server = publish(pinned=False)
    (server.folder / "tiny" / "HR" / "p2.png").rename(server.folder / "kept.png")
    name = pack(server.folder, "tiny", "zip")
    manifest = tmp_path / "manifests" / "tiny.toml"
    manifest.write_text(manifest.read_text().replace(f"{server.address}/tiny/", f"{server.address}/{name}#tiny/"))
    with pytest.raises(DatasetError, match=rf"The archive {server.address}/{name} holds no tiny/HR/p2\.png\."):
        fetch("tiny")
    write_set(server.folder)
    pack(server.folder, "tiny", "zip")
    fetch("tiny")
    write_set(server.folder)
    (server.folder / "tiny" / "HR" / "p2.png").replace(server.folder / "tiny" / "HR" / "p1.png")
    pack(server.folder, "tiny", "zip")
    (cache / "tiny" / "HR" / "p1.png").unlink()
    with pytest.raises(DatasetError, match=r"tiny/HR/p1\.png in .* is not the file of the manifest"):
        fetch("tiny")
    (server.folder / name).write_bytes(b"<html>Please log in</html>")
    with pytest.raises(DatasetError, match=rf"{name} is no archive, or it is damaged"):
        fetch("tiny")


def test_a_file_that_somebody_put_into_the_cache_is_not_trusted(publish, cache):
    server = publish(pinned=False)
    foreign = cache / "tiny" / "HR" / "p1.png"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes((server.folder / "tiny" / "HR" / "p2.png").read_bytes())
    fetch("tiny")
    assert foreign.read_bytes() == (server.folder / FIRST).read_bytes()


def test_a_cache_that_cannot_be_written_says_which_and_what_to_do(publish, cache, monkeypatch, tmp_path):
    publish()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DatasetError, match=r"Cannot write to the download cache .*SRBENCH_CACHE"):
        fetch("tiny")


def start_fetch(cache: Path, largest_file: int = resource.RLIM_INFINITY) -> subprocess.Popen[str]:
    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell may start tests with it ignored
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        [sys.executable, "-m", "srbench", "datasets", "fetch", "tiny"],
        env=dict(os.environ),
        preexec_fn=prepare,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited for 20 seconds in vain")


def test_a_disk_that_takes_no_more_is_one_clear_sentence(publish, cache):
    publish()
    process = start_fetch(cache, largest_file=1000)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert error.startswith("Error: Cannot write to the download cache")
    assert len(error.splitlines()) == 1
    assert all(check.problem.endswith("is missing") for check in verify("tiny") if check.problem)


def test_a_kill_leaves_only_complete_files_and_the_next_fetch_gets_the_rest(publish, cache):
    server = publish()
    hanging = [f"tiny/HR/p{i}.png" for i in (2, 4, 6)]
    for path in hanging:
        server.faults[path] = ["hang"]
    process = start_fetch(cache)
    wait_for(lambda: len(there(cache)) == FILES - len(hanging))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    bad = [str(check.entry.path) for check in verify("tiny") if check.problem]
    assert bad == [path.removeprefix("tiny/") for path in hanging]
    assert all(check.problem.endswith("is missing") for check in verify("tiny") if check.problem)
    assert (cache / ".tiny.partial").is_dir()
    before = server.requests.total()
    fetch("tiny")
    assert complete(cache)
    assert server.requests.total() - before == len(hanging)
    assert not (cache / ".tiny.partial").exists()


def test_ctrl_c_ends_a_fetch_at_once_even_when_the_server_does_not_answer(publish, cache):
    server = publish()
    server.every = "hang"
    process = start_fetch(cache)
    wait_for(lambda: server.busy > 0)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert time.monotonic() - start < 5
    assert process.returncode != 0
    assert "Traceback" not in error
    assert there(cache) == []
    assert not (cache / ".tiny.partial").exists()


def test_two_processes_do_not_fetch_the_same_files(publish, cache):
    server = publish()
    server.every = "slow"
    processes = [start_fetch(cache) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert complete(cache)
    assert server.requests.total() == FILES


def test_a_factor_with_files_of_its_own_is_fetched_when_it_is_wanted(publish, cache: Path):
    server = publish(x2=True)
    assert load("tiny", 8)[0].hr().shape == (32, 40, 3)
    assert not any("x2" in path for path in server.requests)
    dataset = load("tiny", 2)
    assert (dataset[0].hr().shape, dataset[0].lr().shape) == ((34, 42, 3), (17, 21, 3))
    assert dataset.lr_origin == "the published LR files for x2"
    assert len(load("tiny")) == IMAGES
    assert server.requests.total() == 4 * IMAGES
    blurred = load("tiny", 2, degradation="gaussian")
    assert (blurred[0].hr().shape, blurred[0].lr_path) == ((34, 42, 3), None)
    assert len(verify("tiny")) == 4 * IMAGES


def test_a_data_root_with_some_files_of_a_factor_must_have_all(publish, cache: Path):
    server = publish(x2=True)
    (server.folder / "tiny" / "LR_bicubic_x2" / "p3.png").unlink()
    with pytest.raises(DatasetError, match=r"LR_bicubic_x2/p3\.png is missing. Correct the data root"):
        load("tiny", 2, data_root=server.folder)
    assert sum(bool(check.problem) for check in verify("tiny", server.folder)) == 1
    shutil.rmtree(server.folder / "tiny" / "LR_bicubic_x2")
    shutil.rmtree(server.folder / "tiny" / "HR_x2")
    assert load("tiny", 2, data_root=server.folder)[0].hr().shape == (32, 40, 3)
    assert [check.problem for check in verify("tiny", server.folder)] == [""] * 2 * IMAGES
