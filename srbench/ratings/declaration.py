"""What somebody says about a file of ratings that the file does not say itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from srbench.errors import StudyError, unknown
from srbench.mos.store.definitions import DESIGNS
from srbench.stats.rating_scale import RatingScale, parse

PARTS = ("dataset", "image", "method")
"""What the name of a stimulus may hold."""
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_FIELD = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Declaration:
    """What is said about a file; all of it may be left out.

    Attributes:
        form: Name of the form, one of `srbench.ratings.FORMS`; empty lets the file's own columns say it.
        scale: What raters could answer, `LOW:HIGH` or `LOW:HIGH:STEP`; empty takes what the file says, or what its form
            always has, else 1 to 5.
        split: How the name of a stimulus holds its data set, image and method: a template such as
            `{image}_{method}.png`, each field of which ends where the rest first fits, or a regular expression with
            groups of these names. Empty: a stimulus is an image of its own.
        columns: What the file calls our columns, {ours: theirs}.
        skip: Columns of the file that are no ratings.
        dataset: Name of the data set where the file names none.
        reference: The method that is the hidden original; it becomes `hr`.
        design: One of `acr`, `acr-hr`, `dcr` and `pc`; empty where unknown.
        separator: `comma`, `semicolon`, `tab` or `bar`; empty takes that of the first line.
        decimal: `point` or `comma`; empty takes that of the scores.

    Raises:
        StudyError: A word is none of those, or the template is none.
        StatisticsError: The scale is none.
    """

    form: str = ""
    scale: str = ""
    split: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    dataset: str = "imported"
    reference: str = ""
    design: str = ""
    separator: str = ""
    decimal: str = ""

    def __post_init__(self) -> None:
        for kind, word, known in (
            ("design", self.design, tuple(DESIGNS)),
            ("separator", self.separator, tuple(SEPARATORS)),
            ("decimal", self.decimal, ("point", "comma")),
        ):
            if word and word not in known:
                raise StudyError(unknown(kind, word, known))
        _ = self.rating_scale, self.pattern  # complains now, not after a file was read

    @property
    def rating_scale(self) -> RatingScale | None:
        """The declared scale, or None."""
        return parse(self.scale) if self.scale else None

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """The regular expression that `split` stands for, or None."""
        if not self.split:
            return None
        try:
            found = re.compile(self.split if "(?P<" in self.split else _expression(self.split))
        except re.error as error:
            raise StudyError(f"--split {self.split!r} is no regular expression: {error}.") from None
        if not set(found.groupindex) or set(found.groupindex) - set(PARTS):
            named = ", ".join(found.groupindex) or "none"
            raise StudyError(
                f"--split expects the fields {{dataset}}, {{image}} and {{method}}, or some of them; "
                f"{self.split!r} has {named}."
            )
        return found


def _expression(template: str) -> str:
    """Return a template as a regular expression: text stands for itself, a field for one letter or more."""
    made, last = "", 0
    for found in _FIELD.finditer(template):
        made += re.escape(template[last : found.start()]) + f"(?P<{found[1]}>.+?)"
        last = found.end()
    return made + re.escape(template[last:])
