"""What names of files and folders say."""

from __future__ import annotations

import pytest

from srbench.datasets.naming import Label, longer_names, marks, spans, take_apart


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HR", Label("", "hr")),
        ("hr16", Label("hr16")),
        ("GTmod12", Label("", "hr")),
        ("original", Label("", "hr")),
        ("LR", Label("", "lr")),
        ("LQ", Label("", "lr")),
        ("LR_bicubic", Label("", "lr", None, "bicubic")),
        ("LR_bicubic_X4", Label("", "lr", 4, "bicubic")),
        ("LR_x4", Label("", "lr", 4)),
        ("LRbicx4", Label("", "lr", 4, "bic")),
        ("LR_unknown", Label("", "lr", None, "unknown")),
        ("X4", Label("", "", 4)),
        ("image_SRF_2", Label("image", "", 2)),
        ("DIV2K_valid_LR_bicubic", Label("DIV2K_valid", "lr", None, "bicubic")),
        ("img_001_SRF_4_HR", Label("img_001", "hr", 4)),
        ("img_001_SRF_4_LR", Label("img_001", "lr", 4)),
        ("babyx4", Label("baby", "", 4)),
        ("baby_x4", Label("baby", "", 4)),
        ("baby_bicLRx4", Label("baby", "lr", 4, "bic")),
        ("baby_LRBI_x4", Label("baby", "lr", 4, "bi")),
        ("0801x4", Label("0801", "", 4)),
        ("Canon_001_LR4", Label("Canon_001", "lr", 4)),
        ("img_001", Label("img_001")),
        ("photo_2", Label("photo_2")),
        ("color", Label("color")),
        ("weight", Label("weight")),
        ("box640", Label("box640")),
    ],
)
def test_names_of_public_data_sets_are_taken_apart(name: str, expected: Label):
    assert take_apart(name) == expected


def test_a_mark_of_a_factor_is_found_wherever_it_stands():
    assert [factor for *_, factor in marks("EDSR_Lx4_f256b32_2x_SRF_8_X16")] == [4, 2, 8, 16]
    assert marks("64x64_x40_RealESRGAN_x4plus_3d") == []


def test_a_name_is_not_cut_inside_a_mark():
    assert {"3_SRF_4"[a:b] for a, b in spans("3_SRF_4")} == {"3", "3_", "3_SRF_4", "_", "_SRF_4", "SRF_4"}
    assert "0801" in {"0801x4"[a:b] for a, b in spans("0801x4")}


def test_longer_names_are_found_among_other_names_too():
    names = {"photo": [], "photo_2": [], "img_1": ["man"], "img_2": ["old man"], "img_12": []}
    assert longer_names(names) == {"photo": ("photo_2",), "img_1": ("old man",)}
