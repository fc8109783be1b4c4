"""Laws of when a status is written: what was decided at once, what was only seen within a moment."""

from cluster.world import World, in_phase, stage, stage_in
from ssd_operator.cluster import run_key
from ssd_operator.reconcile.pacing import Pacing
from ssd_operator.spec.status import JobReference, StageStatus, Status

KEY = run_key("lab", "toy")
MANY_S = 3600.0


def status(phase: str, *, attempt: int = 1, uid: str = "", message: str = "") -> Status:
    reference = JobReference(name=f"job-{attempt}", uid=uid)
    one = StageStatus(name="sample", kind="sample", phase=phase, attempt=attempt, jobs=(reference,), message=message)
    return Status(stages=(one,))


def test_what_is_seen_waits_for_company_and_what_is_decided_does_not() -> None:
    """A Job's uid, its pods and their words wait for the rest of the time; an attempt and an end never wait."""
    now = 100.0
    pacing = Pacing(1.0, clock=lambda: now)
    was = status("Pending")
    assert pacing.wait_s(KEY, was, status("Pending", uid="u")) == 1.0
    now += 0.25
    assert pacing.wait_s(KEY, was, status("Running", uid="u", message="m")) == 0.75
    assert pacing.wait_s(KEY, was, was) == 0.0
    for decided in (status("Succeeded"), status("Failed"), status("Suspended"), status("Pending", attempt=2)):
        assert pacing.wait_s(KEY, was, decided) == 0.0
    now += 1.0
    assert pacing.wait_s(KEY, was, status("Running")) == 0.0
    pacing.forget(KEY)
    assert pacing.count() == 0


async def test_a_run_that_is_written_seldom_ends_well(world: World) -> None:
    """When nothing that was only seen is ever written, each stage still has its Job, its events and its end."""
    world.seen_within_s = MANY_S
    world.new_operator()
    await world.apply()
    raw = await world.until(in_phase("Succeeded"))
    assert all(each["attempt"] == 1 and each["jobs"][0]["uid"] for each in raw["status"]["stages"])
    reasons = [each["reason"] async for each in world.api.list("Event", world.namespace)]
    assert reasons.count("StageStarted") == reasons.count("StageSucceeded") == len(raw["status"]["stages"])


async def test_a_job_that_goes_before_its_uid_is_written_was_an_attempt(world: World) -> None:
    """Pods of a Job that somebody deleted may still end: the next Job has another number, also when nobody wrote
    down yet that the first one stood.
    """
    world.seen_within_s = MANY_S
    world.new_operator()
    world.play(lambda _pod: None)
    await world.apply()
    raw = await world.until(stage_in("prepare", "Pending"))
    [reference] = stage(raw, "prepare")["jobs"]
    assert "uid" not in reference
    await world.api.delete("Job", world.namespace, reference["name"], preconditions={}, foreground=False)
    raw = await world.until(lambda raw: stage(raw, "prepare")["attempt"] == 2)
    assert "deleted by someone" in stage(raw, "prepare")["message"]
    assert list(await world.jobs()) == [stage(raw, "prepare")["jobs"][0]["name"]]
