"""One tiny network in every form in which models come: what all adapters are tested with."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import torch
from torch import nn

KINDS = ("spandrel", "model", "onnx", "torchscript", "pt2", "command", "hf")
COMMIT = "c" * 40

CODE = '''
"""A network of convolutions that adds to the enlarged picture; its weights are named as those of SRVGGNetCompact."""

from torch import nn
from torch.nn.functional import interpolate


class Tiny(nn.Module):
    def __init__(self, scale=4, width=8):
        super().__init__()
        self.scale = scale
        layers = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3 * scale**2, 3, padding=1))
        self.upsampler = nn.PixelShuffle(scale)

    def forward(self, image):
        return self.upsampler(self.body(image)) + interpolate(image, scale_factor=self.scale, mode="nearest")
'''

PROGRAM = """
import sys

from PIL import Image

lr, sr, scale = sys.argv[1:]
image = Image.open(lr)
image.resize((image.width * int(scale), image.height * int(scale)), Image.Resampling.BICUBIC).save(sr)
"""


def network(scale: int = 4) -> nn.Module:
    """Return the network, with weights that change a picture a little."""
    names: dict[str, type[nn.Module]] = {}
    exec(CODE, names)
    torch.manual_seed(scale)
    made = names["Tiny"](scale)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(0.3)
    return made.eval()


def card(folder: Path, scale: int = 4, lines: str = "") -> Path:
    """Write the network's code, weights and card; return the card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.py").write_text(CODE)
    torch.save({"epoch": 3, "params_ema": network(scale).state_dict()}, folder / f"tiny-x{scale}.pth")
    path = folder / f"tiny-x{scale}.toml"
    path.write_text(f"""
source = "tiny.py"
class = "Tiny"
args = {{ scale = {scale} }}
weights = "tiny-x{scale}.pth"
{lines}
""")
    return path


def spec(kind: str, folder: Path, scale: int = 4) -> str:
    """Write the network as one kind of model, if it is not there; return the name of the method."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "command":
        program = folder / "program.py"
        program.write_text(PROGRAM)
        return f"command:'{sys.executable}' '{program}' {{lr}} {{sr}} {{scale}}"
    if kind == "hf":
        # As huggingface_hub's cache lays it out: what is there at a commit is asked of nobody.
        snapshot = folder / "hub" / "models--somebody--nets" / "snapshots" / COMMIT
        snapshot.mkdir(parents=True, exist_ok=True)
        torch.save(network(scale).state_dict(), snapshot / f"tiny-x{scale}.pth")
        return f"hf:somebody/nets/tiny-x{scale}.pth@{COMMIT}"
    ends = {"spandrel": "pth", "model": "toml", "onnx": "onnx", "torchscript": "pt", "pt2": "pt2"}
    path = folder / kind / f"tiny-x{scale}.{ends[kind]}"
    if not path.is_file():
        card(path.parent, scale)
        if kind in {"onnx", "torchscript", "pt2"}:
            export(kind, path, scale)
    return f"{kind}:{path}"


def export(kind: str, path: Path, scale: int) -> None:
    """Write the network as an ONNX file, a TorchScript file or an exported program, for pictures of any size."""
    made, image = network(scale), torch.rand(1, 3, 12, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters talk about their own future
        if kind == "onnx":
            axes = {"image": {2: "height", 3: "width"}}
            torch.onnx.export(made, (image,), str(path), input_names=["image"], dynamic_axes=axes, dynamo=False)
        elif kind == "torchscript":
            torch.jit.trace(made, image).save(str(path))
        else:
            sides = {2: torch.export.Dim("height", min=2), 3: torch.export.Dim("width", min=2)}
            torch.export.save(torch.export.export(made, (image,), dynamic_shapes=(sides,)), path)


def needs(kind: str) -> str | None:
    """Return the package that a kind needs and that is not installed."""
    packages = {"spandrel": ["spandrel"], "hf": ["huggingface_hub", "spandrel"], "onnx": ["onnx", "onnxruntime"]}
    return next((package for package in packages.get(kind, []) if importlib.util.find_spec(package) is None), None)
