"""A status that an earlier version wrote says no kinds: the graph knows them, and the run goes on as if it did."""

import pytest

from cluster.model import UID, Cluster
from ssd_operator.lifecycle import with_kinds
from ssd_operator.spec.status import Status


def without_kinds(status: Status) -> Status:
    """Return the status as the first version would have written it."""
    stages = tuple(each.model_copy(update={"kind": ""}) for each in status.stages)
    return status.model_copy(update={"stages": stages})


@pytest.mark.parametrize("finished", range(9))
def test_a_status_without_kinds_gets_them_from_the_graph(finished: int) -> None:
    """At every moment of a run, and after a failure, the names of the stages are enough to know their kinds."""
    cluster = Cluster(analysis={})
    cluster.settle()
    for _ in range(finished):
        for job in cluster.live()[:1]:
            cluster.end(job.name, ending="Failed" if finished % 2 else "Complete", code=1)
        cluster.settle()
    status = cluster.status
    assert all(each.kind for each in status.stages)
    assert with_kinds(without_kinds(status), cluster.place, name="toy", uid=UID) == status
    assert with_kinds(status, cluster.place, name="toy", uid=UID) is status


def test_a_stage_that_no_version_knows_is_dropped() -> None:
    """A later version may have had a kind of stage that this one cannot run: the rest of the run goes on."""
    cluster = Cluster()
    cluster.settle()
    first, *rest = cluster.status.stages
    later = first.model_copy(update={"name": "dream", "kind": "dream"})
    found = with_kinds(cluster.status.model_copy(update={"stages": (later, *rest)}), cluster.place, name="toy", uid=UID)
    assert found.stages == tuple(rest)
