"""Every preset has exactly the paper's numbers, written down here a second time."""

import json
from dataclasses import dataclass

import pytest

from controlplane.kubectl import Kubectl
from ssd_operator.errors import InvalidSpec
from ssd_operator.spec import documents, presets, resource
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sampling import Decode
from ssd_operator.spec.written import written


@dataclass(frozen=True)
class Paper:
    """One row of the paper's tables 3 and 4 and its schedule; (temperature, top-k, top-p), 0 and 1 being off."""

    repo: str
    train: tuple[float, int, float]
    candidate: tuple[float, int, float]
    base: tuple[float, int, float]
    steps: int
    warmup: int
    checkpoint: int


INSTRUCT, THINKING = (2500, 250, 250), (300, 50, 50)
PAPER = {
    "Llama-3.1-8B-Instruct": Paper(
        "meta-llama/Llama-3.1-8B-Instruct", (0.8, 20, 0.8), (0.7, 20, 0.8), (0.9, 0, 0.8), *INSTRUCT
    ),
    "Qwen3-4B-Instruct-2507": Paper(
        "Qwen/Qwen3-4B-Instruct-2507", (1.6, 20, 0.8), (1.1, 20, 0.8), (0.7, 20, 0.8), *INSTRUCT
    ),
    "Qwen3-4B-Thinking-2507": Paper(
        "Qwen/Qwen3-4B-Thinking-2507", (1.1, 20, 0.95), (0.7, 20, 0.95), (0.6, 20, 0.95), *THINKING
    ),
    "Qwen3-30B-A3B-Instruct-2507": Paper(
        "Qwen/Qwen3-30B-A3B-Instruct-2507", (1.6, 20, 0.8), (0.9, 20, 0.8), (0.7, 20, 0.8), *INSTRUCT
    ),
    "Qwen3-30B-A3B-Thinking-2507": Paper(
        "Qwen/Qwen3-30B-A3B-Thinking-2507", (1.2, 20, 0.95), (0.7, 20, 0.95), (0.6, 20, 0.95), *THINKING
    ),
    "Qwen3-30B-A3B-Instruct-2507-passed": Paper(
        "Qwen/Qwen3-30B-A3B-Instruct-2507", (1.6, 20, 0.8), (0.9, 20, 0.8), (0.7, 20, 0.8), *INSTRUCT
    ),
    "gpt-oss-20b": Paper("openai/gpt-oss-20b", (1.2, 0, 1), (1.0, 20, 0.95), (1.0, 0, 1), *THINKING),
}


def _six_lines(preset: str, name: str = "six-lines") -> str:
    return (
        "apiVersion: selfdistill.dev/v1alpha1\n"
        "kind: SelfDistillation\n"
        f"metadata: {{name: {name}}}\n"
        "spec:\n"
        f"  preset: {preset}\n"
        "  storage: {claimName: experiments}\n"
    )


def _setting(decode: Decode) -> tuple[float, int, float]:
    return decode.temperature, decode.top_k, decode.top_p


def _assert_is_the_papers(spec: ResolvedSpec, paper: Paper) -> None:
    hub = spec.model.source.hugging_face
    assert hub is not None
    assert hub.repo == paper.repo
    assert spec.model.prompt_mode == "Chat"
    assert spec.prompts.form == ("Thinking" if paper.steps == THINKING[0] else "Instruct")
    assert _setting(spec.sampling) == paper.train
    assert (spec.sampling.samples_per_prompt, spec.sampling.max_sequence_tokens) == (1, 131072)
    assert (spec.curation.filter, spec.curation.truncated) == ("Stub", "Keep")
    training = spec.training
    assert (training.steps, training.warmup_steps, training.checkpoint.every_steps) == (
        paper.steps, paper.warmup, paper.checkpoint,
    )  # fmt: skip
    assert (training.learning_rate, training.min_learning_rate) == (5e-6, 1e-6)
    assert (training.weight_decay, training.betas) == (0.1, (0.9, 0.95))
    assert (training.global_batch_size, training.sequence_length) == (32, 65536)
    assert [benchmark.name for benchmark in spec.evaluation.benchmarks] == ["lcb-v6", "lcb-v5"]
    for benchmark, days, problems in zip(
        spec.evaluation.benchmarks, (("2025-02", "2025-05"), ("2024-08", "2025-02")), (131, 374), strict=True
    ):
        window = benchmark.source.livecodebench
        assert window is not None
        assert (window.release, window.first_day[:7], window.last_day[:7]) == ("release_v6", *days)
        assert benchmark.expect_problems == problems
        assert (benchmark.samples_per_problem, benchmark.k, benchmark.max_sequence_tokens) == (10, (1, 5), 131072)
        assert _setting(benchmark.decode.base) == paper.base
        assert _setting(benchmark.decode.candidate) == paper.candidate


def test_there_are_six_models_a_variant_and_two_demonstrations() -> None:
    """The list of presets is the paper's table 2, one with its count of problems, its toy machine, and the toy."""
    assert set(presets.names()) == {*PAPER, "machine", "toy"}


@pytest.mark.parametrize("name", PAPER)
def test_six_lines_are_the_papers_experiment(name: str) -> None:
    """A resource that names a preset and a claim resolves to exactly the paper's values."""
    document = documents.load(_six_lines(name), origin="f").value
    _assert_is_the_papers(resource.parse(document).resolve(), PAPER[name])


def test_six_lines_through_the_api_server(crds: object, kubectl: Kubectl) -> None:
    """What the API server returns for those six lines resolves to the same values: it added no default."""
    for number, (name, paper) in enumerate(PAPER.items()):
        kubectl.apply(_six_lines(name, f"paper-{number}"))
        stored = kubectl.get("sd", f"paper-{number}")
        assert stored["spec"] == {"preset": name, "storage": {"claimName": "experiments"}}
        _assert_is_the_papers(resource.parse(stored).resolve(), paper)


def test_a_complete_spec_can_be_written(crds: object, kubectl: Kubectl) -> None:
    """What `resolve` returns, every field of it, is a spec that the API server takes and keeps as it is."""
    for number, name in enumerate(presets.names()):
        asked = {"preset": name, "storage": {"claimName": "c"}, "promotion": {}, "analysis": {}}
        written_out = resolve(asked, name="a").document()
        del written_out["presetDigest"]
        head = {"apiVersion": resource.API_VERSION, "kind": resource.KIND, "metadata": {"name": f"whole-{number}"}}
        kubectl("create", manifest=json.dumps(head | {"spec": written_out}))
        assert kubectl.get("sd", f"whole-{number}")["spec"] == written_out


def test_a_preset_can_be_switched_off_by_hand(crds: object, kubectl: Kubectl) -> None:
    """`topK: 0` overrides a preset's 20, and so it does when applied twice; without it the 20 is back."""
    text = _six_lines("Qwen3-4B-Instruct-2507")
    for document, top_k in ((text, 20), (f"{text}  sampling: {{topK: 0, topP: 1}}\n", 0)) * 2:
        for _ in range(2):
            kubectl.apply(document)
            resolved = resource.parse(kubectl.get("sd", "six-lines")).resolve()
            assert (resolved.sampling.top_k, resolved.sampling.top_p) == (top_k, 0.8 if top_k else 1)
            assert resolved.sampling.temperature == 1.6


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_is_written_as_a_user_would(name: str) -> None:
    """A preset passes the judgement of a user's spec, and every line with a value names its source."""
    preset = presets.load(name)
    written(ResolvedSpec).read(preset.spec | {"storage": {"claimName": "c"}}, path="spec")
    assert not {"storage", "mode", "suspend", "preset"} & preset.spec.keys()
    assert preset.digest.startswith("sha256:")
    assert resolve({"preset": name, "storage": {"claimName": "c"}}, name="a").preset_digest == preset.digest


def test_the_two_pools_of_problems_have_a_preset_each() -> None:
    """The presets of the 30B model differ in one value: whether only problems that somebody solved are kept."""
    everything = presets.load("Qwen3-30B-A3B-Instruct-2507").spec
    passed = presets.load("Qwen3-30B-A3B-Instruct-2507-passed").spec
    assert everything["prompts"]["requirePassedColumn"] == ""
    everything["prompts"]["requirePassedColumn"] = "is_passed"
    assert passed == everything


@pytest.mark.parametrize("name", ["machine", "toy"])
def test_an_analysis_of_a_demonstration_needs_no_gpu(name: str) -> None:
    """A preset for a CPU says so of the stage that is off by default, and does not switch it on."""
    asked = {"preset": name, "storage": {"claimName": "c"}}
    assert resolve(asked, name="a").analysis is None
    analysis = resolve(asked | {"analysis": {}}, name="a").analysis
    assert analysis is not None
    assert analysis.gpus == 0


def _guards(name: str, **asked: object) -> list[str] | None:
    """Return the benchmarks that guard a resource of this preset; None where nothing is promoted."""
    spec = resolve({"preset": name, "storage": {"claimName": "c"}} | asked, name="a")
    return [each.benchmark for each in spec.promotion.gate.guards] if spec.promotion else None


@pytest.mark.parametrize("name", PAPER)
def test_a_papers_preset_guards_the_second_benchmark(name: str) -> None:
    """The guard is there for whoever promotes, as far as its benchmark is measured and does not decide itself."""
    assert _guards(name) is None
    assert _guards(name, promotion={}) == ["lcb-v5"]
    assert _guards(name, promotion={"gate": {"guards": []}}) == []
    assert _guards(name, promotion={}, evaluation={"benchmarks": [{"name": "lcb-v6"}]}) == []
    assert _guards(name, promotion={"gate": {"benchmark": "lcb-v5", "baseline": "Fixed"}}) == []


def test_a_preset_nobody_knows_is_one_sentence() -> None:
    """An unknown preset is refused with its path and the names that exist."""
    with pytest.raises(InvalidSpec, match=r"^spec\.preset: no preset 'gpt-5'; there are Llama-3\.1-8B-Instruct, "):
        resolve({"preset": "gpt-5", "storage": {"claimName": "c"}}, name="a")
