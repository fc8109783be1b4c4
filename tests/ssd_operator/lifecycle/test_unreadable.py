"""A status, or a frozen spec, that this version cannot read: the run holds in words, and forgets nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from cluster.model import Cluster
from ssd_operator.lifecycle import events_between, hold, hold_unread, reasons
from ssd_operator.lifecycle.cause import cause
from ssd_operator.lifecycle.conditions import find
from ssd_operator.spec.answer import Condition
from ssd_operator.spec.status import ResolvedReference, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROBLEM = "status.restarts: Input should be a valid integer"


def told(*conditions: Condition) -> Status:
    """Return what can be read of a status."""
    return Status(phase="Running", conditions=conditions)


def test_an_unread_status_says_what_helps() -> None:
    """Phase, condition and event name the field and the remedy; `kubectl sd why` is that sentence."""
    was = told(Condition(type="Accepted", status="True"), Condition(type="Progressing", status="True"))
    now = hold_unread(was, problem=PROBLEM, now=NOW, generation=2)
    progressing = find(now, "Progressing")
    assert progressing is not None
    assert (now.phase, progressing.status, progressing.reason) == ("Waiting", "False", "UpgradeNeeded")
    assert PROBLEM in progressing.message
    assert "install the version that wrote it" in progressing.message
    assert cause(now) == f"Waiting, UpgradeNeeded: {progressing.message}"
    [event] = events_between(was, now)
    assert (event.reason.is_warning, event.note) == (True, f"UpgradeNeeded: {progressing.message}")


def test_an_unread_status_is_said_once() -> None:
    """Held again a minute later it is the same, so that nothing is written twice."""
    first = hold_unread(told(), problem=PROBLEM, now=NOW, generation=2)
    assert hold_unread(first, problem=PROBLEM, now=NOW + timedelta(minutes=1), generation=2) == first


def test_what_a_newer_version_says_stays() -> None:
    """Conditions of types that this version does not know are written back as they were."""
    newer = Condition(type="Verified", status="True", reason="Signed", message="by lab")
    assert find(hold_unread(told(newer), problem=PROBLEM, now=NOW, generation=2), "Verified") == newer


@pytest.mark.parametrize(("begun", "observed"), [(False, 2), (True, 1)])
def test_a_spec_that_was_changed_while_the_run_was_held_is_still_to_be_read(*, begun: bool, observed: int) -> None:
    """A hold leaves a run that has begun the generation of its spec in force, which says that a newer one is there."""
    cluster = Cluster()
    cluster.settle()
    frozen = ResolvedReference(config_map="frozen", digest="d") if begun else None
    was = cluster.status.model_copy(update={"resolved_spec": frozen, "observed_generation": 1})
    now = hold(was, reason=reasons.UPGRADE_NEEDED, message="m", accepted=True, now=NOW, generation=2)
    assert now.observed_generation == observed
    assert {each.observed_generation for each in now.conditions if each.type == "Progressing"} == {2}
