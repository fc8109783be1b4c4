"""The ruler of all tests that want nothing done twice can say that something was."""

from pathlib import Path

from cluster.worker import Workspace
from configs.sample import sample_config


def test_two_pods_at_the_same_work_are_noticed(tmp_path: Path) -> None:
    """One after the other is no fault, another index is other work, and a pod that is gone is at none."""
    work, workspace = sample_config(tmp_path), Workspace()
    workspace.begin(work, 0, "first")
    workspace.begin(work, 1, "other-index")
    workspace.end(work, 0, "first")
    workspace.begin(work, 0, "again")
    workspace.keep_only({"other-index"})
    workspace.begin(work, 0, "after-a-loss")
    workspace.begin(work, 0, "after-a-loss")
    assert workspace.twice() == []
    workspace.begin(work, 0, "at-the-same-time")
    assert workspace.twice() == [(work.key, 0)]
