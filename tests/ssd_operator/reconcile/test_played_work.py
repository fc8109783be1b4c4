"""The ruler of all tests that want nothing done twice can say that something was."""

from cluster.worker import Workspace


def test_two_pods_at_the_same_work_are_noticed() -> None:
    """One after the other is no fault; another index, or another claim, is other work; a gone pod is at none."""
    work, other_index, other_claim = ("c", "key", 0), ("c", "key", 1), ("d", "key", 0)
    workspace = Workspace()
    workspace.begin(work, "first")
    workspace.begin(other_index, "other-index")
    workspace.begin(other_claim, "other-claim")
    workspace.end(work, "first")
    workspace.begin(work, "again")
    workspace.keep_only({"other-index", "other-claim"})
    workspace.begin(work, "after-a-loss")
    workspace.begin(work, "after-a-loss")
    assert workspace.twice() == []
    workspace.begin(work, "at-the-same-time")
    assert workspace.twice() == [work]
