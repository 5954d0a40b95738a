"""Both VGG networks, in both conventions of input, give what independent code gives, up to the outermost pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors.torch import save_file

from srbench.errors import TrainingError, WeightsError
from srbench.training import vgg
from srbench.training.vgg import CAFFE, TORCHVISION
from tests.training.conftest import Pairs, named, narrow


def picture(number: int, height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    """Return one of three pictures made of whole numbers only."""
    y, x = np.mgrid[:height, :width]
    planes = [y * (3 + number) + x * (5 + 2 * c) + (y * x * (number + 1)) // (7 + c) + 40 * c for c in range(3)]
    return (np.stack(planes, axis=2) % 256).astype(np.uint8)


def seen(number: int, **size: int) -> torch.Tensor:
    """Return a picture as networks see it: (1, 3, H, W) in -1..1."""
    return torch.from_numpy(picture(number, **size)).permute(2, 0, 1)[None].float() / 127.5 - 1


def by_hand(network: str, pairs: Pairs, layer: vgg.Layer, image: NDArray[np.uint8], bgr: bool) -> NDArray[Any]:
    """Return the maps (C, h, w) computed by numpy: normalised, then padded with zeros, correlated, rectified."""
    maps = image.astype(np.float64).transpose(2, 0, 1)
    if bgr:
        maps = maps[::-1] - np.array([103.939, 116.779, 123.68])[:, None, None]
    else:
        mean, std = (np.array(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        maps = (maps / 255 - mean) / std
    for i, j in vgg.through(network):
        if (i, j) > layer:
            break
        if j == 1 and i > 1:
            height, width = (n // 2 * 2 for n in maps.shape[1:])
            maps = maps[:, :height, :width].reshape(len(maps), height // 2, 2, width // 2, 2).max((2, 4))
        kernel, bias = (tensor.double().numpy() for tensor in pairs[i, j])
        windows = sliding_window_view(np.pad(maps, ((0, 0), (1, 1), (1, 1))), (3, 3), (1, 2))
        maps = np.maximum(np.einsum("oirs,ihwrs->ohw", kernel, windows) + bias[:, None, None], 0)
    return maps


@pytest.mark.parametrize("network", ["VGG16", "VGG19"])
@pytest.mark.parametrize("style", ["torchvision", "keras", "halves"])
@pytest.mark.parametrize("layer", [(2, 2), (5, 3)])
def test_a_file_of_either_network_and_convention_gives_the_maps_that_numpy_gives(
    tmp_path: Path, network: str, style: str, layer: vgg.Layer
) -> None:
    pairs = narrow(network)
    if style == "halves":
        pairs = {place: (kernel.half().float(), bias) for place, (kernel, bias) in pairs.items()}
    save_file(named(network, pairs, style), tmp_path / "some.safetensors")
    weights = vgg.read(tmp_path / "some.safetensors")
    assert weights.network == network
    assert weights.input == (TORCHVISION if style == "torchvision" else CAFFE)
    features = vgg.Features(weights, layer).double()
    for number in range(3):
        expected = by_hand(network, pairs, layer, picture(number, 37, 50), bgr=style != "torchvision")
        with torch.no_grad():
            maps = features(seen(number, height=37, width=50).double())[0][0].numpy()
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_the_first_layers_bias_could_not_hold_the_mean_at_the_border() -> None:
    # The shortcut that must not be taken: it is right inside, and wrong in the outermost pixels.
    features = vgg.Features(vgg.Weights("VGG16", CAFFE, narrow("VGG16")), (1, 1))
    first = features.layers[0]
    image = seen(0)
    mean = features.mean.flatten()
    folded = first.bias - (first.weight.sum((2, 3)) * mean).sum(1)
    with torch.no_grad():
        short = torch.relu(torch.nn.functional.conv2d((image + 1) * 127.5, first.weight, folded, padding=1))
        (right,) = features(image)
    assert torch.allclose(short[..., 1:-1, 1:-1], right[..., 1:-1, 1:-1], atol=1e-2)
    assert (short - right)[..., 0, :].abs().max() > 10


@pytest.mark.parametrize(("network", "letter"), [("VGG16", "D"), ("VGG19", "E")])
def test_the_networks_are_torchvisions_layer_by_layer(network: str, letter: str) -> None:
    from torchvision.models.vgg import cfgs, make_layers
    from torchvision.transforms.functional import normalize

    torch.manual_seed(2)
    theirs = make_layers([n if n == "M" else n // 8 for n in cfgs[letter]], batch_norm=False)
    tensors = {f"features.{name}": tensor for name, tensor in theirs.state_dict().items()}
    ours = vgg.Features(vgg.recognise(tensors, TORCHVISION, "torchvision"), (5, 4))
    image = torch.rand(2, 3, 48, 33)
    with torch.no_grad():
        expected = theirs[:-1](normalize(image, TORCHVISION.mean, TORCHVISION.std))
        assert torch.allclose(ours(image * 2 - 1)[0], expected, atol=1e-6)


@pytest.mark.parametrize("wanted", [((5, 4), (1, 2), (3, 4)), ((2, 2), (4, 4), (2, 1))])
def test_several_layers_come_in_the_order_asked_for_from_one_pass(wanted: tuple[vgg.Layer, ...]) -> None:
    weights = vgg.Weights("VGG16", CAFFE, narrow("VGG16"))
    features = vgg.Features(weights, *wanted)
    image = seen(0)
    with torch.no_grad():
        found = features(image)
        for layer, maps in zip(wanted, found, strict=True):
            assert torch.equal(maps, vgg.Features(weights, layer)(image)[0])
    assert len(features.layers) == max(len(vgg.Features(weights, layer).layers) for layer in wanted)


def test_layers_are_named_as_in_vgg19_and_stages_of_vgg16_end_earlier() -> None:
    assert [len(vgg.through(network)) for network in ("VGG16", "VGG19")] == [13, 16]
    assert vgg.place("VGG16", (3, 4)) == (3, 3)
    for layer in ((6, 1), (0, 1), (2, 3), (5, 5)):
        with pytest.raises(TrainingError, match=f"no layer {layer[0]},{layer[1]}"):
            vgg.place("VGG16", layer)


def test_metadata_decide_about_the_input_before_names_do(tmp_path: Path) -> None:
    tensors = named("VGG16", narrow("VGG16"), "torchvision")
    save_file(tensors, tmp_path / "a.safetensors", {"input": "BGR, 0..255, minus the mean"})
    save_file(tensors, tmp_path / "b.safetensors", {"input": "anything else"})
    assert vgg.read(tmp_path / "a.safetensors").input == CAFFE
    assert vgg.read(tmp_path / "b.safetensors").input == TORCHVISION


def test_dense_layers_and_files_of_torch_are_no_obstacle(tmp_path: Path) -> None:
    tensors = named("VGG19", narrow("VGG19"), "torchvision")
    torch.save({**tensors, "classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg.pth")
    weights = vgg.read(tmp_path / "vgg.pth")
    assert weights.network == "VGG19"
    assert torch.equal(weights.convolutions[5, 4][0], tensors["features.34.weight"])


def test_what_is_no_vgg_network_gets_one_line(tmp_path: Path) -> None:
    whole = named("VGG16", narrow("VGG16"), "halves")
    lacking = {name: tensor for name, tensor in whole.items() if name != "block4_conv2.bias"}
    wrong = {**whole, "block3_conv1.weight": torch.zeros(6, 5, 3, 3)}
    flat = {**whole, "block1_conv1.weight": torch.zeros(4), "block1_conv1.bias": torch.zeros(2, 2)}
    cases: list[tuple[dict[str, torch.Tensor], str]] = [
        (lacking, r"neither VGG16 nor VGG19.*holds 25 tensors such as 'block1_conv1.bias'"),
        ({"other": torch.zeros(1)}, "holds 1 tensors such as 'other'"),
        ({}, "holds no tensors"),
        (wrong, r"convolution 3,1 has a kernel of shape \(6, 5, 3, 3\).*expected \(out, 4, 3, 3\)"),
        (flat, r"convolution 1,1 has a kernel of shape \(4,\)"),
    ]
    for tensors, message in cases:
        save_file(tensors, tmp_path / "odd.safetensors")
        with pytest.raises(WeightsError, match=message) as caught:
            vgg.read(tmp_path / "odd.safetensors")
        assert "\n" not in str(caught.value)


def test_a_missing_or_damaged_file_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Found no VGG weights 'nothing'"):
        vgg.read(Path("nothing"))
    for name in ("bad.pth", "bad.safetensors"):
        (tmp_path / name).write_bytes(b"no weights")
        with pytest.raises(WeightsError, match="Cannot read VGG weights from") as caught:
            vgg.read(tmp_path / name)
        assert "\n" not in str(caught.value)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="Cannot read VGG weights from"):
        vgg.read(tmp_path / "list.pth")


# Mean, root mean square, sums at both corners, and the largest value of position (1, 2) with its channel: of the
# pictures above, by keras.applications.VGG16 (Keras 3.15, torch backend) and its own preprocess_input.
KERAS = {
    (2, 2): [
        (536.4390869, 1183.418476, 31749.12891, 46969.78906, 2557.380859, 38),
        (580.4143677, 1260.745515, 31859.0, 41421.15625, 2541.084473, 38),
        (577.6926880, 1209.155524, 32019.96094, 37219.50781, 2529.265137, 38),
    ],
    (5, 4): [
        (3.248126030, 13.60247579, 2379.856934, 1601.936768, 208.3721466, 53),
        (2.897873163, 12.96012376, 2166.354492, 1456.761963, 181.8438415, 53),
        (2.064130545, 10.08877300, 1369.620605, 1122.748901, 134.8964081, 53),
    ],
}


@pytest.mark.parametrize("layer", list(KERAS))
def test_vgg16_of_imagenet_gives_the_features_that_keras_gives(shared: Path, layer: vgg.Layer) -> None:
    path = shared / "features" / "vgg16_imagenet.safetensors"
    if not path.is_file():
        pytest.skip(f"needs {path.name}, see docs/training.md for how to make it")
    features = vgg.Features(vgg.read(path), layer)
    for number, expected in enumerate(KERAS[layer]):
        with torch.no_grad():
            maps = features(seen(number))[0][0].double()
        spot = maps[:, 1, 2]
        figures = [maps.mean(), maps.square().mean().sqrt(), maps[:, 0, 0].sum(), maps[:, -1, -1].sum(), spot.max()]
        assert [float(value) for value in figures] == pytest.approx(expected[:5], rel=2e-4)
        assert int(spot.argmax()) == expected[5]
