"""The quantile that the operator's benchmark reads from a page of metrics lies where the counts put it."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from benchmarks import operator_scale


@pytest.mark.parametrize(
    ("seen", "share", "wanted"),
    [
        ([0.5] * 100, 0.95, 0.95),  # all in the bucket up to 1, of which 95 % is at 0.95
        ([0.5] * 90 + [1.5] * 10, 0.95, 1.5),  # half of what lies between 1 and 2
        ([0.5] * 90 + [9.0] * 10, 0.95, float("inf")),
        ([], 0.95, 0.0),
    ],
)
def test_a_quantile_is_found_within_its_bucket(seen: list[float], share: float, wanted: float) -> None:
    registry = CollectorRegistry()
    histogram = Histogram("waits_seconds", "Waits.", buckets=(1, 2), registry=registry)
    for each in seen:
        histogram.observe(each)
    page = generate_latest(registry).decode()
    assert operator_scale.quantile(page, "waits_seconds", share) == pytest.approx(wanted)
