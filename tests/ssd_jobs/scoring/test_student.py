"""Student's distribution agrees with SciPy's, which is in no image."""

import numpy as np
import pytest
from scipy import stats

from ssd_jobs.scoring import student


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_an_interval_reaches_as_far_as_scipy_says(confidence: float) -> None:
    """Within 0.5 % from one degree of freedom on, whole or not, up to the normal distribution."""
    degrees = np.array([1, 1.5, 2, 2.7, 4, 9.3, 30, 130, 1e9])
    expected = stats.t.ppf((1 + confidence) / 2, degrees)
    assert student.reach(confidence, degrees) == pytest.approx(expected, rel=0.005)
