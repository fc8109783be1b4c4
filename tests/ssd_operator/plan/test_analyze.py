"""The stage that looks for locks and forks reads held-out answers of both arms, and a truncation that truncates."""

from typing import Any

import pytest

from configs import plans
from configs.plans import ASSERTED
from ssd_jobs import contract


def config_of(**sections: Any) -> contract.AnalyzeConfig:
    """Return the config of the stage."""
    [node] = plans.graph(plans.spec(analysis={}, **sections)).of(contract.AnalyzeConfig)
    assert isinstance(node.config, contract.AnalyzeConfig)
    return node.config


PLAIN, CUT = {"temperature": 1.0, "topK": 0, "topP": 1.0}, {"temperature": 0.7, "topK": 20, "topP": 0.8}


@pytest.mark.parametrize(
    "evaluation", [{}, ASSERTED, {"arms": ["Candidate", "Base"]}], ids=["plain", "reference", "arms"]
)
def test_it_reads_what_both_arms_answered_at_their_fixed_settings(evaluation: dict[str, Any]) -> None:
    """The base's answers come first, with the verdicts of the mode that decides, and no training sample is read."""
    graph = plans.graph(plans.spec(analysis={}, evaluation=evaluation))
    [node] = graph.of(contract.AnalyzeConfig)
    config = node.config
    assert isinstance(config, contract.AnalyzeConfig)
    assert [(each.arm, each.fixed, each.mode) for each in config.evaluations] == [
        ("Base", True, "Process"),
        ("Candidate", True, "Process"),
    ]
    assert {*node.upstream} == {"train", *(each.stage for each in config.evaluations)}
    made = {artifact.path for each in graph for artifact in each.artifacts}
    for each in config.evaluations:
        assert {each.generations, each.verdicts} <= made
    assert node.reads == {"checkpoints", "generations", "models", "verdicts"}


@pytest.mark.parametrize(
    ("candidate", "sampling", "expected"),
    [
        (CUT, {"topK": 10, "topP": 0.9}, (20, 0.8)),
        (PLAIN, {"topK": 10, "topP": 1.0}, (10, 1.0)),
        (PLAIN, {"topK": 0, "topP": 0.9}, (0, 0.9)),
        (PLAIN, {"topK": 0, "topP": 1.0}, None),
    ],
    ids=["evaluation", "top-k of the samples", "top-p of the samples", "none"],
)
def test_a_truncation_truncates(
    candidate: dict[str, Any], sampling: dict[str, Any], expected: tuple[int, float] | None
) -> None:
    """It is the candidate's at evaluation, else that of the training samples, else there is none."""
    benchmark = {"name": "toy", "decode": {"base": PLAIN, "candidate": candidate}}
    found = config_of(sampling=sampling, evaluation={"benchmarks": [benchmark]}).science.truncation
    assert (None if found is None else (found.top_k, found.top_p)) == expected
