"""`srbench datasets` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.commands import run_here


def srbench(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    return run_here("datasets", *arguments, COLUMNS="160", **env)


def test_the_list_names_every_set_with_its_place_and_licence(cache: Path):
    answer = srbench("--json")
    rows = {row["name"]: row for row in json.loads(answer.stdout)}
    assert next(iter(rows)) == "demo"
    assert rows["demo"]["complete"]
    assert rows["set5"]["where"] == "not downloaded"
    assert rows["set5"]["lr_scale"] == 4
    assert rows["urban100"]["checksums"] == "in the manifest"
    assert "non-commercial" in rows["bsd100"]["licence"]
    table = srbench().stdout
    assert all(name in table for name in rows)
    assert len(table.splitlines()) < 40


def test_the_list_says_what_a_data_root_holds(cache: Path, tmp_path: Path):
    (tmp_path / "set5" / "HR").mkdir(parents=True)
    (tmp_path / "set5" / "HR" / "img_001.png").write_bytes(b"")
    rows = {row["name"]: row["where"] for row in json.loads(srbench("--json", "--data-root", tmp_path).stdout)}
    assert rows["set5"] == f"{tmp_path}/set5: 9 of 10 files missing"
    assert rows["set14"] == f"not in the data root {tmp_path}"


def test_verify_passes_whole_sets_and_ends_with_2_when_something_is_wrong(cache: Path):
    good = srbench("verify", "demo")
    assert (good.returncode, good.stdout) == (0, "demo: 6 of 6 files are as they should be\n")
    bad = srbench("verify", "set5", "demo")
    assert bad.returncode == 2
    assert "set5: 0 of 10 files" in bad.stdout
    assert "demo: 6 of 6 files" in bad.stdout
    assert f"{cache}/set5/HR/img_001.png is missing" in bad.stderr


def test_fetch_downloads_and_verify_agrees(publish, cache: Path):
    publish()
    fetched = srbench("fetch", "tiny", "demo")
    assert fetched.returncode == 0, fetched.stderr
    assert f"tiny: complete and checked, in {cache}/tiny" in fetched.stdout
    assert srbench("verify", "tiny").stdout == "tiny: 12 of 12 files are as they should be\n"


def test_fetch_downloads_nothing_when_there_is_a_data_root(publish, cache: Path, tmp_path: Path):
    server = publish()
    answer = srbench("fetch", "tiny", SRBENCH_DATA=str(server.folder))
    assert answer.stdout == "tiny: 12 of 12 files are as they should be\n"
    (server.folder / "tiny" / "HR" / "p1.png").unlink()
    assert srbench("fetch", "tiny", "--data-root", server.folder).returncode == 2
    assert srbench("--data-root", server.folder, "fetch", "tiny").returncode == 2
    assert server.requests.total() == 0


def test_a_mirror_laid_out_like_the_cache_is_used(publish, cache: Path, tmp_path: Path):
    server = publish()
    manifest = tmp_path / "manifests" / "tiny.toml"
    manifest.write_text(manifest.read_text().replace(server.address, "http://127.0.0.1:9"))
    assert srbench("fetch", "tiny", SRBENCH_MIRROR=f"{server.address}/").returncode == 0
    assert server.requests.total() == 12


def test_an_unknown_name_is_one_line_and_status_2(cache: Path):
    for command in ("fetch", "verify"):
        answer = srbench(command, "bsd10")
        assert answer.returncode == 2
        assert answer.stderr == (
            "Error: Unknown data set 'bsd10'. Did you mean 'bsd100'? "
            "A folder of images is named by its path, such as ./bsd10.\n"
        )


def test_a_broken_manifest_is_named_and_the_others_are_listed(cache: Path, tmp_path: Path):
    (tmp_path / "mine.toml").write_bytes('title = "caf\xe9"'.encode("latin-1"))
    place = f"{tmp_path}{os.pathsep}{tmp_path / 'gone'}"
    answer = srbench("--json", SRBENCH_DATASETS_PATH=place)
    assert (answer.returncode, "set5" in answer.stdout) == (0, True)
    assert answer.stderr == (
        f"Broken data set: {tmp_path}/gone: SRBENCH_DATASETS_PATH names it, but there is no such folder\n"
        f"Broken data set: Cannot read the manifest {tmp_path}/mine.toml: line 1 is not UTF-8. Save it as UTF-8.\n"
    )
    assert srbench("verify", "demo", SRBENCH_DATASETS_PATH=place).returncode == 0
    assert "mine.toml: line 1 is not UTF-8" in srbench("verify", "mine", SRBENCH_DATASETS_PATH=place).stderr


def test_the_files_of_a_further_factor_are_fetched_by_its_number(publish, cache: Path):
    publish(x2=True)
    assert srbench("fetch", "tiny", "--scale", 2).returncode == 0
    assert {path.name for path in (cache / "tiny").iterdir() if path.is_dir()} == {"HR_x2", "LR_bicubic_x2"}
    rows = {row["name"]: row for row in json.loads(srbench("--json").stdout)}
    assert rows["tiny"]["lr_scales"] == [2, 4]
    assert "x2 x4" in srbench().stdout
