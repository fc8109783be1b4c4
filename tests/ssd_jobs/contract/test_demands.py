"""What a config rules out is found out by a pure function that no config can break."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssd_jobs.contract import Demands, Lora, Sequences, demands

WORDS = [
    *demands.RESCALED,
    *demands.EXPERTS,
    "attn_logit_softcapping",
    "layer_types",
    "max_position_embeddings",
    "model_type",
    "num_attention_heads",
    "num_key_value_heads",
    "quantization_config",
    "quant_method",
    "rope_parameters",
    "rope_scaling",
    "rope_type",
    "factor",
    "text_config",
    "vocab_size",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)


def _asked(engine: Any = "VLLM", tokens: int = 64) -> Demands:
    places = (Sequences(field="evaluation.benchmarks[a]", max_sequence_tokens=tokens),)
    return Demands(engine=engine, sequences=places, trained=True, lora=Lora(rank=1, alpha=1.0, targets=()))


@given(st.dictionaries(st.sampled_from(WORDS), VALUES), st.sampled_from(["VLLM", "Transformers"]))
def test_any_config_has_an_answer(settings: dict[str, Any], engine: str) -> None:
    """Whatever a file holds: sentences that begin with a field, one line each, and no error."""
    for sentence in demands.refusals(settings, _asked(engine), {"sampling.gpusPerShard": 3}):
        assert sentence.split(":")[0].split(".")[0] in ("model", "sampling", "training", "evaluation")
    demands.vocabulary(settings)


@pytest.mark.parametrize(
    ("rope", "longest"),
    [
        ({}, 100),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}}, 100),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, 100),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, 100),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, 200),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.5}}, 250),
    ],
)
def test_the_longest_sequence_is_what_the_engine_takes(rope: dict[str, Any], longest: int) -> None:
    """vLLM stretches positions by a factor where the config has not done so; the transformers engine never does."""
    settings = {"max_position_embeddings": 100, **rope}
    assert demands.too_long(settings, longest, "VLLM") is None
    assert demands.too_long(settings, longest + 1, "VLLM") is not None
    assert demands.too_long(settings, 100, "Transformers") is None
    assert demands.too_long({"text_config": settings}, 101, "Transformers") is not None
    assert demands.too_long({}, 10**6, "VLLM") is None


@pytest.mark.parametrize(
    ("count", "fits"), [(0, True), (1, True), (2, True), (3, False), (4, True), (8, True), (16, True)]
)
def test_gpus_of_an_engine_share_heads_evenly(count: int, fits: bool) -> None:
    """Heads are divided, or the few with keys are copied as often on each GPU."""
    settings = {"model_type": "llama", "num_attention_heads": 32, "num_key_value_heads": 4}
    asked = _asked().model_copy(update={"lora": None})
    found = list(demands.refusals(settings, asked, {"evaluation.gpusPerShard": count}))
    assert (found == []) is fits
    assert all(sentence.startswith("evaluation.gpusPerShard: 3 GPUs cannot share") for sentence in found)
    assert list(demands.refusals(settings, asked.model_copy(update={"engine": "Transformers"}), {"a": 3})) == []
