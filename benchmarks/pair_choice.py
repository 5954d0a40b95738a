"""How long the server takes to choose a pair, at the end of a small study and of one of the paper's size.

    python benchmarks/pair_choice.py

Answers of others are stored, then one rater answers 60 trials on SQLite. Measured is what active selection adds to an
answer: reading what is known, the posterior, the choice, and the row of the trial. The limit is 50 ms of a processor.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store import models as m
from srbench.mos.store import rater as side
from srbench.mos.store import selection, tally
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
from srbench.mos.store.stores import Store

TRIALS = 400
STUDIES = {
    "6 methods, 10 pictures, 240 answers": ({"a": (10, 6)}, 240),
    "6 methods, 10 pictures, 2,000 answers": ({"a": (10, 6)}, 2000),
    "the paper's versions, 20,000 answers": ({"set5": (5, 12), "set14": (14, 12), "bsd100": (100, 9)}, 20_000),
}


def make_design(sets: dict[str, tuple[int, int]]) -> StudyDesign:
    """Return a study by pair comparison whose sets have so many pictures and versions."""
    stimuli = [
        Stimulus(secrets.token_hex(16), "rating", name, f"p{i}", f"m{v}", 0, "0" * 64, 8, 8)
        for name, (images, versions) in sets.items()
        for i in range(images)
        for v in range(versions)
    ]
    chosen = tuple(ImageSet(name, tuple(f"m{v}" for v in range(versions))) for name, (_, versions) in sets.items())
    settings = Settings("pc", minimum_seconds=0.0, selection="active", trials_per_rater=TRIALS)
    return StudyDesign("choice", 1, chosen, settings, stimuli=tuple(stimuli))


def add_answers(store: Store, design: StudyDesign, count: int) -> None:
    """Store answers of other raters to random pairs."""
    source = np.random.default_rng(0)
    pictures: dict[tuple[str, str], list[str]] = {}
    for each in design.stimuli:
        pictures.setdefault((each.dataset, each.image), []).append(each.id)
    groups = list(pictures.values())
    for rater in range(2, 3 + (count - 1) // TRIALS):
        pairs = [source.choice(groups[source.integers(len(groups))], 2, replace=False) for _ in range(TRIALS)]
        plan = [ScheduledTrial(0, place, 1, str(a), str(b)) for place, (a, b) in enumerate(pairs, start=1)]
        store.organiser.add_rater("choice", rater, plan)
    with store.database.write() as connection:
        trials = connection.execute(sa.select(m.trial.c.id, m.trial.c.stimulus_id, m.trial.c.other_id)).all()[:count]
        for key, left, right in trials:
            score = int(source.integers(1, 3))
            connection.execute(sa.insert(m.rating), {"trial_id": key, "score": score, "seconds": 1.0, "at": 0.0})
            tally.add(connection, 1, left, right, score)


def measure(sets: dict[str, tuple[int, int]], count: int, folder: Path) -> list[float]:
    """Return the processor time of each of 60 choices, in seconds."""
    design, took = make_design(sets), []

    def timed(*arguments: Any) -> None:
        start = time.thread_time()
        selection.fill(*arguments)
        took.append(time.thread_time() - start)

    with Store.open(f"sqlite:///{folder / 'choice.db'}") as store:
        store.organiser.create_study("choice", design.settings, design.stimuli, "name = 'choice'")
        add_answers(store, design, count)
        store.rater.choose = ActiveSelection(design)
        side.fill = timed
        rater = store.rater.rater_by_token(store.organiser.add_rater("choice", 1, []))
        due: Any = store.rater.proceed(rater, "welcome")
        for _ in range(60):
            due = store.rater.rate(rater, due.id, 1, 1.0).due
    return took


def main() -> None:
    """Measure and print."""
    for name, (sets, count) in STUDIES.items():
        with tempfile.TemporaryDirectory() as folder:
            took = 1000 * np.array(measure(sets, count, Path(folder)))
        print(f"{name:40} median {np.median(took):5.1f} ms, 95 % below {np.quantile(took, 0.95):5.1f} ms")


if __name__ == "__main__":
    main()
