"""Weights of libraries' metrics: from the user's folder, checked, and named where they are missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from srbench.errors import MetricError
from srbench.metrics import downloads
from srbench.metrics.downloads import WeightFile


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The user's folder and torch's home, both empty."""
    mine, torchs = tmp_path / "mine", tmp_path / "torch"
    mine.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(torchs))
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(mine))
    return mine, torchs / "hub" / "checkpoints"


def weight_file(content: bytes) -> WeightFile:
    return WeightFile("net-1.pth", hashlib.sha256(content).hexdigest(), "http://127.0.0.1:9/net-1.pth", 5)


def read() -> bytes:
    return (Path(torch.hub.get_dir()) / "checkpoints" / "net-1.pth").read_bytes()


def test_libraries_find_the_users_files_where_they_look_for_what_they_have_fetched(places: tuple[Path, Path]) -> None:
    (places[0] / "net-1.pth").write_bytes(b"mine")
    home = torch.hub.get_dir()
    assert downloads.loaded("A metric", read, [weight_file(b"mine")]) == b"mine"
    assert torch.hub.get_dir() == home


def test_the_users_files_go_before_torchs_and_torchs_are_there_too(places: tuple[Path, Path]) -> None:
    places[1].mkdir(parents=True)
    (places[1] / "net-1.pth").write_bytes(b"torch")
    assert downloads.loaded("A metric", read, [weight_file(b"torch")]) == b"torch"
    (places[0] / "net-1.pth").write_bytes(b"mine")
    assert downloads.loaded("A metric", read, [weight_file(b"mine")]) == b"mine"


def test_what_is_fetched_meanwhile_stays(places: tuple[Path, Path]) -> None:
    def fetch() -> None:
        (Path(torch.hub.get_dir()) / "checkpoints" / "new.pth").write_bytes(b"new")

    downloads.loaded("A metric", fetch)
    assert (places[1] / "new.pth").read_bytes() == b"new"
    assert not list(places[0].iterdir())


def test_a_file_of_the_right_name_that_is_another_one_is_refused(places: tuple[Path, Path]) -> None:
    (places[0] / "net-1.pth").write_bytes(b"other")
    expected = hashlib.sha256(b"mine").hexdigest()
    with pytest.raises(MetricError, match=rf"net-1\.pth has sha256 .*; expected {expected}, which http"):
        downloads.loaded("A metric", read, [weight_file(b"mine")])


@pytest.mark.parametrize("own", [True, False])
def test_missing_weights_are_named_with_checksum_address_and_folder(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not own:
        monkeypatch.delenv("SRBENCH_WEIGHTS")
    file = weight_file(b"mine")
    message = rf"A metric needs net-1\.pth \(5 MB, sha256 {file.sha256}, {file.address}\).*SRBENCH_WEIGHTS"
    with pytest.raises(MetricError, match=message):
        downloads.loaded("A metric", read, [file])


def test_a_network_of_hundreds_of_wrong_tensors_is_one_short_line() -> None:
    def refuse() -> None:
        raise RuntimeError("Error(s) in loading state_dict: " + "size mismatch for a.weight,\n\t" * 300)

    with pytest.raises(
        MetricError, match=r"could not be loaded: Error\(s\) in loading state_dict: .* \.\.\.\. W"
    ) as error:
        downloads.loaded("A metric", refuse)
    assert len(str(error.value)) < 600


def test_a_folder_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path / "nope"))
    with pytest.raises(MetricError, match=r"SRBENCH_WEIGHTS names .*nope, which is no folder"):
        downloads.loaded("A metric", read)
