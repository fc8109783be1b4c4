"""When there is nothing to judge, the decision is to skip, and it says why."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from configs.report import promotion_of, report_config
from populations import arms
from ssd_jobs import contract
from ssd_jobs.stages.report import decision
from ssd_jobs.stages.report.evidence import Evidence

TRACKING = contract.Tracking(uri="http://x", experiment="x", run_key="x", run_name="x")


def evidence(**changes: Any) -> Evidence:
    """A clear gain on both benchmarks."""
    rng = np.random.default_rng(0)
    base = arms.rates(rng)
    better = arms.gain(base, 0.2)
    panels = {
        (name, "Process"): arms.panel(arms.scores(base, rng), arms.scores(better, rng), replicates=200, name=name)
        for name in ("lcb-v6", "humaneval")
    }
    return Evidence(**{"panels": panels, "candidate_digest": "d", **changes})


def config(root: Path, **science: Any) -> contract.ReportConfig:
    """A report config with another promotion."""
    return report_config(root, TRACKING, bootstrap_replicates=200, promoted=promotion_of("x", **science))


def test_a_clear_gain_is_promoted(tmp_path: Path) -> None:
    """All conditions hold."""
    found = decision.decide(config(tmp_path), evidence())
    assert (found.decision, found.register) == ("Promoted", True)


def test_canaries_without_proof_hold(tmp_path: Path) -> None:
    """Verdicts whose manifests do not say that the canaries passed promote nothing."""
    found = decision.decide(config(tmp_path), evidence(canaries_passed=False))
    assert (found.decision, found.register) == ("Held", True)
    assert found.reasons == ("no proof that the grader gave its canaries the right verdicts; run grade again",)


@pytest.mark.parametrize(
    ("changes", "reason", "register"),
    [
        ({"candidate_digest": ""}, "there is no candidate to register", False),
        ({"panels": {}}, "the gate cannot judge: benchmark lcb-v6 was not evaluated for both arms", False),
    ],
    ids=["no candidate", "no evaluation"],
)
def test_what_cannot_be_judged_is_skipped(tmp_path: Path, changes: Any, reason: str, register: bool) -> None:
    """A missing candidate or a missing evaluation is a reason, not an error."""
    found = decision.decide(config(tmp_path), evidence(**changes))
    assert (found.decision, found.reasons[0], found.register) == ("Skipped", reason, register)


def test_without_a_gate_the_version_is_a_challenger(tmp_path: Path) -> None:
    """No gate promotes nothing and registers the version."""
    found = decision.decide(config(tmp_path, gate=None), evidence())
    assert (found.decision, found.register) == ("Skipped", True)


def test_without_a_promotion_nothing_is_registered(tmp_path: Path) -> None:
    """An experiment may be measured only."""
    whole = config(tmp_path)
    measured = whole.model_copy(update={"science": whole.science.model_copy(update={"promotion": None})})
    found = decision.decide(measured, evidence())
    assert (found.decision, found.register, found.reasons) == ("Skipped", False, ("the spec has no promotion",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "mlflow artifacts download --artifact-uri models:/model-x@champion"),
        ({"upload_weights": False, "claim": "experiments"}, "checkpoints/train/model on claim experiments: mount"),
        (
            {"upload_weights": False},
            "checkpoints/train/model in the workspace on this machine; MLflow holds no weights",
        ),
    ],
    ids=["uploaded", "claim", "local"],
)
def test_a_person_is_told_how_to_get_the_weights(tmp_path: Path, changes: Any, words: str) -> None:
    """Uploaded or not, the report says where the weights are and how to fetch them."""
    wanted = config(tmp_path, **changes)
    assert decision.weights(wanted, decision.decide(wanted, evidence())).startswith(words)


def test_the_command_for_copying_is_one_command(tmp_path: Path) -> None:
    """A shell takes a model's name for one argument, whatever is in it."""
    promoted = promotion_of("x").model_copy(update={"registered_model": "my $(model); 'ls'"})
    wanted = report_config(tmp_path, TRACKING, bootstrap_replicates=200, promoted=promoted)
    command = decision.weights(wanted, decision.decide(wanted, evidence()))
    assert shlex.split(command)[3:] == ["--artifact-uri", "models:/my $(model); 'ls'@champion"]
