"""One name, one plugin; a notebook's cell may be run again."""

from __future__ import annotations

import pytest

from srbench.errors import MetricError
from srbench.plugins import Names, loader


def test_the_second_owner_of_a_name_is_refused_and_both_are_named() -> None:
    names = Names("metric", MetricError)
    assert names.claim("a", "srbench.images")
    names.check()
    assert not names.claim("a", "somebody")
    with pytest.raises(MetricError, match=r"Two plugins register the metric 'a': .*/images\.py and somebody\. Rename"):
        names.check()


def test_a_module_may_register_again_but_not_twice_in_one_import(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names("metric", MetricError)
    assert names.claim("a", "__main__")
    assert names.claim("a", "__main__")
    monkeypatch.setattr(loader, "_imports", [object()])
    assert names.claim("a", "__main__")
    names.check()
    assert not names.claim("a", "__main__")
    with pytest.raises(MetricError, match="registers the metric 'a' twice"):
        names.check()
