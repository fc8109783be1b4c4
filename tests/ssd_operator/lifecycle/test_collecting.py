"""While artifacts are removed from a claim no stage begins on it, and all that has begun goes on."""

from cluster.model import Cluster
from ssd_operator.lifecycle import next_look
from ssd_operator.lifecycle.conditions import find

JOB = "ssd-collect-0123456789"


def progressing(cluster: Cluster) -> tuple[str, str, str]:
    """Return the condition Progressing as status, reason and message."""
    found = find(cluster.status, "Progressing")
    assert found is not None
    return found.status, found.reason, found.message


def test_no_stage_begins_while_artifacts_are_removed() -> None:
    """A run that is new waits for the Job by name, looks again soon, and begins when the Job is gone."""
    cluster = Cluster()
    cluster.collecting = JOB
    cluster.settle()
    assert cluster.live() == []
    assert progressing(cluster)[:2] == ("False", "Collecting")
    assert JOB in progressing(cluster)[2]
    assert cluster.status.phase != "Running"
    delay = next_look(cluster.status, cluster.inputs())
    assert delay is not None
    assert delay <= 6
    cluster.collecting = ""
    cluster.settle()
    assert len(cluster.live()) == 1


def test_what_has_begun_goes_on() -> None:
    """A stage at work ends and may be tried again; the one after it waits."""
    cluster = Cluster()
    cluster.settle()
    [job] = cluster.live()
    cluster.collecting = JOB
    cluster.settle()
    assert [each.name for each in cluster.live()] == [job.name]
    assert progressing(cluster)[1] == "StageRunning"
    cluster.end(job.name)
    cluster.settle()
    assert cluster.live() == []
    assert progressing(cluster)[1] == "Collecting"
