"""Metrics whose networks lie in the user's folder: the same random weights in the authors' own packages."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import DISTS_pytorch
import lpips
import numpy as np
import pytest
import pytorch_fid.inception
import skimage.data
import torch
import torchvision

from srbench import images, metrics, resize
from srbench.images import Image
from srbench.metrics import downloads, perceptual, sets
from srbench.metrics.downloads import WeightFile


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that SRBENCH_WEIGHTS names; nothing else can be had, and no network is kept from another test."""
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # the discard port: nothing listens
    perceptual._network.cache_clear()
    sets._inception.cache_clear()
    yield tmp_path
    perceptual._network.cache_clear()
    sets._inception.cache_clear()


@pytest.fixture
def pair() -> tuple[Image, Image]:
    hr = np.ascontiguousarray(skimage.data.astronaut()[40:116, 180:260])
    return resize.enlarge(resize.reduce(hr, 4), 4), hr


def put(folder: Path, file: WeightFile, network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write random weights of `network` under the file's name, and let them pass for the published ones."""
    generator = torch.Generator().manual_seed(11)
    state = {}
    for name, tensor in network.state_dict().items():
        if name.startswith("classifier"):  # no metric looks at them: one number, seen at every place
            state[name] = torch.zeros(1).expand(tensor.shape)
        elif name.endswith("running_var"):
            state[name] = torch.rand(tensor.shape, generator=generator) + 0.5
        elif tensor.is_floating_point():
            fan = tensor[0].numel() if tensor.ndim > 1 else 100
            state[name] = torch.randn(tensor.shape, generator=generator) * (2 / fan) ** 0.5
        else:
            state[name] = torch.zeros(tensor.shape, dtype=tensor.dtype)
    torch.save(state, folder / file.name)
    real = downloads.file_sha256
    monkeypatch.setattr(downloads, "file_sha256", lambda p: file.sha256 if p.name == file.name else real(p))


def on_meta(make: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    with torch.device("meta"):
        return make()


def quietly(make: Callable[[], Any]) -> Any:
    """Return what the authors' package makes with the weights of the folder; it asks in deprecated ways."""
    with downloads.offered(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def shares(pair: tuple[Image, Image]) -> list[torch.Tensor]:
    return [torch.tensor(images.shave(image, 4).copy()).permute(2, 0, 1)[None] / 255 for image in pair]


@pytest.mark.parametrize(
    ("name", "net", "file"), [("lpips-alex", "alex", downloads.ALEXNET), ("lpips-vgg", "vgg", downloads.VGG16)]
)
def test_lpips_of_a_file_in_the_folder_is_its_authors(
    name: str, net: str, file: WeightFile, folder: Path, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = torchvision.models.alexnet if net == "alex" else torchvision.models.vgg16
    put(folder, file, on_meta(network), monkeypatch)
    found = metrics.evaluate(*pair, scale=4, names=[name])[name]
    theirs = quietly(lambda: lpips.LPIPS(net=net, verbose=False).eval())
    with torch.inference_mode():
        expected = float(theirs(*shares(pair), normalize=True))
    assert found == pytest.approx(expected, rel=1e-5)
    assert expected > 0.01


def test_dists_of_a_file_in_the_folder_is_its_authors(
    folder: Path, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, downloads.VGG16, on_meta(torchvision.models.vgg16), monkeypatch)
    found = metrics.evaluate(*pair, scale=4, names=["dists"])["dists"]
    theirs = quietly(lambda: DISTS_pytorch.DISTS().eval())
    with torch.inference_mode():
        expected = float(theirs(*shares(pair)))
    assert found == pytest.approx(expected, rel=1e-4)
    assert expected > 0.01


def fid_network(monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """The network of pytorch-fid before it asks for its weights."""
    with monkeypatch.context() as patched:
        patched.setattr(pytorch_fid.inception, "load_state_dict_from_url", lambda *_, **__: {})
        patched.setattr(torchvision.models.Inception3, "load_state_dict", lambda *_: None)
        return on_meta(pytorch_fid.inception.fid_inception_v3)


def test_features_of_fid_and_kid_of_a_file_in_the_folder_are_those_of_pytorch_fid(
    folder: Path, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, downloads.INCEPTION, fid_network(monkeypatch), monkeypatch)
    sr, hr = pair
    (kid,) = metrics.set_scores([sr], [hr], names=["kid"], patch=40)
    theirs = quietly(lambda: pytorch_fid.inception.InceptionV3().eval())

    def features(image: Image) -> np.ndarray:
        batch = torch.tensor(sets.patches(image, 40)).permute(0, 3, 1, 2) / 255
        with torch.inference_mode():
            return theirs(batch)[0][..., 0, 0].double().numpy()

    of_sr, of_hr = features(sr), features(hr)
    np.testing.assert_allclose(sets._on_inception(sets.patches(hr, 40)), of_hr, rtol=1e-4, atol=1e-5)
    assert kid.value == pytest.approx(sets.kernel_distance(of_sr, of_hr), rel=1e-3)
    assert kid.settings.startswith("Inception of 2015-12-05, 2048 features")
