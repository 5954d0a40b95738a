"""One network through every adapter gives one picture, and runs say what was taken from where."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage
from torch import nn

from srbench import bench, datasets, metrics, registry, upscale
from srbench.bench.engine import CallingProcess
from srbench.bench.luggage import Luggage
from srbench.errors import MethodError, WeightsError
from srbench.foreign import opening
from srbench.images import Image
from srbench.inference.upscalers import RgbUpscaler
from srbench.methods.srresnet.loading import ready
from srbench.methods.srresnet.network import SRResNet
from srbench.ready import ready as method_ready
from srbench.registry import Setup
from tests import foreign_models

LIBRARY = """
import sys
from pathlib import Path
from srbench import images, upscale

lr, sr, model = sys.argv[1:]
images.write(Path(sr), upscale(lr, model, device="cpu"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def pictures() -> list[tuple[Image, Image]]:
    """Small pairs of LR and HR, of sizes that no power of two divides."""
    pairs = datasets.load("demo", 4)[:2]
    return [(np.ascontiguousarray(pair.lr()[:37, :29]), np.ascontiguousarray(pair.hr()[:148, :116])) for pair in pairs]


def scores(method: str, pictures: list[tuple[Image, Image]]) -> list[float]:
    opened = method_ready(method, Setup.choose(4, "cpu", "fast"))
    return [
        metrics.evaluate(opened.on_image(lr), hr, scale=4, protocol="basicsr", names=["psnr"])["psnr"]
        for lr, hr in pictures
    ]


@pytest.mark.parametrize("kind", ["spandrel", "model", "onnx", "torchscript", "pt2"])
def test_the_same_network_has_the_same_score(kind: str, folder: Path, pictures: list[tuple[Image, Image]]) -> None:
    if lacking := foreign_models.needs(kind):
        pytest.skip(f"{lacking} is not installed")
    network = foreign_models.network()
    expected = []
    for lr, hr in pictures:
        colour = lr if lr.ndim == 3 else np.stack([lr] * 3, axis=-1)
        with torch.inference_mode():
            sr = network(torch.from_numpy(colour).permute(2, 0, 1)[None] / 255)[0].permute(1, 2, 0).numpy() * 255
        made = registry.to_8bit("it", sr if lr.ndim == 3 else sr.mean(axis=-1), hr.shape)
        expected.append(metrics.evaluate(made, hr, scale=4, protocol="basicsr", names=["psnr"])["psnr"])
    found = scores(foreign_models.spec(kind, folder), pictures)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_program_has_the_score_of_the_network_that_it_runs(folder: Path, pictures: list[tuple[Image, Image]]) -> None:
    model = foreign_models.spec("model", folder)
    (folder / "library.py").write_text(LIBRARY)
    command = f"command:'{sys.executable}' '{folder / 'library.py'}' {{lr}} {{sr}} '{model}'"
    colour = [pair for pair in pictures if pair[0].ndim == 3]
    np.testing.assert_allclose(scores(command, colour), scores(model, colour), atol=1e-3)


def test_a_card_for_our_own_network_computes_what_our_plugin_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SRResNet(4, blocks=2, width=16).eval()
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in network.state_dict().items()}}, tmp_path / "w.pth"
    )
    card = tmp_path / "ours.toml"
    card.write_text(
        'class = "srbench.methods.srresnet.network.SRResNet"\nargs = { blocks = 2, width = 16 }\n'
        'weights = "w.pth"\nrange = ["1", "-1..1"]\n'
    )
    ours: RgbUpscaler = ready(network, Setup(precision="exact"))
    lr = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    np.testing.assert_allclose(registry.create(f"model:{card}", Setup())(lr), ours(lr), atol=2e-3)


def test_luma_networks_get_luma_of_floats_and_colour_is_interpolated(tmp_path: Path) -> None:
    (tmp_path / "luma.py").write_text(
        "from torch import nn\nfrom torch.nn.functional import interpolate\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.gain = nn.Conv2d(1, 1, 1, bias=False)\n"
        "    def forward(self, y):\n        assert y.shape[1] == 1\n"
        "        return interpolate(self.gain(y), scale_factor=2)\n"
    )
    torch.save({"gain.weight": torch.ones(1, 1, 1, 1)}, tmp_path / "w.pth")
    card = tmp_path / "luma.toml"
    card.write_text('source = "luma.py"\nclass = "Net"\nweights = "w.pth"\nchannels = "y"\ngray = "as-is"\n')
    lr = np.full((6, 5, 3), (200, 30, 90), np.uint8)
    np.testing.assert_array_equal(upscale(lr, f"model:{card}", scale=2), lr.repeat(2, 0).repeat(2, 1))
    gray = np.random.default_rng(0).integers(0, 256, (6, 5), dtype=np.uint8)
    np.testing.assert_array_equal(upscale(gray, f"model:{card}", scale=2), gray.repeat(2, 0).repeat(2, 1))


def test_a_network_that_sharpens_enlarged_pictures_is_given_them(tmp_path: Path) -> None:
    (tmp_path / "same.py").write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.gain = nn.Conv2d(3, 3, 1, bias=False)\n    def forward(self, x):\n        return self.gain(x)\n"
    )
    torch.save({"gain.weight": torch.eye(3)[..., None, None]}, tmp_path / "w.pth")
    card = tmp_path / "same.toml"
    card.write_text('source = "same.py"\nclass = "Net"\nweights = "w.pth"\nenlarged = true\n')
    lr = np.random.default_rng(0).integers(90, 160, (6, 5, 3), dtype=np.uint8)
    for scale in (2, 3):
        sr, expected = upscale(lr, f"model:{card}", scale=scale), upscale(lr, "bicubic", scale=scale)
        assert np.abs(sr.astype(int) - expected).max() <= 1  # floats are not rounded after the first direction


def test_tiles_give_the_same_pixels(folder: Path) -> None:
    lr = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    whole = registry.create(f"model:{foreign_models.card(folder / 'whole')}", Setup())
    tiled = registry.create(f"model:{foreign_models.card(folder / 'tiled', lines='tile = 32')}", Setup())
    np.testing.assert_allclose(tiled(lr), whole(lr), atol=1e-3)
    assert tiled.path.endswith("tiles of 32 with a halo of 32")


@pytest.mark.parametrize("kind", ["network", "spandrel", "onnx", "torchscript", "pt2"])
def test_tiles_give_the_same_pixels_for_every_kind_of_card(kind: str, folder: Path) -> None:
    if lacking := foreign_models.needs(kind):
        pytest.skip(f"{lacking} is not installed")
    lr = np.random.default_rng(0).integers(0, 256, (45, 39, 3), dtype=np.uint8)
    made = []
    for name, lines in (("whole", ""), ("tiled", "tile = 16\nhalo = 8")):
        if kind == "network":
            card = foreign_models.card(folder / f"{kind}-{name}", lines=lines)
        else:
            weights = foreign_models.spec(kind, folder).partition(":")[2]
            card = folder / f"{kind}-{name}.toml"
            card.write_text(f'kind = "{kind}"\nweights = "{weights}"\n{lines}\n')
        made.append(registry.create(f"model:{card}", Setup())(lr))
    np.testing.assert_allclose(made[1], made[0], atol=1e-3)


@contextlib.contextmanager
def sizes() -> Iterator[set[tuple[int, int]]]:
    """Collect heights and widths of what goes into modules of torch."""
    seen: set[tuple[int, int]] = set()
    hook = nn.modules.module.register_module_forward_pre_hook(lambda _, inputs: seen.add(inputs[0].shape[-2:]))
    yield seen
    hook.remove()


@pytest.mark.parametrize("shape", [(45, 39, 3), (150, 133)])
def test_a_card_on_the_hub_has_its_tiles_and_a_weight_file_there_goes_whole(
    shape: tuple[int, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking := foreign_models.needs("hf"):
        pytest.skip(f"{lacking} is not installed")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "hub"))
    weights = foreign_models.spec("hf", folder)
    snapshot = next((folder / "hub").glob("*/snapshots/*"))
    (snapshot / "tiled.toml").write_text('kind = "spandrel"\nweights = "tiny-x4.pth"\ntile = 16\nhalo = 8\n')
    lr = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    whole = registry.create(weights, Setup())
    tiled = registry.create(weights.replace("tiny-x4.pth", "tiled.toml"), Setup())
    assert (whole.path.endswith("whole"), tiled.path.endswith("tiles of 16 with a halo of 8")) == (True, True)
    with sizes() as at_once:
        expected = whole(lr)
    with sizes() as in_parts:
        np.testing.assert_allclose(tiled(lr), expected, atol=1e-3)
    assert at_once == {shape[:2]}
    assert max(height * width for height, width in in_parts) <= (16 + 2 * 8) ** 2


def test_a_program_is_handed_a_large_picture_whole_and_once(tmp_path: Path) -> None:
    """Cutting it is the program's own business: nobody knows how far its pixels reach."""
    seen = tmp_path / "seen"
    (tmp_path / "program.py").write_text(
        f"{foreign_models.PROGRAM}\nprint(*image.size, file=open({str(seen)!r}, 'a'))\n"
    )
    lr = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    sr = upscale(lr, f"command:'{sys.executable}' '{tmp_path / 'program.py'}' {{lr}} {{sr}} {{scale}}", scale=2)
    assert seen.read_text() == "1920 1080\n"
    expected = PillowImage.fromarray(lr).resize((3840, 2160), PillowImage.Resampling.BICUBIC)
    np.testing.assert_array_equal(sr, np.asarray(expected))


def test_a_card_for_a_program_that_asks_for_tiles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text(f'kind = "command"\ncommand = "{sys.executable} {{lr}} {{sr}}"\ntile = 64\n')
    with pytest.raises(MethodError, match="'tile' says nothing for kind 'command', only for network, spandrel"):
        registry.find(f"model:{tmp_path / 'card.toml'}")


def test_a_network_that_takes_a_factor_and_gives_two_pictures_needs_two_lines(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(
        "from torch import nn\nfrom torch.nn.functional import interpolate\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.gain = nn.Conv2d(3, 3, 1, bias=False)\n"
        "    def forward(self, x, scale):\n        y = self.gain(x)\n"
        "        return interpolate(y, scale_factor=scale // 2), interpolate(y, scale_factor=scale)\n"
    )
    torch.save({"gain.weight": torch.eye(3)[..., None, None]}, tmp_path / "w.pth")
    card, lines = tmp_path / "two.toml", 'source = "two.py"\nclass = "Net"\nweights = "w.pth"\n'
    lr = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    for mistake, said in (
        ("", r"breaks on .*missing 1 required positional argument: 'scale'"),
        ("call = { scale = 4 }", "gave tuple; expected one tensor of four dimensions. A card says which .*'output'"),
        ("call = { scale = 4 }\noutput = 2", "Net gives 2 outputs; the card asks for 2"),
    ):
        card.write_text(lines + mistake)
        with pytest.raises(MethodError, match=said):
            registry.find(f"model:{card}")
    card.write_text(f"{lines}call = {{ scale = 4 }}\noutput = -1\n")
    np.testing.assert_array_equal(upscale(lr, f"model:{card}"), lr.repeat(4, 0).repeat(4, 1))


def test_a_wrong_scale_is_one_line(folder: Path) -> None:
    with pytest.raises(MethodError, match=r"^tiny-x4 \(model\) does x4, not x2\.$"):
        upscale(np.zeros((4, 4, 3), np.uint8), foreign_models.spec("model", folder), scale=2)


def test_a_card_whose_scale_is_not_its_networks_is_refused(folder: Path) -> None:
    card = foreign_models.card(folder / "other", lines="scale = 2")
    with pytest.raises(MethodError, match="says scale = 2, but Tiny enlarges 4 times"):
        registry.find(f"model:{card}")


@pytest.mark.parametrize("kind", ["spandrel", "onnx", "torchscript", "pt2"])
def test_a_file_of_another_kind_is_one_line(kind: str, tmp_path: Path) -> None:
    if lacking := foreign_models.needs(kind):
        pytest.skip(f"{lacking} is not installed")
    for name, content in (("text.pt2", b"text"), ("none.pt2", None)):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=name) as error:
            registry.find(f"{kind}:{tmp_path / name}")
        assert "\n" not in str(error.value)


def test_spandrel_says_which_weights_it_does_not_know(tmp_path: Path) -> None:
    pytest.importorskip("spandrel")
    torch.save({"mine.weight": torch.ones(3)}, tmp_path / "mine.pth")
    with pytest.raises(WeightsError, match=r"recognises no network in .*the first mine\.weight\)\. Describe it"):
        registry.find(f"spandrel:{tmp_path / 'mine.pth'}")


def test_an_onnx_file_of_one_size_is_refused(tmp_path: Path) -> None:
    if lacking := foreign_models.needs("onnx"):
        pytest.skip(f"{lacking} is not installed")
    with pytest.MonkeyPatch.context() as patch:
        export: Any = torch.onnx.export
        patch.setattr(torch.onnx, "export", lambda *a, **k: export(*a, **{**k, "dynamic_axes": None}))
        foreign_models.export("onnx", tmp_path / "fixed.onnx", 4)
    with pytest.raises(MethodError, match=r"exported for pictures of \[12, 10\] only"):
        registry.find(f"onnx:{tmp_path / 'fixed.onnx'}")


def test_a_run_names_models_by_their_files_and_cards_and_notices_other_weights(tmp_path: Path) -> None:
    card = foreign_models.card(tmp_path, lines='title = "A tiny one"\nnote = "untrained"\ncite = "Nobody, 2024"')

    def run() -> Any:
        here = CallingProcess(Luggage())
        return bench.run([f"model:{card}"], ["demo"], limit=1, metrics=["psnr"], out=tmp_path / "run", engine=here)

    about = run().info["methods"]["model/tiny-x4"]
    assert (about["title"], about["note"]) == ("A tiny one", "untrained")
    assert about["parameters"] == sum(parameter.numel() for parameter in foreign_models.network().parameters())
    weights = torch.load(tmp_path / "tiny-x4.pth", weights_only=True)
    torch.save({name: 2 * value for name, value in weights["params_ema"].items()}, tmp_path / "tiny-x4.pth")
    other = run().info["methods"]["model/tiny-x4"]
    code = (tmp_path / "tiny.py").read_text()
    (tmp_path / "tiny.py").write_text(code.replace("+ interpolate", "+ 0.9 * interpolate"))
    third = run().info["methods"]["model/tiny-x4"]
    assert len({one["fingerprint"] for one in (about, other, third)}) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "psnr", "ssim"), [("dctlsa_x4.pt", 32.52, 0.8990), ("craft_team34_x4.pth", 32.39, 0.8971)]
)
def test_published_networks_have_the_scores_that_were_measured(
    file: str, psnr: float, ssim: float, shared: Path, data_root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("spandrel")
    model = shared / "models" / file
    if not model.is_file():
        pytest.skip(f"needs {model}, whose licence is not clear")
    # LR made from HR: the published LR files of Set5 were made with another rule at the edges.
    originals = tmp_path / "originals"
    originals.symlink_to(data_root / "set5" / "HR")
    here = CallingProcess(Luggage())
    finished = bench.run(
        [f"spandrel:{model}"], [str(originals)], protocols=["basicsr"], out=tmp_path / "run", device="cpu", engine=here
    )
    means = finished.scores.groupby("metric")["value"].mean()
    assert means["psnr"] == pytest.approx(psnr, abs=6e-3)
    assert means["ssim"] == pytest.approx(ssim, abs=6e-5)


def parts_of_set5(data_root: Path) -> list[tuple[Image, Image]]:
    """Return pairs of LR and HR of real pictures, large enough for edges and fillings of every kind."""
    pairs = datasets.load("set5", 4, data_root=data_root)
    sides = {"img_002": (41, 53), "img_005": (48, 32)}
    found = [(pair, *sides[pair.name]) for pair in pairs if pair.name in sides]
    assert len(found) == 2
    return [
        (np.ascontiguousarray(pair.lr()[:height, :width]), np.ascontiguousarray(pair.hr()[: 4 * height, : 4 * width]))
        for pair, height, width in found
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "class_", "multiple"),
    [("dctlsa_x4.pt", "DCTLSA.__arch.dctlsa", 1), ("craft_team34_x4.pth", "CRAFT.__arch.CRAFT", 16)],
)
def test_published_networks_are_the_same_through_a_card_and_a_program(
    file: str, class_: str, multiple: int, shared: Path, data_root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("spandrel")
    model = shared / "models" / file
    if not model.is_file():
        pytest.skip(f"needs {model}, whose licence is not clear")
    card = tmp_path / "card.toml"
    name = class_.partition(".")[0]
    card.write_text(
        f'class = "spandrel.architectures.{class_}.{name}"\nweights = "{model}"\nmultiple = {multiple}\nminimum = 16\n'
    )
    (tmp_path / "library.py").write_text(LIBRARY)
    program = f"command:'{sys.executable}' '{tmp_path / 'library.py'}' {{lr}} {{sr}} 'spandrel:{model}'"
    pictures = parts_of_set5(data_root)[:1]
    expected = scores(f"spandrel:{model}", pictures)
    for other in (f"model:{card}", program):
        np.testing.assert_allclose(scores(other, pictures), expected, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "multiple"), [("dctlsa_x4.pt", 1), ("craft_team34_x4.pth", 16)])
def test_published_networks_are_the_same_as_onnx_files(
    file: str, multiple: int, shared: Path, data_root: Path, tmp_path: Path
) -> None:
    if lacking := foreign_models.needs("spandrel") or foreign_models.needs("onnx"):
        pytest.skip(f"{lacking} is not installed")
    model = shared / "models" / file
    if not model.is_file():
        pytest.skip(f"needs {model}, whose licence is not clear")
    network, target = opening.open_file("spandrel", model).module, tmp_path / "net.onnx"
    assert network is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter talks about its own future
        axes = {"image": {2: "height", 3: "width"}}
        # A size that the networks must fill up, so that the file learns how.
        arguments = {"input_names": ["image"], "dynamic_axes": axes, "dynamo": False}
        torch.onnx.export(network, (torch.rand(1, 3, 57, 40),), str(target), **arguments)
    card = tmp_path / "card.toml"
    pictures = parts_of_set5(data_root)
    # spandrel fills CRAFT's pictures up to multiples of 16, and then CRAFT does by a rule of its own.
    card.write_text(f'kind = "onnx"\nweights = "net.onnx"\nmultiple = {multiple}\n')
    expected = scores(f"spandrel:{model}", pictures)
    for other in (f"model:{card}", *([f"onnx:{target}"] if multiple == 1 else [])):
        np.testing.assert_allclose(scores(other, pictures), expected, atol=1e-3)
