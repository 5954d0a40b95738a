"""A judge learns to tell what differs from photographs, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench import datasets, resize
from srbench.audit import judge


def test_a_judge_tells_bicubic_from_photographs_but_not_photographs_from_themselves(data_root: Path) -> None:
    pairs = list(datasets.load("set5", scale=4, data_root=data_root))
    files = [pair.hr_path for pair in pairs]
    same = judge.accuracy(lambda pair: pair.hr(), files, pairs[:2], steps=5)
    blurred = judge.accuracy(lambda pair: resize.enlarge(pair.lr(), 4), files, pairs, steps=60)
    assert same == pytest.approx(0.5)
    assert blurred > 0.8
