"""Laws of health and metrics: silence is judged by a comparison, and no label has an unbounded number of values."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processes import ports
from ssd_operator.lifecycle import Standing, standing
from ssd_operator.serve.health import JOB, POD, RESOURCE, Health
from ssd_operator.serve.metrics import Metrics
from ssd_operator.spec.answer import Condition
from ssd_operator.spec.status import ProgressStatus, StageStatus, Status


def test_silence_alone_is_no_illness() -> None:
    """A quiet cluster is not a broken watch; two comparisons in a row that found something missed are."""
    now = [0.0]
    health = Health(clock=lambda: now[0])
    now[0] = 10_000.0
    assert health.alive
    assert health.age == 10_000.0
    health.note_resync(Counter())
    assert health.age == 0.0
    health.note_resync(Counter({POD: 3}))
    assert health.alive
    health.note_resync(Counter({POD: 1}))
    assert not health.alive


def test_a_watch_that_delivers_late_is_not_broken() -> None:
    """Under load every watch misses something, and a restart would make it worse; one that is silent is broken."""
    health = Health()
    for _ in range(3):
        for watch in (RESOURCE, JOB, POD):
            health.note_event(watch)
        health.note_resync(Counter({RESOURCE: 5, JOB: 5, POD: 5}))
        assert health.alive
    for alive in (True, False):
        health.note_event(JOB)
        health.note_resync(Counter({JOB: 5, POD: 1}))
        assert health.alive is alive


def test_stages_are_measured_when_they_end() -> None:
    """Attempts and durations are counted once, at the transition that shows them."""
    metrics = Metrics()
    begun = StageStatus(name="train", kind="train", phase="Pending", attempt=2, start_time="2026-01-01T00:00:00Z")
    ended = begun.model_copy(update={"phase": "Failed", "completion_time": "2026-01-01T00:05:00Z"})
    metrics.changed(Status(), Status(stages=(begun,)))
    metrics.changed(Status(stages=(begun,)), Status(stages=(ended,)))
    metrics.changed(Status(stages=(ended,)), Status(stages=(ended,), phase="Failed"))
    page = metrics.text().decode()
    assert 'ssd_stage_attempts_total{reason="again",stage="train"} 1.0' in page
    assert 'ssd_stage_duration_seconds_sum{result="failed",stage="train"} 300.0' in page
    assert 'ssd_stage_duration_seconds_count{result="failed",stage="train"} 1.0' in page


def test_the_first_failure_is_an_increase() -> None:
    """What alerts count is there before anything has happened: Prometheus sees no rise in what appears as 1."""
    page = Metrics().text().decode()
    for kind in ("prepare", "sample", "curate", "train", "generate", "grade", "analyze", "report"):
        assert f'ssd_stage_duration_seconds_count{{result="failed",stage="{kind}"}} 0.0' in page
    assert "ssd_reconcile_errors_total 0.0" in page


def test_a_write_of_progress_alone_is_counted_apart() -> None:
    """What only moves a number is not a transition."""
    metrics = Metrics()
    was = StageStatus(name="train", kind="train", phase="Running", attempt=1)
    now = was.model_copy(update={"progress": ProgressStatus(unit="steps", done=1, total=2)})
    metrics.changed(Status(stages=(was,)), Status(stages=(now,), progress="1/2 steps"))
    assert "ssd_progress_writes_total 1.0" in metrics.text().decode()


def test_runs_are_counted_by_phase() -> None:
    """The page shows the queue, the watches and the phases at the moment of the scrape."""
    metrics = Metrics()
    metrics.watch(
        depth=lambda: 4,
        runs=lambda: [Standing("Running"), Standing("Running"), Standing("")],
        sweeps=lambda: [Standing("Planned")],
        age=lambda: 1.5,
        unwatched=lambda: 2,
        remembered=lambda: {"jobs": 7},
    )
    page = metrics.text().decode()
    assert 'ssd_runs{phase="Running"} 2.0' in page
    assert 'ssd_runs{phase="New"} 1.0' in page
    assert 'ssd_sweeps{phase="Planned"} 1.0' in page
    assert "ssd_workqueue_depth 4.0" in page
    assert "ssd_namespaces_unwatched 2.0" in page
    assert 'ssd_remembered{kind="jobs"} 7.0' in page


def test_a_port_in_use_is_one_sentence() -> None:
    """Who starts a second operator on one machine is told which variable to change, without a traceback."""
    with ports.taken_port() as port:
        command = [sys.executable, "-m", "ssd_operator"]
        environment = {**os.environ, "SSD_HTTP_PORT": str(port)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 64
    assert done.stderr == f"SSD_HTTP_PORT: cannot listen on port {port} (Address already in use); name a free one\n"


def test_an_operator_without_a_cluster_says_so() -> None:
    """Outside a pod and without a kubeconfig there is nothing to serve: one sentence, with the variable to set."""
    environment = {**os.environ, "SSD_HTTP_PORT": str(ports.free_port())}
    environment.pop("KUBECONFIG", None)
    command = [sys.executable, "-m", "ssd_operator"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 64
    assert done.stderr.startswith("KUBECONFIG: is not set, and this process is in no pod")
    assert done.stderr.count("\n") == 1


def test_a_cluster_that_is_away_at_the_start_is_one_sentence(tmp_path: Path) -> None:
    """Whoever starts the operator again may succeed later: exit 75, without a traceback."""
    (tmp_path / "config").write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: u, user: {token: x}}]\ncontexts: [{name: c, context: {cluster: a, user: u}}]\n"
    )
    settings = {"SSD_HTTP_PORT": str(ports.free_port()), "SSD_LEADER_ELECTION": "false"}
    environment = {**os.environ, **settings, "KUBECONFIG": str(tmp_path / "config")}
    command = [sys.executable, "-m", "ssd_operator"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 75
    assert done.stderr.startswith("the API server does not let the operator begin: 0 Unreachable")
    assert done.stderr.count("\n") == 1


def test_waiting_runs_are_counted_by_reason() -> None:
    """How many there are, how long the longest has waited, and how many are near their deadline: never a name."""
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    day = timedelta(days=1)
    metrics = Metrics(clock=lambda: now)
    metrics.watch(
        depth=lambda: 0,
        runs=lambda: [
            Standing("Waiting", reason="ImagePull", since=now - timedelta(minutes=5)),
            Standing("Waiting", reason="ImagePull", since=now - timedelta(minutes=9)),
            Standing("Running", start=now - day, deadline=now + day),
            Standing("Running", start=now - day, deadline=now + timedelta(hours=1)),
            Standing("Succeeded"),
        ],
        sweeps=list[Standing],
        age=lambda: 0.0,
        unwatched=lambda: 0,
        remembered=dict[str, int],
    )
    page = metrics.text().decode()
    assert 'ssd_runs_waiting{reason="ImagePull"} 2.0' in page
    assert 'ssd_run_longest_wait_seconds{reason="ImagePull"} 540.0' in page
    assert "ssd_runs_near_deadline 1.0" in page
    assert 'ssd_runs{phase="Waiting"} 2.0' in page


def test_what_somebody_wants_is_no_waiting() -> None:
    """A suspended run, a plan and a spec that cannot be are not counted; a claim that is missing is."""
    for reason, waits in (("Suspended", False), ("Planned", False), ("InvalidSpec", False), ("ClaimNotFound", True)):
        found = Condition(
            type="Progressing", status="False", reason=reason, last_transition_time="2026-01-01T00:00:00Z"
        )
        stands = standing(Status(phase="Waiting", conditions=(found,)))
        assert bool(stands.reason) is waits
        assert (stands.since is not None) is waits
