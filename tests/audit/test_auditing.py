"""The audit passes the authors' SRGAN, fails whatever only looks sharp, and takes any folder of pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from srbench import audit, datasets, images, resize
from srbench.audit import AuditScores, judge
from srbench.errors import MethodError
from srbench.images import Image


@pytest.fixture(scope="module")
def authors(shared: Path) -> Path:
    folder = shared / "results" / "ledig2017"
    if not folder.is_dir():
        pytest.skip("needs the authors' published outputs")
    return folder


def test_the_authors_own_pictures_pass(authors: Path, data_root: Path) -> None:
    found = audit.audit(
        [f"results:{authors / 'SRGAN-VGG54'}"],
        f"results:{authors / 'SRResNet-MSE'}",
        dataset="set5",
        data_root=data_root,
    )
    (own,) = found.methods
    assert found.passed
    assert own.passed
    assert found.reference.method == "results/SRResNet-MSE"
    assert found.reference.psnr == pytest.approx(32.06, abs=0.01)
    assert own.scores.texture == pytest.approx(0.86, abs=0.02)
    assert own.scores.niqe == pytest.approx(4.65, abs=0.01)
    assert own.scores.grid == pytest.approx(0.76, abs=0.01)
    assert "img_001" in own.scores.missing["bsd100_niqe"], "there are no pictures of BSD100"
    assert own.scores.missing["judge"] == "stored pictures cannot be made of the photographs it is trained on"


@pytest.fixture(scope="module")
def pairs(data_root: Path) -> list[datasets.ImagePair]:
    return list(datasets.load("set5", scale=4, data_root=data_root))


@pytest.fixture(scope="module")
def reference(pairs: list[datasets.ImagePair], authors: Path) -> AuditScores:
    folder = authors / "SRResNet-MSE" / "set5"
    return audit.measure("srresnet", lambda pair: images.read(folder / f"{pair.name}.png"), pairs)


def bicubic(pair) -> np.ndarray:
    return resize.enlarge(pair.lr(), 4)


def noise(pair) -> np.ndarray:
    grain = np.random.default_rng(1).normal(0, 9, pair.hr().shape)
    return images.to_8bit(bicubic(pair) + grain)


def unsharp(pair) -> np.ndarray:
    import cv2

    image = bicubic(pair).astype(np.float32)
    return images.to_8bit(image + 3 * (image - cv2.GaussianBlur(image, (0, 0), 1.5)))


def nearest(pair) -> np.ndarray:
    return pair.lr().repeat(4, 0).repeat(4, 1)


def untrained(pair) -> np.ndarray:
    import torch

    from srbench.methods.srresnet.network import SRResNet

    torch.manual_seed(0)
    network = SRResNet(blocks=2, width=16).eval()
    with torch.inference_mode():
        lr = torch.tensor(pair.lr()).permute(2, 0, 1)[None].float() / 255
        sr = (network(lr)[0].permute(1, 2, 0) + 1) * 127.5
    return sr.clamp(0, 255).byte().numpy()


@pytest.mark.parametrize(
    ("cheat", "betrayed_by"),
    [
        (bicubic, "texture"),
        (noise, "correlation of block energies"),
        (unsharp, "texture"),
        (nearest, "correlation of block energies"),
        (untrained, "consistency with LR"),
    ],
)
def test_what_only_looks_sharp_fails(cheat: Callable, betrayed_by: str, pairs, reference: AuditScores) -> None:
    original = audit.measure("hr", lambda pair: pair.hr(), pairs)
    found = audit.criteria(audit.measure("cheat", cheat, pairs), reference, original, dataset="set5")
    assert betrayed_by in {one.name for one in found if one.passed is False}


def test_a_grid_over_the_authors_pictures_is_all_that_fails(authors: Path, pairs, reference: AuditScores) -> None:
    def patterned(pair) -> Image:
        picture = images.read(authors / "SRGAN-VGG54" / "set5" / f"{pair.name}.png")
        cell = [[4, -4, 0, 0], [0, 0, 0, 0], [0, 0, -4, 4], [0, 0, 0, 0]]
        return images.to_8bit(picture + np.tile(cell, pair.lr().shape[:2])[..., None].astype(float))

    original = audit.measure("hr", lambda pair: pair.hr(), pairs)
    found = audit.criteria(audit.measure("patterned", patterned, pairs), reference, original, dataset="set5")
    assert {one.name for one in found if one.passed is False} == {"grid"}


def photograph_folders(root: Path) -> list[str]:
    """Make a data set of two pictures and two folders of results for it: sharp ones and soft ones."""
    hrs = {"left": skimage.data.astronaut()[:256, :256], "right": skimage.data.coffee()[:256, 100:400]}
    for name, hr in hrs.items():
        images.write(root / "set" / f"{name}.png", hr)
        images.write(root / "results" / "soft" / f"{name}.png", resize.enlarge(resize.reduce(hr, 4), 4))
        images.write(root / "results" / "sharp" / f"{name}.png", hr)
    return [str(root / "set"), f"results:{root / 'results'}", f"results:{root / 'results' / 'soft'}"]


def test_a_folder_of_methods_is_taken_apart_and_a_quick_audit_needs_no_other_data_set(tmp_path: Path) -> None:
    dataset, both, soft = photograph_folders(tmp_path)
    lines: list[str] = []
    found = audit.audit([both], soft, dataset=dataset, quick=True, data_root=tmp_path, show=lines.append)
    assert [one.scores.method for one in found.methods] == ["results/sharp", "results/soft"]
    sharp = found.methods[0].scores
    assert sharp.texture == pytest.approx(1)
    assert sharp.grid == found.original.grid
    assert sharp.missing == {"bsd100_niqe": "left out by --quick", "judge": "left out by --quick"}
    assert not found.passed, "originals are no 1.3 dB below anything"
    assert all("bsd100" not in line for line in lines)


def test_a_reference_of_several_methods_is_refused(tmp_path: Path) -> None:
    dataset, both, soft = photograph_folders(tmp_path)
    with pytest.raises(MethodError, match=r"The reference must be one method; .* holds 2"):
        audit.audit([soft], both, dataset=dataset, quick=True)


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    dataset, _, soft = photograph_folders(tmp_path / "one")
    _, _, other = photograph_folders(tmp_path / "two")
    with pytest.raises(MethodError, match="Two of the methods are called 'results/soft'"):
        audit.audit([other], soft, dataset=dataset, quick=True)


def test_missing_pictures_of_the_audited_set_are_one_line(tmp_path: Path) -> None:
    dataset, _, soft = photograph_folders(tmp_path)
    (tmp_path / "results" / "sharp" / "left.png").unlink()
    with pytest.raises(MethodError, match="left"):
        audit.audit([f"results:{tmp_path / 'results' / 'sharp'}"], soft, dataset=dataset, quick=True)


def test_an_audit_is_valid_json_though_the_originals_have_an_infinite_psnr(tmp_path: Path) -> None:
    dataset, both, soft = photograph_folders(tmp_path)
    found = audit.audit([both], soft, dataset=dataset, quick=True).as_dict()
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again["original"]["psnr"] == "inf"
    assert again["methods"][0]["criteria"][0].keys() == {"name", "passed", "detail", "required"}


def test_a_full_audit_measures_bsd100_and_trains_a_judge_for_each_method(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[tuple[int, int]] = []

    def accuracy(upscale: Callable, photographs: list[Path], tested: datasets.ImagePair) -> float:
        judged.append((len(photographs), len(tested)))
        return 0.8 + 0.1 * len(judged)

    monkeypatch.setattr(judge, "accuracy", accuracy)
    images.write(tmp_path / "photographs" / "one.png", skimage.data.coffee())
    found = audit.audit(["nearest"], "bicubic", dataset="set5", data=[tmp_path / "photographs"], data_root=data_root)
    own = found.methods[0]
    assert judged == [(1, 100), (1, 100)]
    assert found.reference.judge == pytest.approx(0.9)
    assert own.scores.judge == pytest.approx(1.0)
    assert own.scores.bsd100_niqe is not None
    assert found.reference.bsd100_niqe == pytest.approx(8, abs=1)
    assert {one.name: one.passed for one in own.criteria}["judge's accuracy"] is False
