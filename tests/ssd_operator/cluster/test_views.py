"""Laws of views: whatever stands in an object that anyone may make, it is read."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ssd_operator.cluster.views import view_pod


def test_a_pod_that_goes_says_when_and_from_where() -> None:
    """The API server writes until when a pod that is deleted may take, and the scheduler where it runs."""
    metadata = {"name": "p", "namespace": "lab", "uid": "u", "resourceVersion": "1"}
    assert (view_pod({"metadata": metadata}).ends_at, view_pod({"metadata": metadata}).node) == ("", "")
    going = {**metadata, "deletionTimestamp": "2026-01-01T00:00:30Z"}
    pod = view_pod({"metadata": going, "spec": {"nodeName": "gpu-7"}, "status": {"phase": "Running"}})
    assert (pod.ends_at, pod.node, pod.at_work) == ("2026-01-01T00:00:30Z", "gpu-7", True)


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,9}", fullmatch=True) | st.just("9" * 5000))
def test_whatever_a_pod_says_of_itself_is_read(index: str) -> None:
    """Anyone in the namespace may make a pod with our label: what its annotation says ends no process."""
    annotations = {"batch.kubernetes.io/job-completion-index": index}
    metadata = {"name": "p", "namespace": "lab", "uid": "u", "resourceVersion": "1", "annotations": annotations}
    number = view_pod({"metadata": metadata}).index
    assert number == (int(index) if re.fullmatch("[0-9]{1,9}", index) else 0)


def test_an_injected_container_is_not_taken_for_the_worker() -> None:
    """A mesh puts its own first, native or not: exit code, end and what is waited for are the worker's."""
    metadata = {"name": "p", "namespace": "lab", "uid": "u", "resourceVersion": "1"}
    ended = {"terminated": {"exitCode": 75, "message": "away", "finishedAt": "2026-01-01T00:00:00Z"}}
    proxy = {"name": "istio-proxy", "state": {"running": {}}}
    for kind in ("initContainerStatuses", "containerStatuses"):
        status: dict[str, object] = {"phase": "Running", "containerStatuses": [{"name": "worker", "state": ended}]}
        status[kind] = [proxy, *status.get(kind, [])]  # type: ignore[misc]
        pod = view_pod({"metadata": metadata, "status": status})
        assert (pod.exit_code, pod.message, pod.worker_ended_at) == (75, "away", "2026-01-01T00:00:00Z")
