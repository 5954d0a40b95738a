"""Conducting a study: freeze it, prove that it is unchanged, invite raters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from srbench import images
from srbench.errors import StudyError
from srbench.mos.design import schedule, study
from srbench.mos.design.stimuli import FOLDER
from srbench.mos.design.study import Study
from srbench.mos.store.rater import Store
from srbench.mos.store.views import StudyRecord


@dataclass(frozen=True, slots=True)
class Invitation:
    """A rater's number and the token of the link; the token exists nowhere else."""

    number: int
    token: str
    label: str | None


def database_url(folder: Path, url: str | None = None) -> str:
    """Return the address of a study's store: `url`, or the SQLite file in the study's folder."""
    return url or f"sqlite:///{(folder / 'ratings.db').as_posix()}"


def check_stimuli(folder: Path, planned: Study) -> None:
    """Compare every picture with its SHA-256 in study.toml.

    Raises:
        StudyError: One is missing or changed.
    """
    for each in planned.stimuli:
        path = folder / FOLDER / f"{each.id}.png"
        if not path.is_file():
            raise StudyError(f"{path} is missing: study {planned.name!r} is not what was registered. Restore the file.")
        if images.file_sha256(path) != each.sha256:
            raise StudyError(
                f"{path} was changed: study {planned.name!r} is not what was registered. Restore the file."
            )


def freeze(folder: Path, store: Store) -> StudyRecord:
    """Open the study in `folder` for raters; from now on study.toml and every picture must stay as they are.

    Opening it again is allowed while nothing changed, and ends a pause.

    Raises:
        StudyError: A file is missing or differs from study.toml, or the study is frozen and study.toml changed.
    """
    planned = study.read(folder / "study.toml")
    if not planned.stimuli:
        raise StudyError(f"{folder / 'study.toml'} names no stimuli. Make the study with: srbench mos new")
    if planned.name in store.studies():
        record = verify(folder, store)
        store.set_state(record.name, "open")
        return store.study(record.name)
    check_stimuli(folder, planned)
    definition = (folder / "study.toml").read_text(encoding="utf-8")
    return store.create_study(planned.name, planned.settings, planned.stimuli, definition)


def verify(folder: Path, store: Store) -> StudyRecord:
    """Return the frozen study of `folder` after proving that its files are those that were frozen.

    Raises:
        StudyError: The study was not opened yet, or a file was changed since.
    """
    record = store.study(study.read(folder / "study.toml").name)
    if (folder / "study.toml").read_text(encoding="utf-8") != record.definition:
        raise StudyError(
            f"{folder / 'study.toml'} was changed after the study was opened. Restore it: a frozen study "
            "cannot change. A changed design is a new study."
        )
    check_stimuli(folder, frozen(record))
    return record


def frozen(record: StudyRecord) -> Study:
    """Return the study as it was frozen.

    Raises:
        StudyError: It was imported and has no definition.
    """
    if not record.definition:
        raise StudyError(f"Study {record.name!r} has no design of its own: its origin is {record.origin!r}.")
    return study.parse(record.definition, f"the frozen study.toml of {record.name!r}")


def invite(store: Store, name: str, count: int, labels: Sequence[str] = ()) -> list[Invitation]:
    """Add `count` raters with all their trials and return their tokens, which are shown this once.

    Raises:
        StudyError: The study is closed, was not opened, or there are more labels than raters.
    """
    if count < 1 or len(labels) > count:
        raise StudyError(f"Expected at least one rater and no more labels than raters, got {count} and {len(labels)}.")
    planned = frozen(store.study(name))
    first = store.next_number(name)
    invitations = []
    for index in range(count):
        label = labels[index] if index < len(labels) else None
        number = first + index
        token = store.add_rater(name, number, schedule.schedule(planned, number), label)
        invitations.append(Invitation(number, token, label))
    return invitations
