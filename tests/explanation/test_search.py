"""Explaining published figures: known rules are found, and what cannot be told is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage
from skimage.metrics import structural_similarity

import srbench as sb
from srbench import images, metrics, resize
from srbench.errors import MetricError
from srbench.explanation import Explanation


def pairs(folders: tuple[Path, Path]) -> list[tuple[np.ndarray, np.ndarray]]:
    results, originals = folders
    return [(images.read(results / path.name), images.read(path)) for path in sorted(originals.glob("*.png"))]


def fitting(found: Explanation) -> set[tuple[object, ...]]:
    table = found.table
    kept = table[table["fits"]]
    return set(zip(kept["protocol"], kept["compared"], kept["gray"], kept["border"], kept["mean"], strict=True))


@pytest.mark.parametrize("name", ["daala", "matlab", "matlab-gray-rgb", "basicsr", "basicsr-rgb"])
@pytest.mark.parametrize("metric", ["psnr", "ssim"])
def test_every_protocol_is_found_by_its_own_figure(with_gray: tuple[Path, Path], name: str, metric: str) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4, protocol=name)[metric] for sr, hr in pairs(with_gray)]
    found = sb.explain(*with_gray, f"{np.mean(scores):.6f}", metric=metric)
    assert found.fitting[0].protocols == [name]
    assert found.fitting[0].usual.value(metric) == pytest.approx(np.mean(scores), abs=1e-12)


def test_rules_of_other_programs_are_found(with_gray: tuple[Path, Path]) -> None:
    # Pillow's gray, compared without removing a border, dB of the mean squared error: computed by Pillow itself.
    errors = []
    for sr, hr in pairs(with_gray):
        x, y = (np.asarray(PillowImage.fromarray(image).convert("L")).astype(float) for image in (sr, hr))
        errors.append(np.mean((x - y) ** 2))
    found = sb.explain(*with_gray, f"{10 * np.log10(255**2 / np.mean(errors)):.3f}")
    assert ("", "gray 0..255 of BT.601, rounded", "as colour", 0, "of the errors") in fitting(found)


def test_the_default_ssim_of_scikit_image_is_found(coloured: tuple[Path, Path]) -> None:
    values = [
        structural_similarity(*(images.luma(images.shave(image, 4)) for image in pair), data_range=255)
        for pair in pairs(coloured)
    ]
    found = sb.explain(*coloured, f"{np.mean(values):.5f}")
    assert {group.usual.rule.window for group in found.fitting} == {"7x7 uniform"}
    assert {"Y, rounded"} <= {group.usual.rule.compared for group in found.fitting}


def test_both_measures_of_a_table_tell_more_rules_apart(coloured: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4, protocol="basicsr") for sr, hr in pairs(coloured)]
    psnr, ssim = (np.mean([score[name] for score in scores]) for name in ("psnr", "ssim"))
    one, both = sb.explain(*coloured, f"{psnr:.1f}"), sb.explain(*coloured, f"{psnr:.1f}/{ssim:.4f}")
    assert len(one.fitting) > len(both.fitting) >= 1
    assert both.fitting[0].protocols == ["basicsr"]
    assert "cannot be told apart" in str(one)


def test_without_gray_originals_it_says_that_their_treatment_cannot_be_told(coloured: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4)["psnr"] for sr, hr in pairs(coloured)]
    found = sb.explain(*coloured, f"{np.mean(scores):.5f}")
    assert found.fitting[0].protocols == ["matlab", "matlab-gray-rgb"]
    assert "None of the originals is gray" in str(found)
    assert "matlab = matlab-gray-rgb: Y, rounded, border 4" in str(found)


def test_with_a_gray_original_the_two_ways_of_matlab_differ(with_gray: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4)["psnr"] for sr, hr in pairs(with_gray)]
    found = sb.explain(*with_gray, f"{np.mean(scores):.5f}")
    assert found.gray == ("gray",)
    assert found.fitting[0].protocols == ["matlab"]
    assert "None of the originals is gray" not in str(found)


def test_where_no_rule_fits_the_nearest_are_named(coloured: tuple[Path, Path]) -> None:
    found = sb.explain(*coloured, "60.00")
    assert not found.fitting
    assert "No rule gives it. The nearest:" in str(found)
    distances = [group.distance for group in found.groups]
    assert distances == sorted(distances)
    assert len(found.nearest(3)) == 3


def test_how_much_a_match_is_worth_is_said(coloured: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4)["psnr"] for sr, hr in pairs(coloured)]
    coarse = sb.explain(*coloured, f"{np.mean(scores):.0f}")
    given, possible = coarse.by_chance
    assert possible == 20
    assert 1 <= given <= 20
    assert sb.explain(*coloured, f"{np.mean(scores):.6f}").by_chance[0] <= 2


@pytest.mark.usefixtures("own_tables")
def test_a_users_own_protocol_is_tried_too(coloured: tuple[Path, Path]) -> None:
    @metrics.register_protocol("green-alone", title="Green alone", border=5)
    def green(sr: np.ndarray, hr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return sr[..., 1], hr[..., 1]

    values = [metrics.evaluate(sr, hr, scale=4, protocol="green-alone")["psnr"] for sr, hr in pairs(coloured)]
    assert sb.explain(*coloured, f"{np.mean(values):.5f}").fitting[0].protocols == ["green-alone"]


def test_one_picture_may_be_named_by_its_file(coloured: tuple[Path, Path]) -> None:
    sr, hr = (folder / "cat.png" for folder in coloured)
    value = metrics.evaluate(images.read(sr), images.read(hr), scale=4, protocol="daala")["psnr"]
    found = sb.explain(sr, hr, f"{value:.4f}")
    assert found.fitting[0].protocols == ["daala"]
    assert set(found.table["mean"]) == {"of dB"}, "of one picture there is only one mean"


def test_results_saved_without_their_border_are_compared_without_it(coloured: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4)["psnr"] for sr, hr in pairs(coloured)]
    for path in coloured[0].glob("*.png"):
        images.write(path, np.ascontiguousarray(images.shave(images.read(path), 4)))
    found = sb.explain(*coloured, f"{np.mean(scores):.5f}")
    assert "matlab" in found.fitting[0].protocols
    assert found.fitting[0].usual.rule.border == 4
    assert min(found.table["border"]) == 4
    assert "saved without a border of 4 pixels" in str(found)


def test_originals_are_cropped_to_a_multiple_of_the_scale_where_results_are(coloured: tuple[Path, Path]) -> None:
    scores = [metrics.evaluate(sr, hr, scale=4)["psnr"] for sr, hr in pairs(coloured)]
    path = coloured[1] / "cat.png"
    images.write(path, np.pad(images.read(path), ((0, 3), (0, 2), (0, 0)), mode="edge"))
    found = sb.explain(*coloured, f"{np.mean(scores):.5f}")
    assert "matlab" in found.fitting[0].protocols
    assert any("1 originals were cropped" in note for note in found.notes)


def test_missing_results_are_counted_and_named(coloured: tuple[Path, Path]) -> None:
    (coloured[0] / "woman.png").unlink()
    found = sb.explain(*coloured, "30.0")
    assert "1 of 2 originals have no result and are left out: woman." in str(found)
    (coloured[0] / "cat.png").rename(coloured[0] / "dog.png")
    with pytest.raises(MetricError, match=r"None of the 2 originals in .* has a result"):
        sb.explain(*coloured, "30.0")


def test_pictures_that_do_not_fit_are_named_with_both_sizes(coloured: tuple[Path, Path]) -> None:
    path = coloured[0] / "cat.png"
    images.write(path, np.zeros((50, 40, 3), np.uint8))
    with pytest.raises(MetricError, match=r"cat\.png has 40x50 pixels; expected 112x100"):
        sb.explain(*coloured, "30.0")
    images.write(path, np.zeros((100, 112), np.uint8))
    with pytest.raises(MetricError, match="is gray, and its original has colours"):
        sb.explain(*coloured, "30.0")


def test_folders_that_are_not_there_are_named(coloured: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(MetricError, match=r"There is no folder .*nowhere"):
        sb.explain(tmp_path / "nowhere", coloured[1], "30.0")


def test_perfect_results_have_rules_too(coloured: tuple[Path, Path]) -> None:
    found = sb.explain(coloured[1], coloured[1], "1.0000")
    assert found.fitting
    assert all(group.usual.ssim == pytest.approx(1) for group in found.fitting)
    assert not sb.explain(coloured[1], coloured[1], "30.0").fitting


def test_every_rule_has_its_row(coloured: tuple[Path, Path]) -> None:
    found = sb.explain(*coloured, "30.0/0.9")
    table = found.table
    assert len(table) == found.tried
    assert not table.duplicated(["compared", "gray", "border", "mean", "window", "protocol"]).any()
    assert table["psnr"].notna().all()
    assert table["ssim"].notna().all()
    assert set(sb.explain(*coloured, "30.0").table["window"]) == {""}
    assert set(sb.explain(*coloured, "0.9").table["mean"]) == {""}


@pytest.mark.parametrize(
    ("folder", "figure", "protocols"),
    [
        ("ledig2017/SRResNet-MSE", "32.05/0.9019", ["daala"]),  # Table 2 of the SRGAN paper
        ("huang2015/SRCNN", "30.07", ["daala"]),
    ],
)
def test_figures_of_the_srgan_paper_are_daala(
    shared: Path,
    data_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    figure: str,
    protocols: list[str],
) -> None:
    monkeypatch.setenv("SRBENCH_DATA", str(data_root))
    found = sb.explain(shared / "results" / folder, "set5", figure)
    assert [group.protocols for group in found.fitting] == [protocols]


def test_on_set14_the_gray_image_as_colour_is_what_lifts_published_figures(
    shared: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SRBENCH_DATA", str(data_root))
    scores: dict[str, list[float]] = {"matlab": [], "matlab-gray-rgb": []}
    for path in sorted((data_root / "set14" / "LR_bicubic_x4").glob("*.png")):
        sr, hr = resize.enlarge(images.read(path), 4), images.read(data_root / "set14" / "HR" / path.name)
        images.write(tmp_path / path.name, sr)
        for protocol, values in scores.items():
            values.append(metrics.evaluate(sr, hr, scale=4, protocol=protocol, names=["psnr"])["psnr"])
    plain, lifted = (float(np.mean(values)) for values in scores.values())
    # SRCNN's 27.27 beside 27.18 and VDSR's 28.14 beside 28.05 are this difference of one gray picture.
    assert lifted - plain == pytest.approx(0.094, abs=5e-4)
    found = sb.explain(tmp_path, "set14", f"{lifted:.4f}")
    assert found.gray == ("img_003",)
    assert found.fitting[0].protocols == ["matlab-gray-rgb"]


def test_the_search_order_of_the_documentation_is_what_is_tried_and_what_it_is_worth(
    with_gray: tuple[Path, Path],
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    order = text.partition('## "My number is 0.02 dB off"')[2].partition("\n## ")[0]
    table = pd.concat([sb.explain(*with_gray, "30.00").table, sb.explain(*with_gray, "0.9").table])
    for words, count in (("eight lumas", 8), ("three ways with gray", 3), ("three means", 3), ("four SSIMs", 4)):
        assert words in order
        column = {"eight lumas": "compared", "three ways with gray": "gray", "three means": "mean"}.get(words, "window")
        own = {"dithered luma of png2y4m", "the protocol's own", ""}
        assert len(set(table[column]) - own) == count, words
    assert {0, 4, 8, 10} <= set(table["border"])
    for protocol in metrics.protocols():
        assert f"`{protocol.name}`" in text
        assert protocol.name in set(table["protocol"])


def test_pans_published_log_is_basicsr_and_explained_as_the_documentation_shows(
    shared: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRBENCH_DATA", str(data_root))
    found = sb.explain(shared / "results" / "zhao2020" / "PAN", "set5", "32.1311/0.8948")
    assert [group.protocols for group in found.fitting] == [["basicsr"]], "the authors' log"
    assert found.likely_input.alike == ["MATLAB's imresize"]  # their LR images were made from the originals
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    shown = text.partition("--published 32.1311/0.8948\n```\n\n```\n")[2].partition("```")[0]
    assert str(found).startswith(shown.rstrip())
