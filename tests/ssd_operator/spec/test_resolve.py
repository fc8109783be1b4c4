"""Laws of resolve(): the user wins, nothing is left open, and the same wish has the same digest."""

import json
import random
import types
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import presets
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.scalars import seconds
from ssd_operator.spec.walk import places

CLAIM = {"storage": {"claimName": "experiments"}}

sections = st.fixed_dictionaries(
    {"preset": st.sampled_from(presets.names()), "storage": st.just(CLAIM["storage"])},
    optional={
        "sampling": st.fixed_dictionaries({}, optional={
            "temperature": st.floats(0, 3), "topK": st.integers(0, 100), "topP": st.floats(0.01, 1),
            "shards": st.integers(1, 1000),
            "engineArgs": st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=2),
        }),
        "curation": st.fixed_dictionaries({}, optional={"filter": st.sampled_from(["None", "Stub", "Syntax"])}),
        "training": st.fixed_dictionaries({}, optional={
            "steps": st.integers(1000, 9000), "lora": st.fixed_dictionaries({}, optional={"rank": st.integers(0, 64)}),
            "learningRate": st.floats(1e-3, 1e-2),
        }),
        "deadline": st.sampled_from(["1h", "90m"]),
        "promotion": st.fixed_dictionaries({}, optional={"alias": st.sampled_from(["a", "b"])}),
        "analysis": st.just({}),
        "pod": st.fixed_dictionaries({}, optional={"labels": st.dictionaries(st.sampled_from("xy"), st.just("1"))}),
    },
)  # fmt: skip


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and _contains(whole[key], part[key]) for key in part)
    return bool(whole == part)


@settings(max_examples=60, deadline=None)
@given(sections)
def test_the_user_wins(spec: dict[str, Any]) -> None:
    """Everything a user writes stands unchanged in the resolved spec."""
    assert _contains(resolve(spec, name="demo").document(), spec)


@settings(max_examples=40, deadline=None)
@given(sections, st.randoms(use_true_random=False))
def test_the_order_of_keys_means_nothing(spec: dict[str, Any], rng: random.Random) -> None:
    """Equal wishes in any order have one digest."""
    items = list(spec.items())
    rng.shuffle(items)
    assert resolve(dict(items), name="demo").digest() == resolve(spec, name="demo").digest()


@settings(max_examples=40, deadline=None)
@given(sections)
def test_resolving_what_is_resolved_changes_nothing(spec: dict[str, Any]) -> None:
    """A resolved spec survives JSON, and written by a user it resolves to itself."""
    resolved = resolve(spec, name="demo")
    assert ResolvedSpec.read(json.loads(json.dumps(resolved.document())), path="spec") == resolved
    again = {key: value for key, value in resolved.document().items() if key != "presetDigest"}
    assert resolve(again, name="demo") == resolved


@settings(max_examples=40, deadline=None)
@given(sections)
def test_resolving_does_not_touch_what_was_written(spec: dict[str, Any]) -> None:
    """The written spec is the same before and after."""
    before = json.dumps(spec)
    resolve(spec, name="demo")
    assert json.dumps(spec) == before


def test_a_change_changes_the_digest() -> None:
    """Another value, another digest."""
    digests = {resolve({"preset": "toy", **CLAIM, "sampling": {"seed": seed}}, name="a").digest() for seed in range(5)}
    assert len(digests) == 5


def test_nothing_is_left_open() -> None:
    """A value can be absent only where absence means something: an alternative, what is off, a free run."""
    meaningful = {"analysis", "promotion", "round", "chosenAmong", "tokenSecretRef", "valueFrom", "tolerationSeconds"}
    for path, model in places(ResolvedSpec, "spec"):
        for info in model.model_fields.values():
            optional = get_origin(info.annotation) in (Union, types.UnionType) and type(None) in get_args(
                info.annotation
            )
            assert not optional or info.alias in meaningful | set(model.one_of), f"{path}.{info.alias}"


def test_choosing_another_source_drops_the_presets() -> None:
    """Of alternatives the user's choice stands alone; within one alternative the rest stays the preset's."""
    other = resolve({"preset": "gpt-oss-20b", "model": {"source": {"path": "models/mine"}}, **CLAIM}, name="a")
    assert other.model.source.document() == {"path": "models/mine"}
    pinned = {"source": {"huggingFace": {"revision": "abc"}}}
    assert resolve({"preset": "gpt-oss-20b", "model": pinned, **CLAIM}, name="a").model.source.document() == {
        "huggingFace": {"repo": "openai/gpt-oss-20b", "revision": "abc"}
    }


def test_the_users_list_of_benchmarks_is_the_list() -> None:
    """Benchmarks not named are not run; one with the preset's name keeps its other values; a new one its decoding."""
    benchmarks = [{"name": "lcb-v5", "samplesPerProblem": 20}, {"name": "mine", "source": {"builtin": "humaneval"}}]
    spec = {"preset": "Qwen3-4B-Instruct-2507", "evaluation": {"benchmarks": benchmarks}, **CLAIM}
    known, mine = resolve(spec, name="a").evaluation.benchmarks
    assert (known.name, known.samples_per_problem, known.k) == ("lcb-v5", 20, (1, 5))
    assert known.source.livecodebench is not None
    assert known.source.livecodebench.release == "release_v6"
    assert mine.decode == known.decode
    assert mine.k == (1,)


@pytest.mark.parametrize(
    ("benchmark", "baseline", "pass_at5"),
    [
        ({"k": [1]}, "Fixed", False),
        ({"k": [1, 5]}, "Fixed", True),
        ({"sweep": [{"temperature": 0}]}, "BestDecode", False),
    ],
    ids=["plain", "pass@5", "sweep"],
)
def test_the_gate_takes_from_its_benchmark(benchmark: dict[str, Any], baseline: str, pass_at5: bool) -> None:
    """The gate's baseline is the best decoding when there is a sweep, and pass@5 counts when it is reported."""
    listed = [{"name": "b", "source": {"builtin": "mbpp"}, **benchmark}]
    spec = {"preset": "gpt-oss-20b", "evaluation": {"benchmarks": listed}, "promotion": {}, **CLAIM}
    promotion = resolve(spec, name="demo").promotion
    assert promotion is not None
    assert (promotion.registered_model, promotion.gate.benchmark) == ("demo", "b")
    assert (promotion.gate.baseline, promotion.gate.pass_at5) == (baseline, pass_at5)


def test_a_pair_half_from_the_preset_is_judged() -> None:
    """A user's value that contradicts the preset's is refused with the path, though the API server saw no pair."""
    with pytest.raises(InvalidSpec) as refused:
        resolve({"preset": "gpt-oss-20b", "training": {"steps": 40}, **CLAIM}, name="a")
    assert str(refused.value) == (
        "spec.training.warmupSteps: warmupSteps must be less than steps (the preset gpt-oss-20b sets 50)"
    )


def test_a_presets_value_in_a_list_is_found_by_name() -> None:
    """The value shown is that of the user's benchmark, wherever the preset keeps it in its own list."""
    window = {"name": "lcb-v5", "source": {"livecodebench": {"to": "2024-07-01"}}}
    with pytest.raises(InvalidSpec) as refused:
        resolve({"preset": "gpt-oss-20b", "evaluation": {"benchmarks": [window]}, **CLAIM}, name="a")
    assert str(refused.value) == (
        "spec.evaluation.benchmarks[0].source.livecodebench.from: from must not be later than to "
        '(the preset gpt-oss-20b sets "2024-08-01")'
    )


def test_without_a_preset_the_missing_is_named() -> None:
    """What neither user nor library knows is required, each with its path."""
    with pytest.raises(InvalidSpec) as refused:
        resolve({**CLAIM, "model": {"source": {"path": "m"}}, "sampling": {"temperature": 1}}, name="a")
    words = "is required: write it, or choose a preset that has it"
    assert [str(problem) for problem in refused.value.problems] == [
        f"spec.evaluation.benchmarks: {words}",
        f"spec.prompts.source: {words}",
    ]


def test_defaults_that_follow_from_other_fields() -> None:
    """Without a preset the warm-up is a tenth of the steps and the last rate a fifth of the first."""
    spec = {
        **CLAIM, "model": {"source": {"path": "m"}}, "prompts": {"source": {"path": "p"}},
        "sampling": {"temperature": 1}, "training": {"steps": 70, "learningRate": 0.001},
        "evaluation": {"benchmarks": [{"name": "b", "source": {"path": "b"}, "decode": {
            "base": {"temperature": 1}, "candidate": {"temperature": 1}}}]},
    }  # fmt: skip
    resolved = resolve(spec, name="demo")
    assert (resolved.training.warmup_steps, resolved.training.min_learning_rate) == (7, 0.0002)
    assert resolved.curation.filter == "None"
    assert resolved.tracking.experiment == "demo"
    assert (resolved.analysis, resolved.promotion) == (None, None)


def test_a_stages_pod_lies_over_the_common_one() -> None:
    """Maps and environment merge by name with the stage's word last; programs under test get no common environment."""
    common = {
        "image": "a",
        "labels": {"x": "1", "y": "1"},
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
    }
    own = {"labels": {"y": "2"}, "env": [{"name": "B", "value": "2"}]}
    resolved = resolve({"preset": "toy", "pod": common, "training": {"pod": own}, **CLAIM}, name="a")
    assert resolved.training.pod.labels == {"x": "1", "y": "2"}
    assert {each.name: each.value for each in resolved.training.pod.env} == {"A": "1", "B": "2"}
    assert resolved.sampling.pod == resolved.pod
    assert (resolved.evaluation.grade_pod.image, resolved.evaluation.grade_pod.env) == ("a", ())


@pytest.mark.parametrize(("text", "length"), [("30m", 1800), ("72h", 259200), ("1h30m10s", 5410), ("", 0)])
def test_durations(text: str, length: int) -> None:
    """A duration is its seconds."""
    assert seconds(text) == length


@pytest.mark.parametrize("argument", ["tensor_parallel_size", "tensorParallelSize"])
def test_the_number_of_gpus_is_said_once(argument: str) -> None:
    """An engine argument that contradicts gpusPerShard, or repeats it, is refused by its path."""
    spec = {"preset": "toy", "storage": {"claimName": "c"}, "sampling": {"engineArgs": {argument: 2}}}
    with pytest.raises(InvalidSpec, match=rf"spec\.sampling\.engineArgs\.{argument}: must not be set"):
        resolve(spec, name="toy")


@pytest.mark.parametrize("value", [{}, {"level": 3}, [1, 2]])
def test_an_engine_argument_is_a_single_value(value: object) -> None:
    """What a worker's config cannot hold is refused by its path, before a plan is made of it."""
    with pytest.raises(InvalidSpec, match=r"spec\.sampling\.engineArgs\.x: must be a number, a text, true or false"):
        resolve({"preset": "toy", "storage": {"claimName": "c"}, "sampling": {"engineArgs": {"x": value}}}, name="toy")
