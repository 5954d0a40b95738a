"""Model cards: what they say, and one line for everything that can be wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench.errors import MethodError
from srbench.foreign import card
from srbench.foreign.interface import Interface

GOOD = {"source": '"tiny.py"', "class": '"Tiny"', "weights": '"tiny.pth"'}


def write(folder: Path, **fields: str | None) -> Path:
    (folder / "tiny.py").write_text("class Tiny: pass\n")
    (folder / "tiny.pth").write_bytes(b"weights")
    path = folder / "card.toml"
    told = {**GOOD, **{name.rstrip("_"): value for name, value in fields.items()}}
    path.write_text("".join(f"{name} = {value}\n" for name, value in told.items() if value is not None))
    return path


def test_a_full_card_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        args="{ scale = 4 }",
        key='"params_ema"',
        range='["1", "-1..1"]',
        channels='"bgr"',
        gray='"as-is"',
        multiple="8",
        minimum="16",
        tile="64",
        halo="24",
        title='"Tiny"',
        note='"trained on DIV2K"',
        cite='"Somebody, 2024"',
        **{"published.set5.basicsr": "{ psnr = 32.52, ssim = 0.899 }"},
    )
    told = card.read(path)
    assert told.interface == Interface(
        takes="1", gives="-1..1", channels="bgr", gray="as-is", multiple=8, minimum=16, tile=64, halo=24
    )
    assert (told.source, told.weights) == (tmp_path / "tiny.py", tmp_path / "tiny.pth")
    assert (told.class_, told.args, told.key) == ("Tiny", {"scale": 4}, "params_ema")
    assert (told.title, told.note, told.cite) == ("Tiny", "trained on DIV2K", "Somebody, 2024")
    assert told.published == {"set5": {"basicsr": {"psnr": 32.52, "ssim": 0.899}}}


def test_a_range_may_be_a_number(tmp_path: Path) -> None:
    assert card.read(write(tmp_path, range="255")).interface == Interface(takes="255", gives="255")


MISTAKES = {
    "an unknown field": ({"chanels": '"rgb"'}, "Unknown field 'chanels'. Did you mean 'channels'?"),
    "an unknown kind": ({"kind": '"keras"'}, "'kind' is 'keras'; expected one of network, spandrel"),
    "no weights": ({"weights": None}, "'weights' is missing; expected the file of the model"),
    "no class": ({"class": None}, "'class' is missing; expected the name of the network's class"),
    "a class of another type": ({"class_": "4"}, "'class' is 4; expected the name of a class."),
    "weights that are not there": ({"weights": '"none.pth"'}, "'weights' is 'none.pth', but there is no"),
    "weights that are a folder": ({"weights": '"."'}, "which is a folder; expected a file"),
    "a source that is not there": ({"source": '"repo"'}, "'source' is 'repo', but there is no"),
    "arguments that are no table": ({"args": "[4]"}, "'args' is [4]; expected a table of arguments."),
    "options that are no table": ({"options": "4"}, "'options' is 4; expected a table of attributes."),
    "further arguments as text": ({"call": '"scale=4"'}, "'call' is 'scale=4'; expected a table of arguments."),
    "an output by name": ({"output": '"sr"'}, "'output' is 'sr'; expected a whole number: the place among several"),
    "options for a weight file": (
        {"kind": '"spandrel"', "source": None, "class_": None, "options": "{}"},
        "'options' says nothing for kind 'spandrel', only for network",
    ),
    "another range": ({"range": '"0..1"'}, "'range' is '0..1'; expected one of 1, 255, -1..1"),
    "three ranges": ({"range": '["1", "1", "1"]'}, "'range' is ['1', '1', '1']; expected one of 1, 255"),
    "other channels": ({"channels": '"ycbcr"'}, "'channels' is 'ycbcr'; expected one of rgb, bgr, y"),
    "another rule for gray": ({"gray": '"color"'}, "'gray' is 'color'; expected one of colour, as-is"),
    "a multiple of nothing": ({"multiple": "0"}, "'multiple' is 0; expected a whole number from 1."),
    "a multiple with a fraction": ({"multiple": "8.5"}, "'multiple' is 8.5; expected a whole number from 1."),
    "a minimum as text": ({"minimum": '"16"'}, "'minimum' is '16'; expected a whole number from 1."),
    "tiles that are too small": ({"tile": "1"}, "'tile' is 1; expected a whole number of pixels from 16."),
    "a negative halo": ({"halo": "-1"}, "'halo' is -1; expected a whole number of pixels from 0."),
    "a scale of true": ({"scale": "true"}, "'scale' is True; expected a whole number from 1."),
    "an empty title": ({"title": '""'}, "'title' is ''; expected a text."),
    "a program for a network": ({"command": '"prog {lr} {sr}"'}, "'command' says nothing for kind 'network'"),
    "a class for an ONNX file": ({"kind": '"onnx"'}, "says nothing for kind 'onnx', only for network"),
    "trust as text": ({"trust_pickle": '"yes"'}, "'trust_pickle' is 'yes'; expected true or false."),
    "scores without a protocol": ({"published.set5": "32.1"}, "'set5' has no protocol"),
    "scores of no metric": ({"published.set5.matlab": "{ pnsr = 32.1 }"}, "Did you mean 'psnr'"),
    "scores under no protocol": ({"published.set5.mathlab": "{ psnr = 32.1 }"}, "Did you mean 'matlab'"),
    "scores that are text": ({"published.set5.matlab": '{ psnr = "32.1" }'}, "'set5.matlab' has no scores"),
    "tiles of enlarged pictures without a halo": ({"enlarged": "true", "tile": "64"}, "needs 'halo'"),
}


@pytest.mark.parametrize(("fields", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_clear_line(fields: dict[str, str | None], expected: str, tmp_path: Path) -> None:
    path = write(tmp_path, **fields)
    with pytest.raises(MethodError) as error:
        card.read(path)
    assert str(error.value).startswith(f"The model card {path}: ")
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"a = ", "is no TOML"), (b"\xff", "line 1 is not UTF-8"), (None, "Cannot read the model card .*: No such file")],
)
def test_a_card_that_cannot_be_read_is_one_clear_line(content: bytes | None, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MethodError, match=expected) as error:
        card.read(path)
    assert "\n" not in str(error.value)
