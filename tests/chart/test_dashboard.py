"""Laws of the dashboard: every query of every panel has something to show, on a real Prometheus."""

import math
from collections.abc import Iterator

import pytest

from cluster.model import START
from prometheus.dashboard import Panel, panels, played
from prometheus.server import Prometheus, serving


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has what a played fleet and its workers say."""
    with serving(tmp_path_factory.mktemp("prometheus"), played(), START) as found:
        yield found


@pytest.mark.parametrize("panel", list(panels()), ids=lambda panel: panel.title)
def test_a_panel_shows_what_the_fleet_did(prometheus: Prometheus, panel: Panel) -> None:
    """Each of its queries returns series with numbers."""
    for query in panel.queries:
        found = prometheus.asked(query)
        assert found, query
        assert any(math.isfinite(value) for values in found.values() for _, value in values), query


def test_every_attempt_is_seen(prometheus: Prometheus) -> None:
    """The first attempt at a stage of each kind is an increase, too: its series was there before."""
    [panel] = (each for each in panels() if each.title.startswith("Attempts"))
    seen = {labels for query in panel.queries for labels in prometheus.asked(query)}
    assert {"first, sample", "first, curate", "first, train", "again, prepare"} <= seen
