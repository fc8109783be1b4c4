"""Laws of the alerts: each fires for what its name says and not before, and leads to the page that says what helps."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import helm
from cluster.model import Cluster
from prometheus.fleet import Fleet
from prometheus.promtool import promtool
from ssd_operator.lifecycle import PodView
from ssd_operator.spec.status import ProgressStatus

ROOT = Path(__file__).parents[2]
RULES_FILE = helm.CHART / "files" / "rules.yaml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES_FILE.read_text())["groups"] for rule in group["rules"]
}


@dataclass
class Scenario:
    """What is played, and the one alert that must fire because of it: when, and when not yet."""

    play: Callable[[], dict[str, str]]
    quiet_until: int
    fires_at: int
    summary: str
    labels: dict[str, str] = field(default_factory=dict)


def pod(job: str, **fields: Any) -> PodView:
    """Return the only pod of a Job."""
    common = {
        "namespace": "lab",
        "name": f"{job}-0",
        "uid": "pod",
        "version": 1,
        "job": job,
        "index": 0,
        "phase": "Pending",
    }
    silent = {
        "disrupted": False,
        "exit_code": None,
        "end_reason": "",
        "message": "",
        "waiting": "",
        "waiting_message": "",
    }
    return PodView(**{**common, **silent, "unschedulable": "", "ip": "", **fields})


def begun(**sections: Any) -> tuple[Fleet, Cluster, str]:
    """Return a fleet of one run whose first stage has its Job, and that Job's name."""
    run = Cluster(**sections)
    run.settle()
    return Fleet(run), run, run.live()[0].name


def nobody_leads() -> dict[str, str]:
    fleet = Fleet()
    for minute in fleet.minutes(20):
        fleet.metrics.leader.set(minute < 3)
    return fleet.series()


def passes_fail() -> dict[str, str]:
    fleet = Fleet()
    for _ in fleet.minutes(40):
        fleet.metrics.errors.inc(9)
    return fleet.series()


def watches_say_nothing() -> dict[str, str]:
    fleet = Fleet()
    for _ in fleet.minutes(40):
        fleet.silent_s += 60
    return fleet.series()


def two_namespaces_are_gone() -> dict[str, str]:
    fleet = Fleet()
    for _ in fleet.minutes(30):
        fleet.unwatched = 2
    return fleet.series()


def a_stage_fails() -> dict[str, str]:
    fleet, run, job = begun()
    for minute in fleet.minutes(20):
        if minute == 10:
            run.end(job, ending="Failed", code=64)
    return fleet.series()


def no_node_has_room() -> dict[str, str]:
    fleet, run, job = begun()
    for _ in fleet.minutes(90):
        run.pods[job] = (pod(job, unschedulable="0/3 nodes are available"),)
    return fleet.series()


def a_stage_hangs() -> dict[str, str]:
    fleet, run, job = begun()
    for minute in fleet.minutes(60):
        run.pods[job] = (pod(job, phase="Running"),)
        run.progress = {"prepare": ProgressStatus(unit="files", done=min(minute, 10), total=100)}
    return fleet.series()


def time_runs_out() -> dict[str, str]:
    fleet, run, job = begun(deadline="100m")
    for minute in fleet.minutes(99):
        run.pods[job] = (pod(job, phase="Running"),)
        run.progress = {"prepare": ProgressStatus(unit="files", done=minute, total=100)}
    return fleet.series()


def a_claim_fills() -> dict[str, str]:
    claim = 'namespace="lab",persistentvolumeclaim="experiments"'
    other = 'namespace="lab",persistentvolumeclaim="somebody-elses"'
    uses = "kube_pod_spec_volumes_persistentvolumeclaims_info"
    return {
        f"kubelet_volume_stats_used_bytes{{{claim}}}": "70+1x40",
        f"kubelet_volume_stats_capacity_bytes{{{claim}}}": "100x40",
        f"kubelet_volume_stats_used_bytes{{{other}}}": "99x40",
        f"kubelet_volume_stats_capacity_bytes{{{other}}}": "100x40",
        f'{uses}{{{claim},pod="ssd-train-0123456789-1-0-abcde"}}': "1x40",
        f'{uses}{{{other},pod="database-0"}}': "1x40",
    }


SCENARIOS = {
    "SelfDistillationOperatorDown": Scenario(nobody_leads, 7, 9, "No operator leads"),
    "SelfDistillationReconcileErrors": Scenario(passes_fail, 15, 30, "Reconciling fails again and again"),
    "SelfDistillationWatchSilent": Scenario(
        watches_say_nothing, 19, 21, "The operator has heard nothing from the API server for a quarter of an hour"
    ),
    "SelfDistillationNamespaceUnwatched": Scenario(
        two_namespaces_are_gone, 14, 16, "The operator cannot see 2 of its namespaces"
    ),
    "SelfDistillationFailed": Scenario(
        a_stage_fails, 9, 11, "A stage of a SelfDistillation failed", {"result": "failed", "stage": "prepare"}
    ),
    "SelfDistillationWaiting": Scenario(
        no_node_has_room,
        64,
        67,
        "A SelfDistillation has waited for an hour, Unschedulable",
        {"reason": "Unschedulable"},
    ),
    "SelfDistillationNoProgress": Scenario(
        a_stage_hangs, 44, 46, "A stage of a SelfDistillation is at work and does not move"
    ),
    "SelfDistillationDeadlineNear": Scenario(
        time_runs_out, 94, 97, "A SelfDistillation has less than a tenth of its time left"
    ),
    "SelfDistillationVolumeFull": Scenario(
        a_claim_fills,
        20,
        22,
        "Claim lab/experiments is 92% full",
        {"namespace": "lab", "persistentvolumeclaim": "experiments"},
    ),
}


def judged(folder: Path, series: dict[str, str], tests: list[dict[str, Any]]) -> None:
    """Let promtool evaluate the rules over these series, and compare what fires."""
    document = {
        "rule_files": [str(RULES_FILE)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": tests,
            }
        ],
    }
    (folder / "tests.yaml").write_text(yaml.safe_dump(document, width=10**6))
    command = [str(promtool()), "test", "rules", str(folder / "tests.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expected(alert: str, scenario: Scenario) -> dict[str, Any]:
    """Return the alert as people get it."""
    rule = RULES[alert]
    return {
        "exp_labels": {**rule["labels"], **scenario.labels},
        "exp_annotations": {**rule["annotations"], "summary": scenario.summary},
    }


def test_every_alert_has_a_scenario() -> None:
    """No alert goes untested."""
    assert SCENARIOS.keys() == RULES.keys()


@pytest.mark.parametrize("alert", SCENARIOS)
def test_an_alert_fires_for_what_it_is_named_after(alert: str, tmp_path: Path) -> None:
    """With series of runs that are played: not until its time, then with these words, and no other alert beside it."""
    scenario = SCENARIOS[alert]
    at, early = f"{scenario.fires_at}m", f"{scenario.quiet_until}m"
    others = [{"eval_time": at, "alertname": other, "exp_alerts": []} for other in RULES if other != alert]
    before = {"eval_time": early, "alertname": alert, "exp_alerts": []}
    leads = {} if alert != "SelfDistillationVolumeFull" else {"ssd_is_leader": "1x40"}
    fires = {"eval_time": at, "alertname": alert, "exp_alerts": [expected(alert, scenario)]}
    judged(tmp_path, {**scenario.play(), **leads}, [before, fires, *others])


def test_a_run_that_goes_well_raises_none(tmp_path: Path) -> None:
    """From its first Job to its end, half an hour each, no alert fires at any minute of which we ask."""
    fleet, run, _ = begun()
    for minute in fleet.minutes(300):
        for job in run.live():
            run.pods[job.name] = (pod(job.name, phase="Running"),)
            if minute % 30 == 29:
                run.end(job.name)
    assert run.status.phase == "Succeeded"
    quiet = [
        {"eval_time": f"{at}m", "alertname": alert, "exp_alerts": []} for at in range(5, 300, 20) for alert in RULES
    ]
    judged(tmp_path, fleet.series(), quiet)


def test_every_alert_leads_to_its_runbook_and_back() -> None:
    """Each alert's `runbook_url` names a section of that name; each section is that of an alert."""
    for alert, rule in RULES.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{alert.lower()}"
    assert set(re.findall(r"^## (.*)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)) == set(RULES)


def test_runbooks_are_where_the_installation_says() -> None:
    """With `metrics.prometheusRule.runbooks` every alert leads to that address."""
    address = "https://wiki.example.org/runbooks"
    settings = ("metrics.prometheusRule.enabled=true", f"metrics.prometheusRule.runbooks={address}")
    [group] = helm.find(helm.render(*settings), "PrometheusRule", "ssd")["spec"]["groups"]
    for rule in group["rules"]:
        assert rule["annotations"]["runbook_url"] == f"{address}#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"] == RULES[rule["alert"]]["annotations"]["summary"]
