"""Languages of the rating page: those that are shipped, and those that a study brings in files of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from srbench import content, images, tomlfile
from srbench.errors import StudyError, unknown
from srbench.mos.design.questionnaire import Question

Texts: TypeAlias = dict[str, str]
"""The texts of one language by key."""

ENGLISH = "en"
"""The language that has every text first: its file names all keys."""
FOLDER = "languages"
"""Where a study's folder keeps its files of texts."""

_CODE = re.compile(r"[a-z]{2,3}")
_GAPS = re.compile(r"\{\w+\}")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Language:
    """A language that a study brings; part of study.toml.

    Attributes:
        code: Its code of two or three letters, as browsers ask for it: `fr`. One that is shipped is replaced.
        file: The file of texts; its path counts from the folder of the file that names it.
        sha256: SHA-256 of the file, which is frozen with the study.
        fallback: Language that stands in where a text is missing; empty: none may be missing.
    """

    code: str
    file: str
    sha256: str = ""
    fallback: str = ""


def shipped() -> dict[str, Texts]:
    """Return the texts of every language that is shipped, English first."""
    paths = sorted(_folder().glob("*.toml"), key=lambda path: (path.stem != ENGLISH, path.stem))
    return {path.stem: read(path) for path in paths}


def files() -> dict[str, Path]:
    """Return the files of texts to begin a translation with: those that are shipped, and examples."""
    return {path.stem: path for path in sorted([*_folder().glob("*.toml"), *_folder().glob("more/*.toml")])}


def read(path: Path) -> Texts:
    """Return what a file of texts holds.

    Raises:
        StudyError: It is missing, no TOML, or holds something else than texts.
    """
    missing = f"Begin one with: srbench mos texts > {path.name}"
    found = tomlfile.read(path, "the texts", StudyError, missing=missing)
    others = [key for key, text in found.items() if not isinstance(text, str) or not text.strip()]
    if others:
        raise StudyError(f"{path}: expected a text for each key, got something else for {_some(others)}.")
    return found


def check(languages: Sequence[Language], where: str) -> None:
    """Refuse entries that can name no language; `where` names the file in the message.

    Raises:
        StudyError: A code is none, one is there twice, or a fallback is not shipped.
    """
    codes = [each.code for each in languages]
    stand_ins = shipped() if codes else {}
    for each in languages:
        if not _CODE.fullmatch(each.code):
            raise StudyError(f"{where}: a language has a code of two or three small letters, got {each.code!r}.")
        if codes.count(each.code) > 1:
            raise StudyError(f"{where}: language {each.code!r} is there twice.")
        if not each.file:
            raise StudyError(f"{where}: language {each.code!r} needs a file.")
        if each.fallback and each.fallback not in stand_ins:
            raise StudyError(f"{where}: {unknown('fallback', each.fallback, stand_ins)}")


def check_file(language: Language, path: Path) -> None:
    """Refuse a file of texts that would leave a rater without words.

    Raises:
        StudyError: Texts are missing without a fallback, a key is unknown, or a text lacks one of its gaps, such as
            `{total}`.
    """
    found, english = read(path), shipped()[ENGLISH]
    strange = [key for key in found if key not in english]
    if strange:
        raise StudyError(f"{path}: {unknown('key', strange[0], english)}")
    missing = [key for key in english if key not in found]
    if missing and not language.fallback:
        raise StudyError(
            f"{path} lacks {len(missing)} of {len(english)} texts: {_some(missing)}. Add them (all are in what "
            'srbench mos texts prints), or declare what stands in: fallback = "en".'
        )
    for key, text in found.items():
        if sorted(_GAPS.findall(text)) != sorted(_GAPS.findall(english[key])):
            gaps = " ".join(_GAPS.findall(english[key])) or "no {gap}"
            raise StudyError(f"{path}: {key} must hold {gaps}, as the English text does; got {text!r:.120}.")


def check_words(
    languages: Sequence[Language], consent: Mapping[str, str], questions: Iterable[Question], where: str
) -> None:
    """Refuse a study that brings a language without its own words in it.

    Raises:
        StudyError: The consent or a question lacks a language that has no fallback.
    """
    words: dict[str, Mapping[str, object]] = {"the consent": consent} if consent else {}
    for each in questions:
        words[f"question {each.name!r}"] = each.text
        words |= {f"labels of question {each.name!r}": each.labels} if each.labels else {}
    for language in languages:
        silent = [what for what, texts in words.items() if language.code not in texts]
        if silent and not language.fallback:
            raise StudyError(
                f"{where}: language {language.code!r} lacks {_some(silent)}. Add the texts, or declare what stands in: "
                f'fallback = "en".'
            )


def gather(languages: Sequence[Language], folder: Path) -> tuple[Language, ...]:
    """Copy files of texts, which `check_file` has passed, to a study's new folder.

    Returns:
        The languages with the place of the copy and its SHA-256.
    """
    found = []
    for each in languages:
        name = f"{FOLDER}/{each.code}.toml"
        images.write_atomically(folder / name, Path(each.file).read_bytes())
        found.append(replace(each, file=name, sha256=images.file_sha256(folder / name)))
    return tuple(found)


def verify(languages: Sequence[Language], folder: Path) -> None:
    """Prove that the files of texts in a study's folder are those that study.toml names.

    Raises:
        StudyError: A file is missing, was changed, or has no SHA-256 in study.toml.
    """
    for each in languages:
        if not (folder / each.file).is_file():
            raise StudyError(
                f"{folder / each.file}, the texts of language {each.code!r}, is missing. Restore the file."
            )
        sha256 = images.file_sha256(folder / each.file)
        if not each.sha256:
            raise StudyError(
                f"{folder / 'study.toml'}: language {each.code!r} is frozen with the study, so its entry needs "
                f'sha256 = "{sha256}".'
            )
        if sha256 != each.sha256:
            raise StudyError(
                f"{folder / each.file} was changed: its SHA-256 in study.toml is another one. Restore the file; before "
                f'the study is opened, sha256 = "{sha256}" takes it as it is.'
            )


@dataclass(frozen=True)
class Spoken:
    """The languages that a study is shown in.

    Attributes:
        texts: All texts by language, English first.
        fallbacks: Which language stands in for the study's own words, the consent and the questions, by language.
        absent: Keys that a language of the study lacks without having declared it, by language: texts that srbench did
            not have when the study was opened. English stands in for them.
    """

    texts: dict[str, Texts]
    fallbacks: dict[str, str]
    absent: dict[str, list[str]]


def load(languages: Sequence[Language], folder: Path) -> Spoken:
    """Return the languages of a study from its folder.

    Raises:
        StudyError: See `read`.
    """
    ours = shipped()
    spoken = Spoken(dict(ours), {each.code: each.fallback for each in languages if each.fallback}, {})
    for each in languages:
        found, stand_in = read(folder / each.file), ours[each.fallback or ENGLISH]
        spoken.texts[each.code] = {key: found.get(key, text) for key, text in stand_in.items()}
        lacks = [key for key in stand_in if key not in found]
        if lacks and not each.fallback:
            spoken.absent[each.code] = lacks
    return spoken


def _folder() -> Path:
    return content.folder("mos_app") / "languages"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
