from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.errors import StudyError
from srbench.mos.design import invitations, registration
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.stores import Store


def change_definition(folder: Path) -> None:
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("seed = 7", "seed = 8"))


def add_a_comment(folder: Path) -> None:
    path = folder / "study.toml"
    path.write_text(path.read_text() + "# harmless\n")


def change_a_picture(folder: Path) -> None:
    path = next((folder / "stimuli").iterdir())
    path.write_bytes(images.encode(np.zeros((8, 10, 3), np.uint8)))


def remove_a_picture(folder: Path) -> None:
    next((folder / "stimuli").iterdir()).unlink()


@pytest.mark.parametrize("tamper", [change_definition, add_a_comment, change_a_picture, remove_a_picture])
def test_a_frozen_study_refuses_every_later_change(
    made: StudyDesign, studies: Path, tamper: Callable[[Path], None]
) -> None:
    folder = studies / "small"
    with contextlib.closing(Store.open(registration.database_url(folder))) as store:
        registration.freeze(folder, store.organiser)
        assert registration.verify(folder, store.organiser).state == "open"
        registration.freeze(folder, store.organiser)
        tamper(folder)
        for action in (registration.verify, registration.freeze):
            with pytest.raises(StudyError, match="changed|missing"):  # noqa: RUF043 - either word
                action(folder, store.organiser)


def test_a_picture_changed_before_opening_is_refused(made: StudyDesign, studies: Path) -> None:
    change_a_picture(studies / "small")
    with contextlib.closing(Store.open(registration.database_url(studies / "small"))) as store:
        with pytest.raises(StudyError, match="was changed"):
            registration.freeze(studies / "small", store.organiser)
        assert store.organiser.studies() == []


def test_raters_are_scheduled_from_the_frozen_study_and_numbered_on(made: StudyDesign, studies: Path) -> None:
    folder = studies / "small"
    with contextlib.closing(Store.open(registration.database_url(folder))) as store:
        registration.freeze(folder, store.organiser)
        first = invitations.invite(store.organiser, "small", 2, ["a"])
        more = invitations.invite(store.organiser, "small", 1)
        assert [each.number for each in (*first, *more)] == [1, 2, 3]
        assert [(r.label, r.total) for r in store.organiser.raters("small")] == [("a", 60), (None, 60), (None, 60)]
        assert len({each.token for each in (*first, *more)}) == 3
        with pytest.raises(StudyError, match="labels"):
            invitations.invite(store.organiser, "small", 1, ["a", "b"])
