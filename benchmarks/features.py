"""Prints which features make the better content loss where ImageNet's VGG19 cannot be had.

python benchmarks/features.py --data PHOTOGRAPHS [--vgg random --vgg FILE] [--steps 300 --batch 4 --crop 96] needs Set14
(SRBENCH_DATA) and prints two tables, one row for each source of features:

1. Ratio: E[content(sharp, hr)] / E[content(blurred, hr)] at phi_2,2 and phi_5,4, over random HR crops, all in -1..1.
   `blurred`, the crop reduced and enlarged by bicubic interpolation x4, is what a network does that returns the mean
   of all it holds possible. `sharp` is a wrong but plausible guess: everything up to 1/8 cycle per pixel is the crop's
   own, everything above comes from the crop shifted by a random vector of 1 to 3 pixels along each axis in a random
   direction, so that its energy is right and its phase is wrong. Above 1 the loss, like MSE (printed beside), prefers
   the blur; below 1 it prefers the guess. Crops are cut from windows with 8 pixels more on each side, because the
   filter and the shift wrap around.
2. Fine-tuning: SRResNet-MSE's shipped weights, trained on by the content loss at phi_5,4 alone (no adversary, and
   MSE only with --anchor), its weight being calibrated as for every substitute. Then PSNR, texture energy, correlation
   and consistency on Set14 as `srbench audit-gan` measures them; before that, the same of where they all start.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from srbench import datasets
from srbench.audit import figures as audit
from srbench.images import Image
from srbench.registry import ImagePair
from srbench.training import duplicates, features, losses, photographs, start, starting
from srbench.training.parallel import join
from srbench.training.patches import Cutter, Shape

LAYERS = ((2, 2), (5, 4))
MARGIN = 8  # of windows around crops
SHIFTS = (1, 3)
GAN = "srgan-vgg54"  # the recipe of the fine-tuning, without its adversary


def main() -> None:
    """Measure each source and print its rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vgg", action="append", help="random, tiny, imagenet or a file; repeat it. Default: random")
    parser.add_argument("--data", action="append", type=Path, required=True, help="photographs; repeat it for more")
    parser.add_argument("--data-root", type=Path, default=os.environ.get("SRBENCH_DATA"))
    parser.add_argument("--steps", type=int, default=300, help="of the fine-tuning; 0 leaves it out")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--anchor", type=float, default=0.0, help="weight of MSE in the fine-tuning")
    parser.add_argument("--crops", type=int, default=64, help="how many the ratios are averaged over")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    sources = arguments.vgg or ["random"]
    hr, sharp, blurred = guesses(arguments.data, arguments.crops, arguments.crop)
    print(f"{'features':40} {'phi_2,2':>8} {'phi_5,4':>8}   sharp / blurred, {arguments.crops} crops")
    print(f"{'none (MSE)':40} {float(losses.pixel(sharp, hr) / losses.pixel(blurred, hr)):17.3f}", flush=True)
    for source in sources:
        ratios = " ".join(f"{ratio(source, layer, hr, sharp, blurred):8.3f}" for layer in LAYERS)
        print(f"{Path(source).name:40} {ratios}", flush=True)
    if arguments.steps:
        pairs = datasets.load("set14", scale=4, data_root=arguments.data_root)
        print(f"\n{'fine-tuned by phi_5,4':40} {'PSNR':>6} {'texture':>8} {'correlation':>11} {'consistency':>11}")
        print(audited("srresnet-mse, untouched", shipped(), pairs), flush=True)
        for source in sources:
            print(audited(f"{Path(source).name}, {arguments.steps} steps", tuned(source, arguments), pairs), flush=True)


def guesses(data: Sequence[Path], count: int, crop: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return `count` HR crops, a sharp guess at each, and each blurred: (N, 3, crop, crop) in -1..1."""
    generator = torch.Generator().manual_seed(0)
    shape = Shape(crop + 2 * MARGIN, 4, enlarge=True)
    decoded, _ = duplicates.decode_without(photographs.find(data))
    batch = Cutter(photographs.pack(decoded, shape.window), shape).draw(count, generator)
    hr = batch.hr * 2 - 1
    assert batch.enlarged is not None
    frequency = torch.fft.fftfreq(hr.shape[-1])
    low = torch.fft.ifft2(torch.fft.fft2(hr) * (torch.hypot(frequency[:, None], frequency) <= audit.FREQUENCY)).real
    length = torch.randint(SHIFTS[0], SHIFTS[1] + 1, (count, 2), generator=generator)
    sign = 2 * torch.randint(2, (count, 2), generator=generator) - 1
    moved = [torch.roll(one, step, (1, 2)) for one, step in zip(hr - low, (length * sign).tolist(), strict=True)]
    inside = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    return hr[inside], (low + torch.stack(moved)).clamp(-1, 1)[inside], (batch.enlarged * 2 - 1)[inside]


def ratio(source: str, layer: tuple[int, int], hr: Tensor, sharp: Tensor, blurred: Tensor) -> float:
    """Return the mean content loss of the sharp guesses over that of the blurred ones."""
    content = losses.Content(features.load(source, layer)[0])
    total = torch.zeros(2)
    with torch.inference_mode():
        for one, *others in zip(hr.split(8), sharp.split(8), blurred.split(8), strict=True):
            total += torch.stack([content(other, one) * len(one) for other in others])
    return float(total[0] / total[1])


def shipped() -> nn.Module:
    """Return SRResNet-MSE as it ships."""
    recipe = start.recipes()["srresnet-mse"]
    network = recipe.network(recipe.config)
    starting.load(network, None, "srresnet", 4)
    return network.eval()


def tuned(source: str, arguments: argparse.Namespace) -> nn.Module:
    """Return SRResNet-MSE after fine-tuning by the content loss of `source`."""
    settings = {name: getattr(arguments, name) for name in ("steps", "batch", "crop", "rate", "anchor")}
    settings |= {"vgg": source, "adversarial": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        order = start.Order(GAN, tuple(arguments.data), Path(folder) / "run", settings, quiet=True)
        return start.start(order).network


def audited(title: str, network: nn.Module, pairs: Sequence[ImagePair]) -> str:
    """Return the table's row for `network`."""
    recipe = start.recipes()[GAN]
    plain = {"layer": None, "adversarial": 0.0, "steps": 1, "precision": "fp32"}
    task = recipe.task(start.configure(recipe, plain), join("auto"))

    def upscale(pair: ImagePair) -> Image:
        with torch.inference_mode():
            lr = torch.tensor(photographs.rgb(pair.lr())).permute(2, 0, 1)[None].float().to(task.team.device)
            sr = task.upscale(network, lr)[0].permute(1, 2, 0).cpu().numpy()
        if pair.lr().ndim == 2:  # as for every RGB network here
            sr = sr.mean(2)
        image: Image = np.clip(np.floor(sr + 0.5), 0, 255).astype(np.uint8)
        return image

    figures = audit.measure(title, upscale, pairs)
    values = f"{figures.psnr:6.2f} {figures.texture:8.3f} {figures.correlation:11.3f} {figures.consistency:11.1f}"
    return f"{title:40} {values}"


if __name__ == "__main__":
    main()
