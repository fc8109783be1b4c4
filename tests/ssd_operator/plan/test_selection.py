"""The plan of a sweep: no choice can follow from what is reported, and both arms are given the same to choose from."""

import re
from typing import Any

import pytest

from configs import plans
from ssd_jobs import contract
from ssd_operator import plan
from ssd_operator.spec import presets

COLD, HOT = {"temperature": 0.5}, {"temperature": 1.5}
PATH = re.compile(r"(?:verdicts|generations|reports)/[0-9a-f]{32}")


def graph(*benchmarks: dict[str, Any], **sections: Any) -> plan.Graph:
    """Plan the toy with these benchmarks, or with a sweep of its own."""
    listed = [{"source": {"builtin": "toy"}, **each} for each in benchmarks]
    return plans.graph(plans.spec(evaluation={"benchmarks": listed, **sections}))


def swept(**fields: Any) -> dict[str, Any]:
    """Return a benchmark whose sweep holds the fixed setting of both arms."""
    decode = {"base": COLD, "candidate": HOT}
    return {"name": "toy", "decode": decode, "sweep": [COLD, HOT, {"temperature": 1.0}], **fields}


def upstream_of(graph: plan.Graph, name: str) -> frozenset[str]:
    """Return every stage that one depends on, however indirectly."""
    direct = graph[name].upstream
    return frozenset(direct).union(*(upstream_of(graph, each) for each in direct))


@pytest.mark.parametrize("preset", sorted(presets.names()))
def test_no_choice_can_follow_from_what_is_reported(preset: str) -> None:
    """The config of select names no verdict on report problems, and nothing that it waits for has read one."""
    found = plans.graph(plans.spec(preset=preset))
    reported = {
        path
        for node in found.of(contract.GenerateConfig) + found.of(contract.GradeConfig)
        if isinstance(node.config, contract.GenerateConfig | contract.GradeConfig) and node.config.purpose == "Report"
        for path in PATH.findall(contract.dump(node.config))
    }
    assert reported
    for node in found.of(contract.SelectConfig):
        assert not reported.intersection(PATH.findall(contract.dump(node.config)))
        before = [found[each].config for each in upstream_of(found, node.name)]
        assert all(getattr(each, "purpose", "Select") == "Select" for each in before)


def test_both_arms_have_the_same_budget() -> None:
    """On select problems both arms answer at the same settings, as often, on the same problems."""
    found = graph(swept())
    base, candidate = (found[f"generate-{arm}-toy-select"].config for arm in ("base", "candidate"))
    assert isinstance(base, contract.GenerateConfig)
    assert isinstance(candidate, contract.GenerateConfig)
    assert [each.decode for each in base.settings] == [each.decode for each in candidate.settings]
    assert (base.science, base.prompts) == (candidate.science, candidate.prompts)
    names = [found[f"select-{arm}-toy"].config for arm in ("base", "candidate")]
    assert len({tuple(each.name for each in config.settings) for config in names}) == 1  # type: ignore[attr-defined]


def test_the_base_is_chosen_for_without_a_candidate() -> None:
    """Another way to train leaves the base's choice, and what follows from it, as they were."""
    one, other = (plans.graph(plans.spec(training={"steps": steps})) for steps in (100, 101))
    for name in ("select-base-toy", "generate-base-toy-chosen", "grade-base-toy-chosen"):
        assert one[name].key == other[name].key
        assert "train" not in upstream_of(one, name)
    assert one["select-candidate-toy"].key != other["select-candidate-toy"].key


def test_the_fixed_setting_is_not_sampled_again_when_it_is_chosen() -> None:
    """The chosen setting's artifact is the fixed one's where they are the same, and its stage waits for that one."""
    found = graph(swept())
    for stage in ("generate", "grade"):
        fixed, chosen = found[f"{stage}-base-toy"], found[f"{stage}-base-toy-chosen"]
        assert {each.key for each in fixed.artifacts} < {each.key for each in chosen.artifacts}
        assert fixed.name in chosen.upstream
    other = graph(swept(selectMetric="pass@5"))
    assert found["generate-base-toy-chosen"].key != other["generate-base-toy-chosen"].key


def test_a_benchmark_without_a_sweep_stays_whole() -> None:
    """It has a stage per arm that generates, one that grades, its own name, and the key that it always had."""
    found = graph({"name": "toy", "sweep": []}, {**swept(), "name": "other"})
    [prepared] = found.of(contract.PrepareConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    parts = {each.name: each for each in prepared.config.benchmarks}
    assert parts.keys() == {"toy", "other-select", "other-report"}
    assert "split" not in contract.science_of(parts["toy"].science)
    assert [node.name for node in found if node.name.endswith(("base-toy", "base-toy-chosen", "base-toy-select"))] == [
        "generate-base-toy",
        "grade-base-toy",
    ]


def test_settings_can_be_selected_on_another_benchmark() -> None:
    """With selectFrom settings are tried on all problems of the other benchmark, and the own ones stay for report."""
    found = graph(swept(selectFrom="other"), {"name": "other", "sweep": []})
    generated = [found[f"generate-base-{name}"].config for name in ("toy-select", "other", "toy")]
    prompts = [each.prompts for each in generated if isinstance(each, contract.GenerateConfig)]
    assert prompts[0] == prompts[1] != prompts[2]
    [prepared] = found.of(contract.PrepareConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    assert [(each.name, each.apart_from) for each in prepared.config.benchmarks] == [
        ("other", None),
        ("toy-report", prompts[0]),
    ]


def test_two_stages_never_write_one_directory_at_once() -> None:
    """Of two stages that may make the same artifact, one waits for the other."""
    found = graph(swept(), {"name": "same", "sweep": []}, {**swept(), "name": "other"})
    for place, node in enumerate(found.nodes):
        keys = {each.key for each in node.artifacts}
        for earlier in found.nodes[:place]:
            if keys & {each.key for each in earlier.artifacts}:
                assert earlier.name in upstream_of(found, node.name)
