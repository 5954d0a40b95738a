"""Contrasts with simultaneous intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from srbench.stats import contrasts, links


def test_a_simultaneous_critical_value_is_that_of_dunnett_and_of_one_contrast() -> None:
    assert contrasts.critical_value(np.eye(1)) == pytest.approx(1.96, abs=0.001)
    # Three independent contrasts: (1 - 2 sf(c)) ** 3 = 0.95.
    exact = optimize.brentq(lambda c: (2 * float(links.LINKS["probit"].cdf(np.array(c))) - 1) ** 3 - 0.95, 1, 4)
    assert contrasts.critical_value(np.eye(3)) == pytest.approx(exact, abs=0.02)
    assert contrasts.critical_value(np.ones((3, 3))) == pytest.approx(1.96, abs=0.02)
