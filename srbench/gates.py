"""Gates: what a change between two runs may not do, in a line that a continuous integration can hold."""

from __future__ import annotations

import math
import operator
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from srbench.errors import RunError, unknown
from srbench.stats import Change

GRAMMAR = "METHOD METRIC[:PROTOCOL] [on SET] <|<=|>|>= NUMBER [significant]"
_ANY = "*"
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_RULE = re.compile(
    r"(?P<cells>[^<>]+)(?P<sign><=|>=|<|>)\s*(?P<bound>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"(?P<significant>\s+significant)?\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class GateRule:
    """A rule that fails where the mean change of a method, after minus before, is beyond a bound.

    Attributes:
        text: The rule as it was written.
        method: Name of the method; `*` for each.
        metric: Name of the metric.
        protocol: Name of the protocol; empty for each.
        dataset: Name of the data set; empty for each by itself.
        sign: `<`, `<=`, `>` or `>=`.
        bound: What the change is compared with.
        significant: Only significant changes count.
    """

    text: str
    method: str
    metric: str
    protocol: str
    dataset: str
    sign: str
    bound: float
    significant: bool

    @classmethod
    def parse(cls, text: str) -> GateRule:
        """Return the rule that a line such as `srresnet-mse psnr < -0.02` is; see `GRAMMAR`.

        Raises:
            RunError: It is none.

        >>> gate = GateRule.parse("* lpips on set5 > 0.01 significant")
        >>> gate.method, gate.metric, gate.dataset, gate.sign, gate.bound, gate.significant
        ('*', 'lpips', 'set5', '>', 0.01, True)
        """
        found = _RULE.fullmatch(text)
        named = _named(found["cells"]) if found else None
        if found is None or named is None or not math.isfinite(float(found["bound"])):
            raise RunError(
                f"Expected a rule {GRAMMAR}, such as 'srresnet-mse psnr < -0.02', names with spaces in quotes; got "
                f"'{text}'."
            )
        return cls(text, *named, found["sign"], float(found["bound"]), found["significant"] is not None)

    def broken_by(self, changes: Sequence[Change]) -> list[str]:
        """Return one sentence for every cell that breaks the rule.

        A cell that had scores before and cannot be compared any more breaks every rule on it: its scores are gone, the
        method or metric fails on an image where it did not, or its mean change is not a number.

        Raises:
            RunError: There is nothing that the rule speaks of, so that it would hold whatever happens.
        """
        cells = [change for change in self._spoken_of(changes) if change.images_before]
        if not cells:
            raise RunError(f"The rule '{self.text}' compares nothing: there are no such scores in the run before.")
        return [f"{_name(cell)} {why} (rule '{self.text}')" for cell in cells if (why := self._why(cell))]

    def _spoken_of(self, changes: Sequence[Change]) -> list[Change]:
        left = list(changes)
        for kind in ("method", "metric", "protocol", "dataset"):
            wanted = getattr(self, kind)
            if wanted and (kind, wanted) != ("method", _ANY):
                known = {str(getattr(change, kind)) for change in left}
                if wanted not in known:
                    raise RunError(
                        f"The rule '{self.text}': {unknown(kind.replace('dataset', 'data set'), wanted, known)}"
                    )
                left = [change for change in left if getattr(change, kind) == wanted]
        return left

    def _why(self, cell: Change) -> str:
        if not cell.images_after:
            return "has no scores in the run after"
        if cell.newly_failed:
            return f"failed on {cell.newly_failed} of {cell.images_after} images"
        if not cell.images:
            return "has no image that both runs scored"
        if math.isnan(cell.difference):
            return "has changes that are infinite in both directions"
        if _SIGNS[self.sign](cell.difference, self.bound) and (cell.significant or not self.significant):
            return f"changed by {cell.difference:+.4g}"
        return ""


def _named(cells: str) -> tuple[str, str, str, str] | None:
    """Return the method, metric, protocol and data set that the words before the sign name; None where they do not."""
    try:
        words = shlex.split(cells)
    except ValueError:  # a quote that is not closed
        return None
    if len(words) not in {2, 4} or words[2:3] not in ([], ["on"]):
        return None
    metric, colon, protocol = words[1].partition(":")
    if not metric or bool(colon) != bool(protocol):
        return None
    return words[0], metric, protocol, words[3] if words[2:] else ""


def _name(cell: Change) -> str:
    return f"{cell.method} {cell.metric}:{cell.protocol} on {cell.dataset}"
