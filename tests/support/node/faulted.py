"""Small experiments for faults: quick to sample and to train, with checkpoints close to each other; and their state."""

from typing import Any

import yaml

from node.experiments import Experiment
from node.grade_pod import ROOT
from ssd_jobs import contract
from ssd_jobs.commands import regrade
from ssd_jobs.stages.grade import stage as grade
from ssd_operator import naming

__all__ = ["experiment", "grading", "sandbox_ends", "step", "verdicts_that_differ"]


def experiment(name: str, *, seed: int) -> dict[str, Any]:
    """Return a resource with work of its own: no other experiment has this seed."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "toy" / "cluster.yaml").read_text(encoding="utf-8"))
    document["metadata"]["name"] = name
    spec = document["spec"]
    spec["prompts"] = {"limit": 800}
    spec["sampling"] = {"engine": "Transformers", "shards": 2, "seed": seed}
    spec["training"] |= {"steps": 60, "warmupSteps": 6, "seed": seed, "checkpoint": {"everySteps": 5}}
    spec["promotion"]["registeredModel"] = name
    return document


def step(stage: dict[str, Any]) -> int:
    """Return how many steps a stage of the status has done."""
    return int((stage.get("progress") or {}).get("done", 0))


def grading(run: Experiment) -> bool:
    """Tell whether a grader of this run is at work: it has verdicts, and not all of them."""
    return any(path.stat().st_size for path in run.volume().rglob(grade.JOURNAL))


def sandbox_ends(pod: dict[str, Any]) -> list[str]:
    """Return why the kubelet says that the pod's sandbox ended: its last end, and the one before it."""
    [sandbox] = pod["status"]["initContainerStatuses"]
    states = (sandbox.get("lastState", {}), sandbox["state"])
    return [each["terminated"]["reason"] for each in states if "terminated" in each]


def verdicts_that_differ(run: Experiment, pod: dict[str, Any]) -> tuple[int, list[str]]:
    """Grade on this machine what a grade pod graded; return how many verdicts there are, and which are others."""
    [mounted] = [each["configMap"]["name"] for each in pod["spec"]["volumes"] if each["name"] == "config"]
    config = contract.loads(run.kubectl.get("configmap", mounted)["data"][naming.CONFIG], source=mounted)
    assert isinstance(config, contract.GradeConfig)
    execution = config.execution.model_copy(update={"sandbox_socket": ""})
    found = list(regrade.regrade(config.model_copy(update={"execution": execution}), run.volume()))
    return sum(count for count, _ in found), [line for _, lines in found for line in lines]
