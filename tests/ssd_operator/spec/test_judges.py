"""The API server and the models judge alike: fields one by one, rules across them, and changes."""

from typing import Any

import pytest

from controlplane.kubectl import KubectlError
from controlplane.plane import ControlPlane
from resources import fuzz
from resources.cases import CASES, Case
from resources.rules import RULE_CASES, RuleCase
from resources.server import Sent, Server
from resources.transitions import TRANSITION_CASES, TransitionCase
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import documents, resource, rules, transitions


def _refused(body: dict[str, Any]) -> str:
    try:
        resource.parse(body)
    except InvalidSpec as error:
        return str(error)
    return ""


def _problems(text: str) -> list[tuple[str, str]]:
    try:
        resource.parse(documents.load(text, origin="demo.yaml").value)
    except InvalidSpec as error:
        return [(problem.path, problem.message) for problem in error.problems]
    return []


def _refused_by_kubectl(plane: ControlPlane, text: str) -> str:
    with pytest.raises(KubectlError) as refused:
        plane.kubectl("create", "--dry-run=server", manifest=text)
    return str(refused.value)


@pytest.fixture(scope="module")
def server(crds: ControlPlane) -> Server:
    """The API server with our definitions, asked over HTTP."""
    return Server(crds.kubectl, "default")


@pytest.fixture(scope="module")
def sent(crds: ControlPlane) -> Sent:
    """Every text of the tables, in one call turned by kubectl into what it would send."""
    texts = [case.text for case in CASES if not case.unreadable]
    return Sent(crds.kubectl, texts + [text for case in RULE_CASES for text in (case.good, case.bad)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_models_judge_every_case(case: Case) -> None:
    """A good resource passes, a bad one is refused with the path of the wrong field and nothing else."""
    assert [path for path, _ in _problems(case.text)] == ([case.wrong] if case.wrong else [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_api_server_judges_every_case(crds: ControlPlane, server: Server, sent: Sent, case: Case) -> None:
    """The API server passes and refuses the same resources and names the same field."""
    refusal = _refused_by_kubectl(crds, case.text) if case.unreadable else sent.refusal(case.text, server)
    assert bool(refusal) == bool(case.wrong), refusal
    assert (case.wrong or "") in refusal


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.id)
def test_every_rule_in_python(case: RuleCase) -> None:
    """Each rule lets one resource pass and refuses the other with its own words at its own path."""
    assert _problems(case.good) == []
    assert _problems(case.bad) == [(case.path, case.message)]


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.id)
def test_every_rule_on_the_api_server(server: Server, sent: Sent, case: RuleCase) -> None:
    """The API server says the same words at the same path."""
    assert sent.refusal(case.good, server) == ""
    refusal = sent.refusal(case.bad, server)
    assert f"{case.path}: Invalid value: " in refusal
    assert refusal.endswith(f": {case.message}")


def test_both_judges_agree_on_random_resources(server: Server) -> None:
    """Whatever is drawn from the schema, right or slightly wrong, is refused by both or by neither."""
    accepted = 0
    for seed in range(250):
        body = fuzz.resource(seed)
        ours, theirs = _refused(body), server.refusal(body)
        assert bool(ours) == bool(theirs), f"seed {seed}: {ours!r} / {theirs!r} / {body}"
        accepted += not ours
    assert 50 < accepted < 200


def test_every_rule_has_a_case() -> None:
    """No rule is without one resource that keeps it and one that breaks it."""
    assert {(rule.at, rule.message) for rule in rules.RULES} == {(case.at, case.message) for case in RULE_CASES}


@pytest.mark.parametrize("case", TRANSITION_CASES, ids=lambda case: case.id)
def test_every_transition_in_python(case: TransitionCase) -> None:
    """Science is fixed once a stage has begun, execution never is."""
    status = {"stages": [{"name": f"s{index}", "phase": phase} for index, phase in enumerate(case.phases)]}
    found = transitions.judge({"spec": case.old, "status": status}, {"spec": case.new})
    assert [problem.path for problem in found] == ([case.wrong] if case.wrong else [])


@pytest.mark.parametrize("case", TRANSITION_CASES, ids=lambda case: case.id)
def test_every_transition_on_the_api_server(server: Server, case: TransitionCase) -> None:
    """The API server allows and refuses the same changes, with the words of the pure judge."""
    stages = [{"name": f"s{index}", "phase": phase} for index, phase in enumerate(case.phases)]
    refusal = server.refused_change(case.old, {"stages": stages}, case.new)
    found = transitions.judge({"spec": case.old, "status": {"stages": stages}}, {"spec": case.new})
    words = [problem.message for problem in found]
    assert bool(refusal) == bool(words), refusal
    assert all(f"{case.wrong}: Invalid value: " in refusal and refusal.endswith(word) for word in words)


def test_every_transition_has_a_refusal() -> None:
    """No rule about changes is without a change that breaks it."""
    assert {each.field for each in transitions.TRANSITIONS} == {case.wrong for case in TRANSITION_CASES if case.wrong}
