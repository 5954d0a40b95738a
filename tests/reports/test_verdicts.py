"""Stars, matrices, sentences, lines under ranks, tables and `stats` say the same of every pair of any small study."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.reports import Choices, StudyRatings
from srbench.reports.analysis import find
from srbench.reports.figures import significance as figures
from srbench.reports.findings import Findings
from srbench.reports.selection import statistics_tables
from srbench.reports.summary import summary
from srbench.reports.verdicts import significance
from srbench.tables.paper_tables import Material, paper_tables

QUICK = Choices(models=False, pictures=False)
Pair = frozenset[str]


def any_study(seed: int) -> pd.DataFrame:
    """Return ratings of a few methods on one or two sets: clear and close methods, gaps, raters of one alone."""
    source = np.random.default_rng(seed)
    methods = [f"m{k}" for k in range(source.integers(2, 6))]
    quality = source.choice([1.5, 3.0, 3.1, 4.5], len(methods))
    noise = source.choice([0.0, 0.4, 0.8])
    rows = []
    for dataset, images in list({"set5": 5, "other": int(source.integers(1, 9))}.items())[: source.integers(1, 3)]:
        for rater, image, k in itertools.product(range(source.integers(1, 7)), range(images), range(len(methods))):
            score = int(np.clip(np.rint(quality[k] + noise * source.standard_normal()), 1, 5))
            rows.append((dataset, f"r{rater}", f"i{image}", methods[k], score))
    table = pd.DataFrame(rows, columns=["dataset", "rater", "image", "method", "score"])
    table = table[source.random(len(table)) > source.choice([0.0, 0.1])]
    if seed % 4 == 0:  # the first method has raters of its own
        table.loc[table["method"] == "m0", "rater"] += "-alone"
    return table.assign(repeat=0, trial=range(len(table)), seconds=2.0)


def of_sentence(findings: Findings, dataset: str, pairs: set[Pair]) -> set[Pair]:
    """Return the pairs that the sentence on a data set tells apart, of those that were compared."""
    lead = f"{findings.names.dataset(dataset)}, "
    said = next(line for line in significance(findings, "mos") if line.startswith(lead))
    if re.search(r": (all \d+ differences are|the difference is) significant", said):
        return pairs
    if re.search(r": none of the|: inconclusive|: nothing is known", said):
        return set()
    alike = re.search(r"not told apart: (.*?)(; a difference of|\. )", said)
    assert alike is not None, said
    same = {frozenset(pair.split(" and ")) for pair in alike[1].split("; ")}
    counted = re.search(r": (\d+) of (\d+) differences", said)
    assert counted is not None
    assert (int(counted[1]), int(counted[2])) == (len(pairs - same), len(pairs))
    return pairs - same


def of_matrix(findings: Findings) -> dict[str, tuple[set[Pair], set[Pair]]]:
    """Return the pairs that the drawn matrices tell apart, and those that they do not, by titles of sets."""
    drawn = {}
    for axis in figures.matrix(findings, "mos").axes:
        names = [label.get_text() for label in axis.get_yticklabels()]
        if not axis.collections or not axis.images:
            continue
        *signs, squares = axis.collections
        places = [np.asarray(each.get_offsets()).astype(int) for each in (*signs, squares)]
        found = [{frozenset((names[x], names[y])) for x, y in each} for each in places]
        drawn[axis.get_title()] = set().union(*found[:-1]), found[-1]
    return drawn


def of_table(findings: Findings) -> dict[tuple[str, Pair], str]:
    """Return what the table of pairs says in its column `significant`."""
    table = next(table for table in statistics_tables(findings) if table.name == "comparisons-mos")
    place = list(table.head).index("significant")
    return {(row[0].text, frozenset(re.findall(r"m\d", row[1].text))): row[place].text for row in table.rows}


def of_stars(findings: Findings) -> set[tuple[str, str]]:
    """Return the sets and methods of the starred means in the paper's table of all methods."""
    material = Material(findings.names, findings.means, findings.comparisons, "", 4)
    table = paper_tables(material)[-1]
    return {(row[0].text, table.head[place]) for row in table.rows for place, cell in enumerate(row) if cell.star}


def of_summary(findings: Findings, sets: list[str]) -> set[str]:
    """Return the sets on which the summary says that the highest is told apart from all others."""
    said = next(line for line in summary(findings) if line.startswith("Highest mean opinion score"))
    if len(sets) == 1:
        return set(sets) if "It is significantly higher than every other method there." in said else set()
    found = re.search(r"Significantly higher than every other method: on (.*)\.$", said)
    assert found is not None, said
    return set() if found[1] == "none of these sets" else set(found[1].split(" and "))


@pytest.mark.parametrize("seed", range(8))
def test_everything_says_the_same_of_every_pair(seed: int) -> None:
    ratings = any_study(seed)
    findings = find(None, StudyRatings("s", ratings), QUICK)
    rows = stats.compare(ratings)
    drawn, tabled = of_matrix(findings), of_table(findings)
    stars = of_stars(findings)
    assert of_summary(findings, [findings.names.dataset(name) for name in set(rows["dataset"])]) == {
        place for place, _ in stars
    }
    for dataset, part in rows.groupby("dataset"):
        title = findings.names.dataset(str(dataset))
        pairs = [frozenset((row.a, row.b)) for row in part.itertuples()]
        compared = {pair for pair, n in zip(pairs, part["n"], strict=True) if n}
        # The rule, written out once more.
        clear = (part["family_low"] > 0) | (part["family_high"] < 0)
        apart = {pair for pair, told in zip(pairs, clear, strict=True) if told}
        assert set(part.loc[part["significant"], ["a", "b"]].apply(frozenset, axis=1)) == apart
        assert of_sentence(findings, str(dataset), compared) == apart
        if title in drawn:
            assert drawn[title] == (apart, compared - apart)
        for pair in pairs:
            word = "not compared" if pair not in compared else "yes" if pair in apart else "no"
            assert tabled[title, pair] == word
        alike = stats.groups(part, sorted({*part["a"], *part["b"]}))
        assert {frozenset(two) for group in alike for two in itertools.combinations(group, 2)} == set(pairs) - apart
        best = {
            name
            for name in {*part["a"], *part["b"]}
            if all(
                row.significant and (row.difference > 0) == (row.a == name)
                for row in part[(part["a"] == name) | (part["b"] == name)].itertuples()
            )
        }
        assert {method for place, method in stars if place == title} == best
        assert set(stats.significantly_highest(part, sorted({*part["a"], *part["b"]})).values()) == best
