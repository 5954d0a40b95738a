"""What run.json says of the images of a data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from srbench.bench.provenance import known_images
from srbench.datasets import ImagePair

PAIRS = [ImagePair("p", name, 4, Path(f"{name}.png"), name * 64) for name in "abc"]
WITH_LR = [replace(pair, lr_path=Path("lr.png"), lr_sha256=pair.name * 64) for pair in PAIRS]
WHOLE: frozenset[str] = frozenset()
PARTIAL = frozenset({"p"})


def test_a_whole_run_says_which_images_there_are() -> None:
    known = known_images({}, PAIRS, WHOLE)
    assert list(known["p"]) == ["a", "b", "c"]
    assert known["p"]["a"] == {"hr_sha256": "a" * 64, "lr_sha256": "", "input_hash": PAIRS[0].input_hash}
    assert list(known_images(known, PAIRS[:2], WHOLE)["p"]) == ["a", "b"]


def test_a_partial_run_leaves_the_other_images_as_they_were() -> None:
    known = known_images({}, PAIRS, WHOLE)
    changed = replace(PAIRS[0], hr_sha256="f" * 64)
    after = known_images(known, [changed], PARTIAL)["p"]
    assert after["a"]["hr_sha256"] == "f" * 64
    assert (after["b"], after["c"]) == (known["p"]["b"], known["p"]["c"])


def test_other_data_sets_stay_as_they_were() -> None:
    other = [replace(pair, dataset="q") for pair in PAIRS]
    known = known_images({}, PAIRS, WHOLE)
    assert known_images(known, other, WHOLE) == {**known, **known_images({}, other, WHOLE)}


def test_a_partial_run_with_other_lr_images_says_so_of_all() -> None:
    made, files = known_images({}, PAIRS, WHOLE), known_images({}, WITH_LR, WHOLE)
    gaussian = [replace(pair, degradation="gaussian") for pair in PAIRS]
    after = known_images(made, gaussian[:1], PARTIAL)["p"]
    assert [after[name]["input_hash"] for name in "abc"] == [pair.input_hash for pair in gaussian]
    after = known_images(files, gaussian[:1], PARTIAL)["p"]
    assert [after[name]["input_hash"] for name in "abc"] == [pair.input_hash for pair in gaussian]
    after = known_images(made, WITH_LR[:1], PARTIAL)["p"]
    assert after["a"]["input_hash"] == WITH_LR[0].input_hash
    assert after["b"]["input_hash"] == ""
