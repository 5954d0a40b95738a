"""Runs write down what networks cost, once, and of other methods nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import srbench as sb
from srbench import bench
from srbench.bench import costs
from srbench.inference import operations
from srbench.methods.espcn.network import ESPCN
from tests import foreign_models


def plain(lr, scale):
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def test_networks_foreign_models_and_functions_have_their_columns(tmp_path: Path) -> None:
    card = foreign_models.card(tmp_path)
    run = sb.run(["espcn", f"model:{card}", plain], ["demo"], limit=1, metrics="psnr", out=tmp_path / "run", jobs=1)
    about = run.info["methods"]
    assert about["espcn"]["counted_for"] == [180, 320]
    assert about["espcn"]["multiply_accumulates"] == operations.count(ESPCN(4).eval(), (1, 1, 180, 320))
    foreign = (27 * 8 + 9 * 8 * 8 + 9 * 8 * 48) * 180 * 320  # its three convolutions
    assert about["model/tiny-x4"]["multiply_accumulates"] == foreign
    assert "multiply_accumulates" not in about["plain"]
    cells = {row[0].text: [cell.text for cell in row[-4:]] for row in run.table("psnr", columns="cost").rows}
    assert cells["ESPCN"][:2] == ["24,752", f"{about['espcn']['multiply_accumulates'] / 1e9:.2f}"]
    assert cells["plain"][:2] == ["\u2013", "\u2013"]
    assert all(float(row[2]) >= 0 and float(row[3].replace(",", "")) > 10 for row in cells.values())


def test_a_run_that_goes_on_does_not_count_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def again():
        return bench.run(["espcn"], ["demo"], limit=1, metrics=["psnr"], out=tmp_path / "run", jobs=1).info["methods"]

    first = again()
    monkeypatch.setattr(costs, "_counted", lambda *_: pytest.fail("it was counted before"))
    assert again() == first
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    info["methods"]["espcn"]["fingerprint"] = "another"
    (tmp_path / "run" / "run.json").write_text(json.dumps(info))
    monkeypatch.setattr(costs, "_counted", lambda *_: 7)
    assert again()["espcn"]["multiply_accumulates"] == 7
