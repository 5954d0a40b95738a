"""Batches: images of equal size are enlarged together, and nothing else about a run is other than without them."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from srbench import bench, images, registry
from srbench.bench import batches, results
from srbench.bench.interrupt import Interrupt
from srbench.bench.messages import Enlarging
from srbench.bench.plan import ImageTask
from srbench.bench.pool import LocalPool
from srbench.bench.rows import ImageOutcome, Score
from srbench.datasets import ImagePair
from srbench.errors import ImageError
from srbench.registry import Setup


def enlarged(lr: Any, scale: int) -> Any:
    return lr.repeat(scale, 0).repeat(scale, 1)


class Together:
    """Enlarges several at once, and notes how many, and of how many sizes."""

    path = "network of a test"

    def __init__(self, setup: Setup) -> None:
        self.scale = setup.scale

    def __call__(self, lr: Any) -> Any:
        return self.batch([lr])[0]

    def batch(self, several: list[Any]) -> list[Any]:
        with open(os.environ["SEEN"], "a") as seen:  # noqa: PTH123 - it travels to workers
            seen.write(f"{len(several)} {len({lr.shape[:2] for lr in several})}\n")
        for lr in several:
            self.look(lr)
        return [enlarged(lr, self.scale) for lr in several]

    def look(self, lr: Any) -> None:
        """Nothing disturbs it."""


class DarkOnly(Together):
    def look(self, lr: Any) -> None:
        if lr.mean() > 128:
            raise RuntimeError("cannot do bright images")


class DiesOfLight(Together):
    def look(self, lr: Any) -> None:
        if lr.mean() > 128:
            os.kill(os.getpid(), signal.SIGSEGV)


class Loses(Together):
    def batch(self, several: list[Any]) -> list[Any]:
        return super().batch(several)[: max(1, len(several) - 1)]


class Unloadable(Together):
    def __init__(self, setup: Setup) -> None:
        raise ValueError("no such card")


def alone(lr: Any, scale: int) -> Any:
    return enlarged(lr, scale)


SIZES = ((24, 32), (32, 24), (24, 32), (24, 32), (32, 24), (24, 32), (24, 32))
BRIGHT = 3


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven images of two sizes, one of them gray and one bright."""
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    for i, (height, width) in enumerate(SIZES):
        shape = (height, width) if i == 1 else (height, width, 3)
        low, high = (200, 250) if i == BRIGHT else (10, 100)
        images.write(folder / f"p{i}.png", np.random.default_rng(i).integers(low, high, shape).astype(np.uint8))
    return folder


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for each batch: how many images, and of how many sizes."""
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


def run(pictures: Path, out: Path, methods: Any, batch: int, **options: Any) -> bench.RunResults:
    return bench.run(methods, pictures, out=out, scale=2, jobs=1, batch=batch, device="cpu", **options)


def columns(finished: bench.RunResults) -> pd.DataFrame:
    """What must be the same, however images were computed."""
    return finished.scores.drop(columns=["seconds", "peak_mb", "path"])


def test_a_run_with_batches_has_the_pictures_and_scores_of_one_without(
    pictures: Path, seen: Path, tmp_path: Path
) -> None:
    methods = [Together, "bicubic", alone]
    plain = run(pictures, tmp_path / "plain", methods, 0)
    seen.unlink()
    batched = run(pictures, tmp_path / "batched", methods, 3)
    pd.testing.assert_frame_equal(columns(batched), columns(plain), check_exact=True)
    assert batched.info["images_sha256"] == plain.info["images_sha256"]
    assert len(batched.info["images_sha256"]) == len(SIZES) * len(methods)
    sizes = [tuple(map(int, line.split())) for line in seen.read_text().splitlines()]
    assert max(size for size, _ in sizes) == 3
    assert {different for _, different in sizes} == {1}
    assert sum(size for size, _ in sizes) == len(SIZES)


def test_a_network_in_batches_is_at_most_a_rounding_away(pictures: Path, tmp_path: Path) -> None:
    # torch computes small inputs with other kernels than large ones, and a batch is larger than an image.
    plain, batched = (run(pictures, tmp_path / str(batch), "espcn", batch) for batch in (0, 4))
    for (_, one), (_, other) in zip(plain.scores.iterrows(), batched.scores.iterrows(), strict=True):
        assert one["value"] == pytest.approx(other["value"], abs=1e-3)
    for number in range(len(SIZES)):
        one, other = (images.read(tmp_path / f"{b}/images/espcn/mine/p{number}.png").astype(int) for b in (0, 4))
        assert np.abs(one - other).max() <= 1


def test_a_row_says_how_many_were_computed_together_and_has_its_part_of_the_time(
    pictures: Path, seen: Path, tmp_path: Path
) -> None:
    finished = run(pictures, tmp_path / "r", [Together, alone], 4, metrics="psnr")
    paths = {str(name): Counter(rows["path"]) for name, rows in finished.scores.groupby("method")}
    # The landscapes are five, the portraits two.
    assert paths["Together"] == {
        "network of a test, 4 together": 4,
        "network of a test, 2 together": 2,
        "network of a test": 1,
    }
    assert paths["alone"] == {"": len(SIZES)}
    four = finished.scores[finished.scores["path"] == "network of a test, 4 together"]
    assert len(set(four["seconds"])) == 1
    assert (finished.scores["seconds"] >= 0).all()


def test_one_bad_image_fails_alone(pictures: Path, seen: Path, tmp_path: Path) -> None:
    scores = run(pictures, tmp_path / "r", DarkOnly, 4, metrics="psnr").scores
    failed = scores[scores["status"] != "ok"]
    assert failed["image"].tolist() == [f"p{BRIGHT}"]
    assert failed["message"].tolist() == ["RuntimeError: cannot do bright images"]


def test_a_crash_in_a_batch_costs_only_the_image_that_causes_it(pictures: Path, seen: Path, tmp_path: Path) -> None:
    scores = run(pictures, tmp_path / "r", [DiesOfLight, Together], 4, metrics="psnr").scores
    failed = scores[scores["status"] != "ok"]
    assert failed[["method", "image"]].to_numpy().tolist() == [["DiesOfLight", f"p{BRIGHT}"]]
    assert failed["message"].tolist() == ["The worker process died in this method, a crash in native code (SIGSEGV)."]
    assert len(scores) == 2 * len(SIZES)


def test_a_method_that_returns_too_few_images_is_refused_and_then_asked_one_by_one(
    pictures: Path, seen: Path, tmp_path: Path
) -> None:
    scores = run(pictures, tmp_path / "r", Loses, 4, metrics="psnr").scores
    assert set(scores["status"]) == {"ok"}
    assert set(scores["path"]) == {"network of a test"}


def test_a_method_that_cannot_be_loaded_fails_on_every_image(pictures: Path, seen: Path, tmp_path: Path) -> None:
    scores = run(pictures, tmp_path / "r", [Unloadable, "nearest"], 4, metrics="psnr").scores
    by_method = {str(name): set(rows["message"]) for name, rows in scores.groupby("method")}
    assert by_method == {"Unloadable": {"ValueError: no such card"}, "nearest": {""}}


def test_a_picture_that_only_lacks_a_score_is_not_made_again(pictures: Path, seen: Path, tmp_path: Path) -> None:
    first = run(pictures, tmp_path / "r", Together, 4, metrics="psnr", limit=3)
    assert len(first.scores) == 3
    before = seen.read_text()
    again = run(pictures, tmp_path / "r", Together, 4, limit=3)
    assert set(again.scores["metric"]) == {"psnr", "ssim"}
    assert seen.read_text() == before  # pictures are there: only SSIM was missing


def task(pictures: Path, number: int, run: Path, method: str = "espcn") -> ImageTask:
    path = pictures / f"p{number}.png"
    pair = ImagePair("mine", path.stem, 2, path, images.file_sha256(path))
    blank = ImageOutcome("mine", path.stem, method, "key", "", np.nan, np.nan, "", "ok", "")
    return ImageTask(pair, method, Setup(2), run, (Score("daala", "1", "psnr", "", np.nan),), blank)


def test_who_enlarges_says_what_it_is_about_to_do_and_answers_when_the_picture_is_there(
    pictures: Path, seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[Any] = []
    with batches.BatchWorker(8, said.append) as worker:
        worker.read([task(pictures, i, Path("r")) for i in range(3)])
        assert worker.next_spec == "espcn"
        worker.enlarge()
        worker.enlarge()
        assert worker.next_spec == ""
    groups = [message.places for message in said if isinstance(message, Enlarging)]
    assert [[place[2] for place in group] for group in groups] == [["p0"], ["p0", "p2"], ["p1"], ["p1"]]
    outcomes = [message for message in said if isinstance(message, ImageOutcome)]
    assert sorted(outcome.image for outcome in outcomes) == ["p0", "p1", "p2"]
    for outcome in outcomes:
        assert outcome.scores == ()
        assert images.file_sha256(results.image_path(tmp_path / "r", *outcome.place)) == outcome.sha256


def test_an_input_that_changed_meanwhile_ends_the_run(pictures: Path, seen: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    for number in range(2):
        images.write(changed / f"p{number}.png", np.full((8, 8, 3), 60 + number, np.uint8))
    given = [task(changed, number, tmp_path / "r") for number in range(2)]
    images.write(changed / "p1.png", np.full((8, 8, 3), 90, np.uint8))
    pool = LocalPool(1, batch=4)
    with Interrupt() as interrupt, pytest.raises(ImageError, match="was changed after"):
        list(pool.outcomes(given, interrupt))


def test_what_may_use_a_device_is_known_without_loading_it() -> None:
    using = {method.name for method in registry.methods() if method.may_use_device}
    assert {"srresnet-mse", "espcn", "spandrel", "onnx"} <= using
    assert not {"bicubic", "nearest", "selfexsr", "hr", "results"} & using


def test_rows_of_batches_are_continued_without_them(pictures: Path, seen: Path, tmp_path: Path) -> None:
    run(pictures, tmp_path / "r", Together, 4)
    lines = (tmp_path / "r" / "journal.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["image"] for line in lines) == [f"p{i}" for i in range(len(SIZES))]
    run(pictures, tmp_path / "r", Together, 0)
    assert (tmp_path / "r" / "journal.jsonl").read_text().splitlines() == lines
    assert seen.read_text().count("\n") == 3  # and not computed again: four landscapes, two portraits, the fifth
