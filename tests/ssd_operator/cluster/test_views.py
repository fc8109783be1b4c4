"""Laws of views: whatever stands in an object that anyone may make, it is read."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ssd_operator.cluster.views import view_pod


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{1,9}", fullmatch=True) | st.just("9" * 5000))
def test_whatever_a_pod_says_of_itself_is_read(index: str) -> None:
    """Anyone in the namespace may make a pod with our label: what its annotation says ends no process."""
    annotations = {"batch.kubernetes.io/job-completion-index": index}
    metadata = {"name": "p", "namespace": "lab", "uid": "u", "resourceVersion": "1", "annotations": annotations}
    number = view_pod({"metadata": metadata}).index
    assert number == (int(index) if re.fullmatch("[0-9]{1,9}", index) else 0)
