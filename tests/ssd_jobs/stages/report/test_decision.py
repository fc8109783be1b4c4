"""When there is nothing to judge, the decision is to skip, and it says why."""

import shlex
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from configs.report import CHOSEN, FIXED, REPORT_GATE, promotion_of, report_config
from populations import arms
from ssd_jobs import contract, tracking
from ssd_jobs.scoring import Panel, Scores
from ssd_jobs.scoring.scorecard import RootCard
from ssd_jobs.stages.report import decision, scorecards
from ssd_jobs.stages.report.evidence import Evidence, Grader

PANELS = ("lcb-v6", "humaneval")
GRADER = Grader("7e57", {"format": 1, "memory_mb": 4096, "python": "3.12"})
TRACKING = contract.Tracking(uri="http://x", experiment="x", run_key="x", run_name="x")


def evidence(**changes: Any) -> Evidence:
    """A clear gain on both benchmarks."""
    rng = np.random.default_rng(0)
    base = arms.rates(rng)
    better = arms.gain(base, 0.2)
    fixed, chosen = ((arms.scores(base, rng), arms.scores(better, rng)) for _ in range(2))
    panels = {
        (name, "Process"): panel(name, fixed, chosen if name == "lcb-v6" else None) for name in ("lcb-v6", "humaneval")
    }
    graders = {
        (name, "Candidate", names["Candidate"], "Process"): GRADER
        for name in ("lcb-v6", "humaneval")
        for names in (FIXED, CHOSEN)
    }
    return Evidence(**{"panels": panels, "graders": graders, "candidate_digest": "d", **changes})


def panel(name: str, fixed: tuple[Scores, Scores], chosen: tuple[Scores, Scores] | None) -> Panel:
    """A panel whose settings are those of the config, which chooses some on the first benchmark."""
    found = arms.panel(*fixed, replicates=200, name=name)
    both = get_args(contract.Arm)
    found.evaluations = {(arm, FIXED[arm]): scores for arm, scores in zip(both, fixed, strict=True)}
    found.fixed = {arm: FIXED[arm] for arm in both}
    if chosen:
        found.evaluations |= {(arm, CHOSEN[arm]): scores for arm, scores in zip(both, chosen, strict=True)}
        found.chosen = {arm: CHOSEN[arm] for arm in both}
    return found


def asked(look: int = 1, champion: tracking.Champion | None = None) -> decision.Ask:
    """A registry that says this."""
    return lambda _window: tracking.Standing(look, champion)


def config(root: Path, **science: Any) -> contract.ReportConfig:
    """A report config with another promotion."""
    return report_config(root, TRACKING, bootstrap_replicates=200, promoted=promotion_of("x", **science))


def test_a_clear_gain_is_promoted(tmp_path: Path) -> None:
    """All conditions hold."""
    found = decision.decide(config(tmp_path), evidence(), asked())
    assert (found.decision, found.register) == ("Promoted", True)


@pytest.mark.parametrize(("arm", "decided"), [("Base", "Promoted"), ("Candidate", "Held")])
def test_a_later_round_must_beat_the_root_as_well(tmp_path: Path, arm: contract.Arm, decided: str) -> None:
    """A gain over the round before is not enough: the root is asked for, and holds a candidate that is no better."""
    whole = config(tmp_path)
    later = contract.RoundOf(number=3, root_digest="1" * 64, root_report="reports/one")
    wanted = whole.model_copy(update={"science": whole.science.model_copy(update={"round": later})})
    found = evidence()
    for name, names in product(PANELS, (FIXED, CHOSEN)):
        found.graders[name, "Base", names["Base"], "Process"] = GRADER
    found.root = RootCard(format=1, model="models/root", scorecard=scorecards.scorecard(wanted, found, arm))
    judged = decision.decide(wanted, found, asked())
    assert judged.decision == decided
    assert [check.name for check in judged.checks][:2] == ["gain", "root"]
    text = judged.checks[1].text
    assert "against the root, the model of round 0 (" in text


def test_canaries_without_proof_hold(tmp_path: Path) -> None:
    """Verdicts whose manifests do not say that the canaries passed promote nothing."""
    found = decision.decide(config(tmp_path), evidence(canaries_passed=False), asked())
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
    found = decision.decide(config(tmp_path), evidence(**changes), asked())
    assert (found.decision, found.reasons[0], found.register) == ("Skipped", reason, register)


def test_without_a_gate_the_version_is_a_challenger(tmp_path: Path) -> None:
    """No gate promotes nothing and registers the version."""
    found = decision.decide(config(tmp_path, gate=None), evidence(), asked())
    assert (found.decision, found.register) == ("Skipped", True)


def test_without_a_promotion_nothing_is_registered(tmp_path: Path) -> None:
    """An experiment may be measured only."""
    whole = config(tmp_path)
    measured = whole.model_copy(update={"science": whole.science.model_copy(update={"promotion": None})})
    found = decision.decide(measured, evidence(), asked())
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
    assert decision.weights(wanted, decision.decide(wanted, evidence(), asked())).startswith(words)


def test_the_command_for_copying_is_one_command(tmp_path: Path) -> None:
    """A shell takes a model's name for one argument, whatever is in it."""
    promoted = promotion_of("x").model_copy(update={"registered_model": "my $(model); 'ls'"})
    wanted = report_config(tmp_path, TRACKING, bootstrap_replicates=200, promoted=promoted)
    command = decision.weights(wanted, decision.decide(wanted, evidence(), asked()))
    assert shlex.split(command)[3:] == ["--artifact-uri", "models:/my $(model); 'ls'@champion"]


def test_a_champion_without_scores_holds_the_candidate(tmp_path: Path) -> None:
    """What cannot be compared is not shown to be better; the sentence says why and what to do, and Ignore asks not."""
    unknown = tracking.Champion("3", "", "was registered without its scores")
    found = decision.decide(config(tmp_path), evidence(), asked(champion=unknown))
    assert found.decision == "Held"
    assert found.reasons == (
        "champion not comparable: version 3 was registered without its scores; make the report of the champion's own "
        "run again, use `ssd promote`, or set promotion.gate.champion: Ignore",
    )
    ignoring = config(tmp_path, gate=REPORT_GATE.model_copy(update={"champion": "Ignore"}))
    assert decision.decide(ignoring, evidence(), asked(champion=unknown)).decision == "Promoted"


def test_a_candidate_is_compared_with_the_scores_of_the_champion(tmp_path: Path) -> None:
    """The candidate's own scores, as a champion's, hold it: it is not shown to be better than itself."""
    first = decision.decide(config(tmp_path), evidence(), asked())
    champion = tracking.Champion("1", first.scorecard.model_dump_json(), "")
    found = decision.decide(config(tmp_path), evidence(), asked(champion=champion))
    assert (found.decision, found.circumstances and found.circumstances.champion) == ("Held", "1")
    (reason,) = found.reasons
    assert reason.startswith("lcb-v6 pass@1 +0.0 [")
    assert "against the champion, version 1 (T 0.7, top-k 20, top-p 0.8): " in reason
    assert reason.endswith(" is not above +0.0")


def test_a_later_look_needs_a_surer_gain_and_says_so(tmp_path: Path) -> None:
    """The gain of the seventh look is judged at 99.9 %, and the second reason names look and window."""
    found = decision.decide(config(tmp_path), evidence(), asked(look=7))
    assert found.confidence == pytest.approx(1 - 0.05 / 49)
    assert found.reasons[1] == "look 7 at lcb-v6 2025-02_2025-05: a gain must be shown at 99.9 %"


def test_what_is_not_judged_is_no_look(tmp_path: Path) -> None:
    """The registry is asked for nothing when the candidate cannot be judged."""

    def never(_window: str) -> tracking.Standing:
        raise AssertionError

    assert decision.decide(config(tmp_path), evidence(panels={}), never).decision == "Skipped"
    assert decision.decide(config(tmp_path, gate=None), evidence(), never).register
