"""Registering a study: freeze it, and prove later that it is unchanged."""

from __future__ import annotations

from pathlib import Path

from srbench import images
from srbench.errors import StudyError
from srbench.mos.design import languages, studyfile
from srbench.mos.design.stimuli import FOLDER
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import StudyRecord, check_name
from srbench.mos.store.organiser import OrganiserStore
from srbench.mos.store.stores import Store


def database_url(folder: Path, url: str | None = None) -> str:
    """Return the address of a study's store: `url`, or the SQLite file in the study's folder."""
    return url or f"sqlite:///{(folder / 'ratings.db').as_posix()}"


def open_store(folder: Path, url: str | None = None, create: bool = False) -> Store:
    """Return the store of the study in `folder`.

    Args:
        folder: The study's folder; its name is the study's.
        url: Address of the database, where it is not the file in the folder.
        create: Make the file when it is missing.

    Raises:
        StudyError: The name can be no study's, the study was never opened, or the database cannot be used.
    """
    name = check_name(folder.name)
    if url is None and not create and not (folder / "ratings.db").is_file():
        if not (folder / "study.toml").is_file():
            raise StudyError(
                f"There is no study {name!r} in {folder.parent}. Make it with: srbench mos new {name} --run runs/NAME, "
                f"then: srbench mos open {name}"
            )
        raise StudyError(f"Study {name!r} was not opened yet. Open it first with: srbench mos open {name}")
    return Store.open(database_url(folder, url))


def check_stimuli(folder: Path, planned: StudyDesign) -> None:
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


def freeze(folder: Path, store: OrganiserStore) -> StudyRecord:
    """Open the study in `folder` for raters; from now on study.toml and every picture must stay as they are.

    Opening it again is allowed while nothing changed, and ends a pause.

    Raises:
        StudyError: A file is missing or differs from study.toml, or the study is frozen and study.toml changed.
    """
    planned = studyfile.read(folder / "study.toml")
    if not planned.stimuli:
        raise StudyError(f"{folder / 'study.toml'} names no stimuli. Make the study with: srbench mos new")
    if planned.name in store.studies():
        record = verify(folder, store)
        store.set_state(record.name, "open")
        return store.study(record.name)
    for each in planned.languages:
        languages.check_file(each, folder / each.file)
    languages.verify(planned.languages, folder)
    check_stimuli(folder, planned)
    definition = (folder / "study.toml").read_text(encoding="utf-8")
    return store.create_study(planned.name, planned.settings, planned.stimuli, definition)


def verify(folder: Path, store: OrganiserStore) -> StudyRecord:
    """Return the frozen study of `folder` after proving that its files are those that were frozen.

    Raises:
        StudyError: The study was not opened yet, or a file was changed since.
    """
    record = store.study(studyfile.read(folder / "study.toml").name)
    if (folder / "study.toml").read_text(encoding="utf-8") != record.definition:
        raise StudyError(
            f"{folder / 'study.toml'} was changed after the study was opened. Restore it: a frozen study "
            "cannot change. A changed design is a new study."
        )
    planned = frozen(record)
    languages.verify(planned.languages, folder)
    check_stimuli(folder, planned)
    return record


def frozen(record: StudyRecord) -> StudyDesign:
    """Return the study as it was frozen.

    Raises:
        StudyError: It was imported and has no definition.
    """
    if not record.definition:
        raise StudyError(f"Study {record.name!r} has no design of its own: its origin is {record.origin!r}.")
    return studyfile.parse(record.definition, f"the frozen study.toml of {record.name!r}")
