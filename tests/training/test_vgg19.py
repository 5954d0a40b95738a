"""A feature network learns from labelled photographs, is folded without a difference, and fits --vgg."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage
from safetensors import safe_open
from torch import nn

from srbench import images
from srbench.errors import ImageError, TrainingError, WeightsError
from srbench.training import checkpoints, features, labelled, loop, shipping, vgg19
from srbench.training.duplicates import Screen
from srbench.training.start import Order, start

SIDE = 20
NAMES = ("across", "down", "blobs")


def picture(label: int, seed: int) -> images.Image:
    """Return what each class looks like: lines across, lines down, or blobs, in any colour and at any place."""
    generator = np.random.default_rng((label, seed))
    y, x = np.mgrid[:SIDE, :SIDE] + generator.uniform(0, 9, (2, 1, 1))
    wave = (np.sin(1.5 * y), np.sin(1.5 * x), np.sin(0.5 * x) * np.sin(0.5 * y))[label]
    plane = wave[:, :, None] * generator.uniform(30, 90, 3) + generator.uniform(90, 160, 3)
    return np.clip(plane + generator.normal(0, 5, plane.shape), 0, 255).astype(np.uint8)


def archive(path: Path, **changes: Any) -> Path:
    """Write an archive of 20 photographs of each class; `changes` replace its entries, None takes one out."""
    files = []
    for label in range(len(NAMES)):
        for seed in range(20):
            buffer = io.BytesIO()
            PillowImage.fromarray(picture(label, seed)).save(buffer, "WEBP", quality=90)
            files.append(buffer.getvalue())
    entries: dict[str, Any] = {
        "blob": np.frombuffer(b"".join(files), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]),
        "labels": np.repeat(np.arange(len(NAMES), dtype=np.int16), 20),
        "wnids": np.array(NAMES),
    }
    np.savez(path, **{name: value for name, value in {**entries, **changes}.items() if value is not None})
    return path


@pytest.fixture(scope="module")
def packed_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("labelled") / "set.npz")


def order(data: Path, out: Path, **settings: Any) -> Order:
    small = {"side": SIDE, "crop": 16, "batch": 12, "width": 8, "precision": "fp32", "rate": 2e-3, "steps": 60}
    return Order("vgg19-features", (data,), out, {**small, **settings}, quiet=True, device="cpu")


def lively(width: int = 64) -> vgg19.Classifier:
    """Return a network whose normalisations have statistics and parameters as after training."""
    torch.manual_seed(0)
    network = vgg19.Classifier(5, width)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low in ((module.running_var, 0.3), (module.weight.data, 0.5)):
                tensor.uniform_(low, 1.5)  # type: ignore[union-attr] # it has both
            for tensor in (module.running_mean, module.bias.data):
                tensor.uniform_(-0.3, 0.3)  # type: ignore[union-attr]
    return network.eval()


def test_the_network_is_torchvisions_with_normalisation_and_another_head() -> None:
    import torchvision

    with torch.device("meta"):
        theirs = torchvision.models.vgg19_bn(weights=None).features
        ours = vgg19.Classifier(200)
    for mine, other in zip(ours.features.layers, theirs, strict=False):
        assert type(mine) is type(other)
        assert [p.shape for p in mine.parameters()] == [p.shape for p in other.parameters()]
    assert len(ours.features.layers) == len(theirs) - 1  # all but the last pool
    assert ours.decide.weight.shape == (200, 512)


def test_folding_changes_nothing_in_evaluation() -> None:
    network = lively(16).double()
    plain = vgg19.folded(network).double()
    image = torch.rand(2, 3, 48, 32, dtype=torch.float64) * 2 - 1
    with torch.inference_mode():
        before, after = network.features(image), plain(image)
    assert before.shape == (2, 128, 3, 2)
    assert before.std() > 0.1
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)  # folding ends in 32 bits
    assert not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules())


def test_what_is_stored_loads_as_features_of_every_layer(tmp_path: Path) -> None:
    network = lively()
    path = tmp_path / vgg19.FILE
    vgg19.store(path, network, {"accuracy": 0.5})
    loaded, facts = features.load(str(path), (5, 4))
    assert facts["features"] == "vgg19-features (substitute), phi_5,4"
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.inference_mode():
        wanted, got = network.features(image), loaded(image)
    assert (got - wanted).square().mean().sqrt() < 0.01 * wanted.square().mean().sqrt()  # 16 bits
    features.load(str(path), (2, 2))
    assert path.stat().st_size < 41e6
    with safe_open(path, framework="pt") as file:
        assert json.loads(file.metadata()["card"]) == {"accuracy": 0.5}
        assert file.get_tensor("features.34.weight").dtype == torch.float16


def test_features_of_another_width_are_refused(tmp_path: Path) -> None:
    vgg19.store(tmp_path / "narrow.safetensors", lively(8), {})
    with pytest.raises(WeightsError, match="does not hold the weights of torchvision's VGG19"):
        features.load(str(tmp_path / "narrow.safetensors"), (5, 4))


def test_tiny_says_what_to_do_where_nothing_is_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(features, "TINY", "nowhere.safetensors")
    with pytest.raises(TrainingError, match=r"srbench train vgg19-features.*--vgg FILE"):
        features.load("tiny", (5, 4))


def test_60_steps_lower_the_loss_and_name_held_out_photographs(
    packed_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(loop._Session, "check", lambda _, shown: seen.append(shown["loss"]))
    outcome = start(order(packed_set, tmp_path / "run"))
    assert outcome.step == len(seen) == 60
    assert np.mean(seen[-10:]) < 0.6 * np.mean(seen[:3])
    with safe_open(tmp_path / "run" / vgg19.FILE, framework="pt") as file:
        facts = json.loads(file.metadata()["card"])
    assert facts["accuracy"] > 0.6  # a third by chance
    assert (facts["photographs"], facts["held_out"], facts["steps"]) == (54, 6, 60)
    assert isinstance(shipping.restore(checkpoints.load(tmp_path / "run")), vgg19.Classifier)
    with pytest.raises(TrainingError, match=r"features, which are no method.* Give .*vgg19-features.safetensors to"):
        shipping.ship(tmp_path / "run")


def test_a_stopped_run_goes_on_bit_for_bit_and_writes_features_only_at_its_end(
    packed_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = (order(packed_set, tmp_path / name, steps=8) for name in ("whole", "parts"))
    start(whole)
    original = loop._Session.step

    def step(self: Any, fraction: float) -> None:
        original(self, fraction)
        if self.state.step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(loop._Session, "step", step)
    outcome = start(parts)
    assert (outcome.step, outcome.stopped_by) == (3, "SIGTERM")
    assert not (parts.out / vgg19.FILE).exists()
    start(dataclasses.replace(parts, resume=True))
    first, second = (checkpoints.load(one.out).tensors for one in (whole, parts))
    assert [name for name in first if not torch.equal(first[name], second[name])] == []
    assert (whole.out / vgg19.FILE).read_bytes() == (parts.out / vgg19.FILE).read_bytes()


def test_a_folder_per_class_is_the_same_set_and_sizes_are_made_equal(tmp_path: Path) -> None:
    for label, name in enumerate(NAMES):
        for seed in range(20):
            one = picture(label, seed)
            images.write(tmp_path / name / "images" / f"{seed:02}.png", one if seed else np.tile(one, (2, 3, 1)))
    images.write(tmp_path / NAMES[0] / "images" / "99.png", picture(0, 0)[:, :, 0])
    photos = labelled.read(tmp_path, SIDE, Screen())
    assert photos.classes == tuple(sorted(NAMES))
    assert photos.pixels.shape == (61, SIDE, SIDE, 3)
    assert torch.equal(photos.pixels[1], torch.from_numpy(picture(0, 1)))
    assert torch.bincount(photos.labels).tolist() == [21, 20, 20]
    seen, held = photos.split()
    assert torch.bincount(held.labels).tolist() == [3, 2, 2]
    assert len(seen) + len(held) == 61


def test_photographs_that_look_like_test_images_are_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from srbench.training import duplicates

    archive(tmp_path / "set.npz")
    with np.load(tmp_path / "set.npz") as packed:
        file = packed["blob"][packed["offsets"][25] : packed["offsets"][26]].tobytes()
    known = duplicates.perceptual_hash(images.decode(file, "one"))
    monkeypatch.setattr(duplicates, "stored_hashes", lambda: {"set5/img_001": [known]})
    monkeypatch.setattr(duplicates, "NEAR", 0)
    screen = Screen()
    photos = labelled.read(tmp_path / "set.npz", SIDE, screen)
    assert screen.refused == {"photograph 25": "set5/img_001"}
    assert torch.bincount(photos.labels).tolist() == [20, 19, 20]
    assert "photograph 25: it is, or looks like, the test image set5/img_001 (0 of 64 bits)" in capsys.readouterr().err
    assert len(labelled.read(tmp_path / "set.npz", SIDE, Screen(keep=True))) == 60


def test_crops_are_pieces_of_photographs_mirrored_at_edges_and_processes_share_them(packed_set: Path) -> None:
    photos = labelled.read(packed_set, SIDE, Screen())
    one = torch.tensor([7])
    batch = photos.cut(16, one, torch.tensor([-2]), torch.tensor([8]), torch.tensor([1]))
    padded = np.pad(photos.pixels[7].numpy(), ((4, 4), (4, 4), (0, 0)), mode="reflect")
    wanted = padded[2:18, 12:28][:, ::-1].transpose(2, 0, 1) / 255
    np.testing.assert_allclose(batch.hr[0].numpy(), wanted, rtol=1e-6)
    assert batch.labels.tolist() == [photos.labels[7]]

    whole = photos.draw(16, 6, torch.Generator().manual_seed(1))
    share = photos.draw(16, 6, torch.Generator().manual_seed(1), slice(1, None, 2))
    assert torch.equal(whole.hr[1::2], share.hr)
    assert torch.equal(whole.labels[1::2], share.labels)
    assert whole.hr.is_contiguous(memory_format=torch.channels_last)
    centres = list(photos.centres(16, 25))
    assert [len(part.hr) for part in centres] == [25, 25, 10]
    np.testing.assert_allclose(centres[0].hr[3].permute(1, 2, 0) * 255, photos.pixels[3, 2:18, 2:18], atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(59, dtype=np.int16)}, "60 photographs but 59 labels"),
        ({"labels": np.full(60, 7)}, "3 classes but labels 7 to 7; expected 0 to 2"),
        ({"labels": np.repeat([0, 1], 30)}, "'blobs' has 0"),
        ({"wnids": None}, "has no 'wnids'"),
        ({"offsets": np.arange(61)[::-1]}, "'offsets' of .* do not fit"),
        ({"offsets": np.arange(61) * 10**6}, "'offsets' of .* do not fit"),
        ({"labels": np.zeros(60)}, "are of other kinds"),
        ({"offsets": np.array(3)}, "are of other kinds"),
        ({"wnids": np.array([*NAMES, None], dtype=object)}, "Cannot read labelled photographs"),
    ],
)
def test_an_archive_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        labelled.read(archive(tmp_path / "set.npz", **changes), SIDE, Screen())


def test_a_damaged_archive_or_photograph_is_named(packed_set: Path, tmp_path: Path) -> None:
    data = packed_set.read_bytes()
    for name, damaged in (("short", data[: len(data) // 2]), ("text", b"no archive"), ("empty", b"")):
        (tmp_path / f"{name}.npz").write_bytes(damaged)
        with pytest.raises(TrainingError, match=f"Cannot read labelled photographs from .*{name}.npz"):
            labelled.read(tmp_path / f"{name}.npz", SIDE, Screen())
    flipped = bytearray(data)
    flipped[300] ^= 255  # inside the first entry, whose checksum then is wrong
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(TrainingError, match="Cannot read labelled photographs"):
        labelled.read(tmp_path / "flipped.npz", SIDE, Screen())
    with np.load(packed_set) as entries:
        blob = entries["blob"].copy()
        blob[entries["offsets"][5] :][:40] = 0
    with pytest.raises(ImageError, match=r"set\.npz, photograph 5"):
        labelled.read(archive(tmp_path / "set.npz", blob=blob), SIDE, Screen())


def test_wrong_sets_and_settings_are_refused_in_one_line(packed_set: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="one folder per class"):
        labelled.read(tmp_path / "nowhere", SIDE, Screen())
    images.write(tmp_path / "cats" / "1.png", picture(0, 1))
    with pytest.raises(TrainingError, match="has 1 classes, and 'cats' has 1"):
        labelled.read(tmp_path, SIDE, Screen())
    (tmp_path / "dogs").mkdir()
    with pytest.raises(TrainingError, match=r"found none in .*dogs"):
        labelled.read(tmp_path, SIDE, Screen())
    for settings, message in (({"crop": 29}, "--crop from 16 to 28"), ({"scale": 4}, "has scale 1")):
        with pytest.raises(TrainingError, match=message):
            start(order(packed_set, tmp_path / "run", **settings))
    with pytest.raises(TrainingError, match="one --data and no --validation"):
        start(dataclasses.replace(order(packed_set, tmp_path / "run"), validation=tmp_path))
    assert not (tmp_path / "run").exists()
