"""A further language by file: complete or declared, frozen with its study, and never English without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from srbench.errors import StudyError
from srbench.mos.design import languages, registration, studyfile
from srbench.mos.design.languages import Language
from srbench.mos.design.questionnaire import Question
from srbench.mos.design.study import StudyDesign, check
from srbench.mos.store.stores import Store
from srbench.mos.study import Study

FRENCH = languages.files()["fr"].read_text(encoding="utf-8")


def without(*keys: str) -> str:
    """Return the French texts but for some of one line."""
    return "\n".join(line for line in FRENCH.splitlines() if not line.startswith(tuple(f"{key} =" for key in keys)))


@pytest.fixture
def planned(design: StudyDesign, tmp_path: Path) -> StudyDesign:
    """The design of a study that brings French."""
    (tmp_path / "fr.toml").write_text(FRENCH, encoding="utf-8")
    return replace(design, languages=(Language("fr", str(tmp_path / "fr.toml")),))


def test_missing_texts_are_named_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "fr.toml"
    path.write_text(without("undo", "pc_1"), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        languages.check_file(Language("fr", "fr.toml"), path)
    assert "lacks 2 of" in str(caught.value)
    assert ": pc_1, undo." in str(caught.value)
    assert 'fallback = "en"' in str(caught.value)
    assert "\n" not in str(caught.value)
    path.write_text('name = "Français"', encoding="utf-8")
    with pytest.raises(StudyError, match=r"language, acr_1, .* and \d+ more"):
        languages.check_file(Language("fr", "fr.toml"), path)


def test_what_stands_in_is_declared_and_shown(tmp_path: Path) -> None:
    (tmp_path / "fr.toml").write_text(without("undo"), encoding="utf-8")
    partial = Language("fr", "fr.toml", fallback="de")
    languages.check_file(partial, tmp_path / "fr.toml")
    spoken = languages.load([partial], tmp_path)
    assert spoken.texts["fr"]["undo"] == spoken.texts["de"]["undo"]
    assert spoken.texts["fr"]["acr_1"] == "Mauvais"
    assert (spoken.fallbacks, spoken.absent) == ({"fr": "de"}, {})
    assert next(iter(spoken.texts)) == "en"


def test_a_text_that_an_update_brings_is_reported_and_does_not_end_a_frozen_study(tmp_path: Path) -> None:
    (tmp_path / "fr.toml").write_text(without("undo"), encoding="utf-8")
    spoken = languages.load([Language("fr", "fr.toml")], tmp_path)
    assert spoken.absent == {"fr": ["undo"]}
    assert spoken.texts["fr"]["undo"] == spoken.texts["en"]["undo"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRENCH + '\nundoo = "x"\n', "undoo.*undo"),
        (FRENCH.replace("{done} sur {total} ·", "{total} ·"), r"remaining must hold \{done\} \{total\} \{minutes\}"),
        (FRENCH.replace('"Gauche"', "5"), "expected a text for each key.*pc_1, left"),
        (FRENCH.replace('"Gauche"', '" "'), "expected a text for each key"),
        ("name =", "it is no TOML"),
    ],
)
def test_a_file_that_would_leave_a_rater_without_words_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "fr.toml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        languages.check_file(Language("fr", "fr.toml"), tmp_path / "fr.toml")


def test_a_file_that_is_not_there_says_how_to_begin_one(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"srbench mos texts > xx\.toml"):
        languages.read(tmp_path / "xx.toml")


@pytest.mark.parametrize(
    ("brought", "message"),
    [
        ((Language("French", "x"),), "two or three small letters"),
        ((Language("fr", "x"), Language("fr", "y")), "there twice"),
        ((Language("fr", ""),), "needs a file"),
        ((Language("fr", "x", fallback="nl"),), "fallback 'nl'"),
    ],
)
def test_entries_that_name_no_language_are_refused(
    design: StudyDesign, brought: tuple[Language, ...], message: str
) -> None:
    with pytest.raises(StudyError, match=message):
        check(replace(design, languages=brought), "the design")


def test_consent_and_questions_speak_the_language_too_or_say_what_stands_in(design: StudyDesign) -> None:
    asked = (Question("age", {"en": "How old are you?", "fr": "Quel âge avez-vous ?"}, kind="number"),)
    asked += (Question("light", {"en": "Light?"}, kind="choice", choices=("a", "b"), labels={"en": ("x", "y")}),)
    study = replace(design, languages=(Language("fr", "fr.toml"),), consent={"en": "Yes?"}, questions=asked)
    with pytest.raises(StudyError, match="'fr' lacks the consent, question 'light', labels of question 'light'"):
        check(study, "the design")
    check(replace(study, languages=(Language("fr", "fr.toml", fallback="en"),)), "the design")


def test_a_language_is_copied_into_the_study_and_frozen_with_it(
    planned: StudyDesign, run_folder: Path, studies: Path, tmp_path: Path
) -> None:
    study = Study.create("lab", run_folder, design=planned, folder=studies)
    (french,) = study.design.languages
    assert french.file == "languages/fr.toml"
    copy = study.path / french.file
    assert copy.read_text(encoding="utf-8") == FRENCH
    copy.write_text(FRENCH + "# a note\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r'was changed.*sha256 = "'):
        study.open()
    copy.write_text(FRENCH, encoding="utf-8")
    study.open()
    with Store.open(registration.database_url(study.path)) as store:
        copy.write_text(FRENCH.replace("Bienvenue", "Salut"), encoding="utf-8")
        with pytest.raises(StudyError, match="was changed"):
            registration.verify(study.path, store.organiser)
        copy.unlink()
        with pytest.raises(StudyError, match=r"fr.toml.* is missing"):
            registration.verify(study.path, store.organiser)


def test_an_incomplete_language_is_refused_before_pictures_are_copied_and_before_opening(
    planned: StudyDesign, run_folder: Path, studies: Path, tmp_path: Path
) -> None:
    (tmp_path / "fr.toml").write_text(without("undo"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"lacks 1 of .* undo"):
        Study.create("lab", run_folder, design=planned, folder=studies)
    assert not (studies / "lab").exists()
    study = Study.create("lab", run_folder, design=replace(planned, languages=()), folder=studies)
    entry = '\n[[languages]]\ncode = "fr"\nfile = "fr.toml"\n'
    file = study.path / "study.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + entry, encoding="utf-8")
    (study.path / "fr.toml").write_text(without("undo"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"lacks 1 of .* undo"):
        study.open()
    (study.path / "fr.toml").write_text(FRENCH, encoding="utf-8")
    with pytest.raises(StudyError, match="needs sha256 =") as caught:
        study.open()
    named = str(caught.value).rpartition("sha256 = ")[2].rstrip(".")
    file.write_text(f"{before}{entry}sha256 = {named}\n", encoding="utf-8")
    assert study.open().state == "open"


def test_paths_count_from_the_file_that_names_them(planned: StudyDesign, tmp_path: Path) -> None:
    text = studyfile.write(replace(planned, languages=(Language("fr", "fr.toml", fallback="en"),)))
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert studyfile.read(tmp_path / "study.toml").languages == (Language("fr", "fr.toml", fallback="en"),)
    (found,) = studyfile.design_from(tmp_path / "study.toml", "new", 1).languages
    assert found == Language("fr", str(tmp_path / "fr.toml"), fallback="en")
