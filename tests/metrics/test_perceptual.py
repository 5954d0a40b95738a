"""LPIPS and DISTS on networks with random weights: the formulas of the papers, computed directly."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
import torchmetrics
import torchvision
from torch import nn

from srbench import metrics, resize
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics import downloads, perceptual

SHIPPED = Path(torchmetrics.__file__).parent / "functional" / "image"
MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@pytest.fixture
def pair() -> tuple[Image, Image]:
    hr = np.ascontiguousarray(skimage.data.astronaut()[40:124, 180:268])
    return resize.enlarge(resize.reduce(hr, 4), 4), hr


def vgg_features() -> nn.Sequential:
    torch.manual_seed(7)
    return torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"]).eval()


def alex_features() -> nn.Sequential:
    torch.manual_seed(7)
    convolutions = [
        (3, 64, 11, 4, 2),
        (64, 192, 5, 1, 2),
        (192, 384, 3, 1, 1),
        (384, 256, 3, 1, 1),
        (256, 256, 3, 1, 1),
    ]
    layers: list[nn.Module] = []
    for number, (into, out, size, stride, padding) in enumerate(convolutions):
        layers += [nn.Conv2d(into, out, size, stride, padding), nn.ReLU(inplace=True)]
        layers += [nn.MaxPool2d(3, 2)] if number in (0, 1, 4) else []
    return nn.Sequential(*layers).eval()


@pytest.fixture
def random_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    # In the place of 760 MB of weights: the networks' convolutions, random.
    def features_of(make: Any) -> Any:
        return lambda weights=None: SimpleNamespace(features=make())

    monkeypatch.setattr(torchvision.models, "alexnet", features_of(alex_features))
    monkeypatch.setattr(torchvision.models, "vgg16", features_of(vgg_features))
    monkeypatch.setattr("torchmetrics.functional.image.dists.vgg16", features_of(vgg_features))
    perceptual._network.cache_clear()
    yield
    perceptual._network.cache_clear()


def tensors(pair: tuple[Image, Image]) -> list[torch.Tensor]:
    return [torch.tensor(image[4:-4, 4:-4].copy()).permute(2, 0, 1)[None] / 255 for image in pair]


def taps(features: nn.Sequential, x: torch.Tensor, places: tuple[int, ...]) -> list[torch.Tensor]:
    found = []
    for number, layer in enumerate(features):
        x = layer(x)
        if number in places:
            found.append(x.clone())  # the next layer works in place
    return found


def direct_lpips(pair: tuple[Image, Image], features: nn.Sequential, places: tuple[int, ...], name: str) -> float:
    """Equation 1 of the paper, with the weights of its authors' lin layers."""
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, y = (((2 * image - 1) - shift[:, None, None]) / scale[:, None, None] for image in tensors(pair))
    weights = torch.load(SHIPPED / "lpips_models" / f"{name}.pth", map_location="cpu", weights_only=True)
    total = 0.0
    with torch.no_grad():
        for k, (a, b) in enumerate(zip(taps(features, x, places), taps(features, y, places), strict=True)):
            a, b = (f / (f.pow(2).sum(1, keepdim=True).sqrt() + 1e-10) for f in (a, b))
            total += float(((a - b) ** 2 * weights[f"lin{k}.model.1.weight"]).sum(1).mean())
    return total


@pytest.mark.usefixtures("random_networks")
def test_lpips_is_the_weighted_distance_of_normalised_features(pair: tuple[Image, Image]) -> None:
    found = metrics.evaluate(*pair, scale=4, names=["lpips-alex", "lpips-vgg"])
    assert found["lpips-alex"] == pytest.approx(direct_lpips(pair, alex_features(), (1, 4, 7, 9, 11), "alex"), rel=1e-4)
    assert found["lpips-vgg"] == pytest.approx(direct_lpips(pair, vgg_features(), (3, 8, 15, 22, 29), "vgg"), rel=1e-4)


def l2_pooled(features: nn.Sequential) -> nn.Sequential:
    class Pool(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            line = torch.hann_window(5, periodic=False)[1:-1]
            kernel = torch.outer(line, line) / torch.outer(line, line).sum()
            kernel = kernel.expand(x.shape[1], 1, 3, 3)
            return (nn.functional.conv2d(x**2, kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()

    return nn.Sequential(*(Pool() if isinstance(layer, nn.MaxPool2d) else layer for layer in features))


@pytest.mark.usefixtures("random_networks")
def test_dists_is_what_structure_and_texture_leave_of_one(pair: tuple[Image, Image]) -> None:
    weights = torch.load(SHIPPED / "dists_models" / "weights.pt", weights_only=True)
    x, y = tensors(pair)
    network = l2_pooled(vgg_features())
    places = (3, 8, 15, 22, 29)
    with torch.no_grad():
        stages = [
            [image, *taps(network, (image - MEAN[:, None, None]) / DEVIATION[:, None, None], places)]
            for image in (x, y)
        ]
    total, at = 0.0, 0
    for a, b in zip(*stages, strict=True):
        a, b = (f[0].flatten(1).double() for f in (a, b))
        ma, mb = a.mean(1), b.mean(1)
        texture = (2 * ma * mb + 1e-6) / (ma**2 + mb**2 + 1e-6)
        covariance = ((a - ma[:, None]) * (b - mb[:, None])).mean(1)
        structure = (2 * covariance + 1e-6) / (a.var(1, correction=0) + b.var(1, correction=0) + 1e-6)
        alpha, beta = (weights[key].flatten()[at : at + len(a)].double() for key in ("alpha", "beta"))
        total += float((alpha * texture + beta * structure).sum())
        at += len(a)
    expected = 1 - total / float(weights["alpha"].sum() + weights["beta"].sum())
    assert metrics.evaluate(*pair, scale=4, names=["dists"])["dists"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("file", "sha256"),
    [
        ("lpips_models/alex.pth", "718a8b40b0d22f96192d34ab93c0db5c7943558ff6c2407f44812dce2f29b5f4"),
        ("lpips_models/vgg.pth", "9153a2043dccf3b525d4f13db916e93ef040548ea923b6f2100de5ebac141a78"),
        ("dists_models/weights.pt", "7c2e5100877a8207f0d6754d6cb5611d54dc781cff01124d96f9c8bbbbebb610"),
    ],
)
def test_the_learned_weights_of_the_distances_are_the_authors_own(file: str, sha256: str) -> None:
    """The sums are those of the numbers in the authors' packages, lpips 0.1.4 (v0.1) and DISTS_pytorch 0.1."""
    weights = torch.load(SHIPPED / file, map_location="cpu", weights_only=True)
    numbers = b"".join(weights[name].numpy().astype("<f4").tobytes() for name in sorted(weights))
    assert hashlib.sha256(numbers).hexdigest() == sha256


@pytest.mark.usefixtures("random_networks")
@pytest.mark.parametrize("name", ["lpips-alex", "dists"])
def test_a_score_does_not_depend_on_what_was_scored_before(name: str, pair: tuple[Image, Image]) -> None:
    other = tuple(np.ascontiguousarray(image[:, ::-1][:60]) for image in pair)
    first = metrics.evaluate(*pair, scale=4, names=[name])[name]
    between = metrics.evaluate(*other, scale=4, names=[name])[name]
    assert metrics.evaluate(*pair, scale=4, names=[name])[name] == first != between
    assert metrics.evaluate(pair[1], pair[1], scale=4, names=[name])[name] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "file"),
    [("lpips-alex", downloads.ALEXNET), ("lpips-vgg", downloads.VGG16), ("dists", downloads.VGG16)],
)
def test_without_a_network_the_message_says_which_file_and_it_is_asked_for_once(
    name: str, file: downloads.WeightFile, pair: tuple[Image, Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SRBENCH_WEIGHTS", raising=False)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # the discard port: nothing listens
    monkeypatch.setenv("no_proxy", "")
    perceptual._network.cache_clear()
    for _ in range(2):
        with pytest.raises(MetricError, match=f"{file.name} .*sha256 {file.sha256}, {file.address}.*SRBENCH_WEIGHTS"):
            metrics.evaluate(*pair, scale=4, names=[name])
    assert perceptual._network.cache_info().hits == 1, "it asked for the weights again"
    perceptual._network.cache_clear()


def test_small_pictures_are_refused_before_anything_is_fetched() -> None:
    x = np.zeros((60, 36, 3), np.uint8)
    with pytest.raises(MetricError, match=r"LPIPS \(AlexNet\) needs 32 pixels each way .*; 28x52 are left"):
        metrics.evaluate(x, x, scale=4, names=["lpips-alex"])


def test_weights_are_told_by_the_hash_in_their_names() -> None:
    for file in (downloads.ALEXNET, downloads.VGG16, downloads.INCEPTION):
        assert file.sha256.startswith(file.name.removesuffix(".pth").rpartition("-")[2])
        assert file.address.endswith(file.name)
    assert hashlib.sha256().digest_size * 2 == len(replace(downloads.VGG16).sha256)
