"""Keys are recipes: the same science has the same key, and a change reaches exactly what depends on it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs import plans
from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.spec.sampling import EXECUTION_ARGUMENTS

ALL = frozenset(node.name for node in plans.graph(plans.spec(analysis={})))
AFTER_SAMPLE = frozenset({"sample", "curate", "train", "analyze", "report"}) | {
    name for name in ALL if "-candidate-toy" in name
}
GRADES = frozenset(name for name in ALL if name.startswith("grade-"))
AFTER_GRADE = GRADES | {name for name in ALL if name.startswith("select-") or name.endswith("-chosen")} | {"report"}
AFTER_TRAIN = AFTER_SAMPLE - {"sample", "curate"}
EVALUATION = AFTER_GRADE | {name for name in ALL if name.startswith("generate-")} | {"analyze"}


def keys(graph: plan.Graph) -> dict[str, str]:
    """Return every stage's key."""
    return {node.name: node.key for node in graph}


def changed(before: plan.Graph, after: plan.Graph) -> frozenset[str]:
    """Return the stages whose key differs."""
    first, second = keys(before), keys(after)
    return frozenset(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


SCIENCE: list[tuple[str, dict[str, Any], frozenset[str]]] = [
    ("sampling temperature", {"sampling": {"temperature": 1.3}}, AFTER_SAMPLE),
    ("sampling top-k", {"sampling": {"topK": 0}}, AFTER_SAMPLE),
    ("engine arguments", {"sampling": {"engineArgs": {"dtype": "float32"}}}, AFTER_SAMPLE | EVALUATION),
    ("unknown engine arguments", {"sampling": {"engineArgs": {"new": 1}}}, AFTER_SAMPLE | EVALUATION),
    ("filter", {"curation": {"filter": "Stub"}}, AFTER_SAMPLE - {"sample"}),
    ("steps", {"training": {"steps": 126}}, AFTER_SAMPLE - {"sample"}),
    ("learning rate", {"training": {"learningRate": 0.0004}}, AFTER_TRAIN),
    ("adapters", {"training": {"lora": {"rank": 8, "targets": ["q_proj"]}}}, AFTER_TRAIN | {"prepare"}),
    ("sampling seed", {"sampling": {"seed": 7}}, AFTER_SAMPLE),
    ("training seed", {"training": {"seed": 7}}, AFTER_SAMPLE - {"sample"}),
    ("evaluation seed", {"evaluation": {"seed": 7}}, EVALUATION),
    ("k", {"evaluation": {"benchmarks": [{"name": "toy", "k": [1, 2]}]}}, frozenset({"report"})),
    ("longest sample", {"sampling": {"maxSequenceTokens": 150}}, AFTER_SAMPLE | {"prepare"}),
    ("analysis problems", {"analysis": {"problems": 7}}, frozenset({"analyze", "report"})),
    ("gate", {"promotion": {"gate": {"minGain": 0.01}}}, frozenset({"report"})),
    ("alias", {"promotion": {"alias": "best"}}, frozenset({"report"})),
    ("rerun train", {"rerun": {"from": "Train", "nonce": "2"}}, AFTER_TRAIN),
    ("rerun report", {"rerun": {"from": "Report", "nonce": "2"}}, frozenset({"report"})),
    ("rerun prepare", {"rerun": {"from": "Prepare", "nonce": "2"}}, ALL),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in SCIENCE], ids=[case[0] for case in SCIENCE])
def test_a_change_of_science_reaches_exactly_what_depends_on_it(
    change: dict[str, Any], expected: frozenset[str]
) -> None:
    """Every stage downstream of a change gets a new key, and no other stage does."""
    sections: dict[str, Any] = {"analysis": {}}
    before = plans.graph(plans.spec(**sections))
    after = plans.graph(plans.spec(**{**sections, **change}))
    assert changed(before, after) == expected


EXECUTION = st.fixed_dictionaries(
    {},
    optional={
        "sampling": st.fixed_dictionaries(
            {},
            optional={
                "gpusPerShard": st.integers(0, 8),
                "maxErrorFraction": st.floats(0, 1),
                "shards": st.integers(1, 9),
                "engineArgs": st.dictionaries(st.sampled_from(sorted(EXECUTION_ARGUMENTS)), st.integers(1, 9)),
            },
        ),
        "training": st.fixed_dictionaries(
            {},
            optional={
                "nodes": st.integers(1, 9),
                "gpusPerNode": st.integers(0, 8),
                "activationCheckpointing": st.sampled_from(["None", "Selective", "Full"]),
                "compile": st.booleans(),
                "packTokens": st.integers(0, 1000),
                "maxAttempts": st.integers(1, 9),
                "checkpoint": st.fixed_dictionaries({"keep": st.integers(1, 5), "everySteps": st.integers(0, 50)}),
                "pod": st.fixed_dictionaries({"labels": st.dictionaries(st.just("team"), st.sampled_from("ab"))}),
            },
        ),
        "evaluation": st.fixed_dictionaries(
            {},
            optional={
                "gpusPerShard": st.integers(0, 8),
                "shards": st.integers(1, 9),
                "gradeShards": st.integers(1, 9),
                "maxErrorFraction": st.floats(0, 1),
            },
        ),
        "pod": st.fixed_dictionaries({"annotations": st.dictionaries(st.just("note"), st.sampled_from("xy"))}),
        "deadline": st.sampled_from(["1h", "90m"]),
        "scheduling": st.fixed_dictionaries({"queue": st.sampled_from(["", "team-a"])}),
        "suspend": st.booleans(),
        "mode": st.sampled_from(["Run", "Plan"]),
    },
)


@settings(max_examples=60, deadline=None)
@given(sections=EXECUTION)
def test_the_same_science_has_the_same_keys_whatever_the_execution(sections: dict[str, Any]) -> None:
    """Pods, nodes, GPUs, shards, the engine's speed, retries, queues and deadlines are in no key."""
    assert keys(plans.graph(plans.spec(**sections))) == keys(plans.graph())


@settings(max_examples=30, deadline=None)
@given(
    workspace=st.sampled_from(["/workspace", "/data"]),
    image=st.sampled_from(["a:1", "b:2"]),
    port=st.integers(0, 65535),
    claim=st.sampled_from(["", "claim-1", "claim-2"]),
)
def test_the_same_science_has_the_same_keys_on_every_platform(
    workspace: str, image: str, port: int, claim: str
) -> None:
    """Images, paths and ports are in no key."""
    platform = plan.Platform(
        workspace=workspace,
        worker_image=image,
        grader_image=image,
        metrics_port=port,
        sandbox_socket="",
        tracking_uri="",
        offline=True,
        claim_uid=claim,
        master_port=29500,
    )
    assert keys(plans.graph(platform=platform)) == keys(plans.graph())


@pytest.mark.parametrize("policy", ["None", "Stub", "Shortest", "Syntax", "Execution"])
def test_limits_of_programs_are_science_where_programs_decide(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other limits are other verdicts, and other records only under the filter that runs programs."""
    spec = plans.spec(curation={"filter": policy})
    before = plans.graph(spec)
    monkeypatch.setattr(contract, "LIMITS", contract.LIMITS.model_copy(update={"cpu_seconds": 7.0}))
    filtered = AFTER_SAMPLE - {"sample", "analyze"} if policy == "Execution" else frozenset()
    assert changed(before, plans.graph(spec)) == AFTER_GRADE | filtered


def test_a_replicate_shares_the_base() -> None:
    """Another draw of samples and another order of training leave the base's generations and all intervals alone."""
    first = plans.graph(plans.spec())
    second = plans.graph(plans.spec(sampling={"seed": 1}, training={"seed": 1}))
    for stage in ("generate-base-toy", "grade-base-toy"):
        assert second[stage].key == first[stage].key
    seeds = [node.config.science.seed for graph in (first, second) for node in graph.of(contract.ReportConfig)]  # type: ignore[attr-defined]  # the contract's
    assert len(set(seeds)) == 1


def test_resources_share_everything_but_the_report() -> None:
    """Two resources with the same science want the same artifacts; each has a report of its own."""
    one, other = (
        plans.graph(plans.spec("one"), name="one", uid="1"),
        plans.graph(plans.spec("other"), name="other", uid="2"),
    )
    assert changed(one, other) == {"report"}


def test_one_more_decode_setting_costs_one_more() -> None:
    """A longer sweep leaves the artifacts of the settings before it as they are."""
    benchmark: dict[str, Any] = {"name": "toy", "sweep": [{"temperature": 0.5, "topK": 0, "topP": 1.0}]}
    few = plans.graph(plans.spec(evaluation={"benchmarks": [benchmark]}))
    more = dict(benchmark, sweep=[*benchmark["sweep"], {"temperature": 0.7, "topK": 0, "topP": 1.0}])
    many = plans.graph(plans.spec(evaluation={"benchmarks": [more]}))
    for stage in ("generate-base-toy-select", "grade-base-toy-select", "generate-base-toy-chosen"):
        before = {artifact.key for artifact in few[stage].artifacts}
        after = {artifact.key for artifact in many[stage].artifacts}
        assert before < after
        assert len(after - before) == 1


def test_one_more_benchmark_trains_nothing_again() -> None:
    """A benchmark is a part of its own: adding one leaves samples, records and weights alone."""
    toy: dict[str, Any] = {"name": "toy"}
    other = {"name": "other", "source": {"builtin": "toy"}, "samplesPerProblem": 10, "k": [1]}
    before = plans.graph(plans.spec(evaluation={"benchmarks": [toy]}))
    after = plans.graph(plans.spec(evaluation={"benchmarks": [toy, other]}))
    new = {f"{stage}-{arm}-other" for stage in ("generate", "grade") for arm in ("base", "candidate")}
    assert changed(before, after) == new | {"prepare", "report"}


def test_what_can_move_is_known_after_prepare_only() -> None:
    """A branch has to be resolved: until then later keys are provisional, then they follow the content."""
    moving = plans.spec(model={"source": plans.HUB})
    first = plans.graph(moving)
    assert [node.name for node in first if not node.provisional] == ["prepare"]
    known = {"model": "1" * 64, "prompts": "2" * 64, "toy-select": "3" * 64, "toy-report": "4" * 64}
    second = plans.graph(moving, digests=known)
    assert not any(node.provisional for node in second)
    third = plans.graph(moving, digests={**known, "model": "5" * 64})
    assert changed(second, third) == ALL - {"prepare", "analyze"}


def test_what_is_pinned_is_known_at_once() -> None:
    """A full commit means the same bytes for ever: every key is known before anything runs."""
    source = {"huggingFace": {"repo": "org/model", "revision": plans.COMMIT}}
    assert not any(node.provisional for node in plans.graph(plans.spec(model={"source": source})))


def test_a_moving_source_is_resolved_anew_for_every_resource() -> None:
    """An alias that has moved since another resource resolved it is not found in that one's place."""
    moving = plans.spec(model={"source": plans.HUB})
    assert plans.graph(moving, uid="1")["prepare"].key != plans.graph(moving, uid="2")["prepare"].key


def test_every_config_is_complete_and_survives_the_border() -> None:
    """What the plan writes, the workers' only reader reads back, byte for byte."""
    for node in plans.graph(plans.spec(analysis={})):
        text = contract.dump(node.config)
        assert contract.loads(text, source="x") == node.config
        assert contract.dump(contract.loads(text, source="x")) == text


def test_upstream_comes_first() -> None:
    """The order of the graph is an order in which the stages can run."""
    seen: set[str] = set()
    for node in plans.graph(plans.spec(analysis={})):
        assert seen.issuperset(node.upstream)
        seen.add(node.name)


@given(
    one=st.dictionaries(st.sampled_from(["prepare", "grade", "report"]), st.sampled_from("ab")),
    other=st.dictionaries(st.sampled_from(["prepare", "grade", "report"]), st.sampled_from("ab")),
)
def test_what_is_done_again_has_a_run_of_its_own(one: dict[str, str], other: dict[str, str]) -> None:
    """Two reports share a run in MLflow only when they are the same report, also when a nonce is used twice."""
    found = []
    for reruns in (one, other):
        around = plan.Surroundings(name="toy", uid="uid-1", digests={}, reruns=reruns)
        report = plan.build(plans.spec(), around, plans.PLATFORM)["report"]
        assert isinstance(report.config, contract.ReportConfig)
        found.append((report.key, report.config.execution.tracking.run_key))
    [(key, run), (other_key, other_run)] = found
    assert (key == other_key) == (run == other_run)


@pytest.mark.parametrize(
    ("storage", "claim"), [({"claimName": "shared"}, "shared"), ({"template": {"size": "1Gi"}}, "toy-workspace")]
)
def test_weights_that_stay_on_the_volume_are_found_there(storage: dict[str, Any], claim: str) -> None:
    """A registered version without weights names the claim, also one that was made for the resource."""
    spec = plans.spec(storage=storage, promotion={"uploadWeights": False})
    report = plans.graph(spec)["report"].config
    assert isinstance(report, contract.ReportConfig)
    assert report.science.promotion is not None
    assert report.science.promotion.claim == claim
