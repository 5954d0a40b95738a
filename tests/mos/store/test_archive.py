from __future__ import annotations

import io
import json
import zipfile

import pandas as pd
import pytest

from srbench.mos.design import invitations, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store import archive
from srbench.mos.store.dictionary import TABLES
from srbench.mos.store.stores import Store


@pytest.fixture
def begun(store: Store, tiny: StudyDesign) -> Store:
    """A store with `tiny`, whose one rater gave one practice answer."""
    store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli, studyfile.write(tiny))
    rater = store.rater.rater_by_token(invitations.invite(store.organiser, "tiny", 1, ["Ada"])[0].token)
    assert rater is not None
    due = store.rater.proceed(rater, "welcome")
    store.rater.rate(rater, due.id, 3, 1.0)  # type: ignore[union-attr]
    return store


def test_the_archive_holds_every_table_and_explains_every_column(begun: Store, tiny: StudyDesign) -> None:
    with zipfile.ZipFile(io.BytesIO(archive.archive(begun.analyst, "tiny"))) as file:
        names = set(file.namelist())
        for name in set(TABLES) - {"comparisons"}:
            table = pd.read_csv(io.BytesIO(file.read(f"{name}.tsv")), sep="\t")
            about = json.loads(file.read(f"{name}.json"))
            assert list(table.columns) == list(about), name
            assert all(entry["Description"] for entry in about.values())
        assert names == {"dataset_description.json", "study.toml"} | {
            f"{name}.{ending}" for name in set(TABLES) - {"comparisons"} for ending in ("tsv", "json")
        }
        assert studyfile.parse(file.read("study.toml").decode()) == tiny
        assert json.loads(file.read("dataset_description.json"))["Name"] == "tiny"
        everything = b"".join(file.read(name) for name in names)
    assert b"Ada" not in everything


def test_equal_data_makes_equal_archives(begun: Store) -> None:
    assert archive.archive(begun.analyst, "tiny") == archive.archive(begun.analyst, "tiny")
    assert archive.archive(begun.analyst, "tiny") != archive.archive(begun.analyst, "tiny", names=True)
