"""Laws of the estimate: weights are those of the real library, bytes are the sums that a person makes on paper."""

from typing import Any

import pytest
import torch

import model_sizes
from ssd_jobs import contract
from ssd_jobs.contract import estimates, memory
from ssd_jobs.contract.memory import Hardware
from ssd_jobs.contract.model_shape import Shape, shape_of

HARDWARE = Hardware(
    train_gpus=1, gpu_bytes=0, activation_checkpointing="None", fused=False, compute_dtype="BFloat16",
    pack_tokens=16_384, lora=None, checkpoints=2, exports=1,
)  # fmt: skip
DENSE: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "intermediate_size": 48, "vocab_size": 100, "tie_word_embeddings": False,
}  # fmt: skip
MODELS: dict[str, dict[str, Any]] = {
    "llama": DENSE | {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    "llama-plain": DENSE | {"model_type": "llama"},
    "qwen2": {name: value for name, value in DENSE.items() if name != "head_dim"} | {"model_type": "qwen2"},
    "qwen3": DENSE | {"model_type": "qwen3", "tie_word_embeddings": True},
    "qwen3_moe": DENSE
    | {"model_type": "qwen3_moe", "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
       "mlp_only_layers": [1]},
    "gpt_oss": DENSE | {"model_type": "gpt_oss", "num_local_experts": 4, "num_experts_per_tok": 2},
}  # fmt: skip


def shape(settings: dict[str, Any]) -> Shape:
    """Return the shape of a model that is known."""
    found = shape_of(settings)
    assert found is not None
    return found


def needs(settings: dict[str, Any], **changes: Any) -> memory.TrainNeeds:
    """Return what a training needs that differs from the common one in this."""
    return memory.train_needs(shape(settings), HARDWARE.model_copy(update=changes))


@pytest.mark.parametrize("settings", MODELS.values(), ids=MODELS)
def test_the_weights_are_those_of_the_library(settings: dict[str, Any]) -> None:
    """For each family, the number of weights and of a block's is that of the model that transformers builds."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(**settings)
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(config)
    blocks = [sum(weight.numel() for weight in block.parameters()) for block in model.model.layers]
    found = shape(settings)
    assert found.parameters == sum(weight.numel() for weight in model.parameters())
    assert found.largest_block == max(blocks)


@pytest.mark.parametrize(("name", "parameters"), [("Qwen3-30B-A3B", 30_532_122_624), ("gpt-oss-20b", 20_914_757_184)])
def test_published_models_have_their_published_number_of_weights(name: str, parameters: int) -> None:
    """Two models of the paper have the weights that their pages state."""
    assert model_sizes.shape(name).parameters == parameters


QWEN: dict[str, Any] = {
    "model_type": "qwen3", "num_hidden_layers": 16, "hidden_size": 2048, "vocab_size": 151_936,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 6144,
    "tie_word_embeddings": True,
}  # fmt: skip
LLAMA: dict[str, Any] = {
    "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "vocab_size": 128_256,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 14_336,
}  # fmt: skip
MOE: dict[str, Any] = {
    "model_type": "qwen3_moe", "num_hidden_layers": 4, "hidden_size": 2048, "vocab_size": 151_936,
    "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144,
    "moe_intermediate_size": 768, "num_experts": 128, "num_experts_per_tok": 8,
}  # fmt: skip


def by_hand(
    *, weights: int, root: int, block: int, gpus: int, layers: int, tokens: int, kept: int, head: int, again: int
) -> int:
    """Add up a training in bfloat16 as one does on paper: every argument is a count of weights or of bytes."""
    loss = head
    backward = again + 6 * block
    gathered = weights if gpus == 1 else root + 2 * block
    return 16 * weights // gpus + 2 * gathered + tokens * layers * kept + max(loss, backward)


# Qwen3, 1.12 B: block = attention 2 x 2048 x 2048 + 2 x 2048 x 1024, MLP 3 x 2048 x 6144, norms 2 x 2048 + 2 x 128.
QWEN_BLOCK = 2 * 2048 * 2048 + 2 * 2048 * 1024 + 3 * 2048 * 6144 + 2 * 2048 + 2 * 128
QWEN_ROOT = 151_936 * 2048 + 2048
# Kept of a token: two norms of 6 x 2048, inputs of qkv and of the MLP 2 x 2 x 2048, norms of heads 6 x 3072, attention
# 2 x (2 x 2048 + 2 x 1024) and 4 x 16, the gate's 4 x 2 x 6144.
QWEN_TOKEN = 2 * 6 * 2048 + 2 * 2 * 2048 + 6 * 3072 + 2 * (2 * 2048 + 2 * 1024) + 4 * 16 + 4 * 2 * 6144
LLAMA_BLOCK = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336 + 2 * 4096
LLAMA_ROOT = 2 * 128_256 * 4096 + 4096
LLAMA_TOKEN = 2 * 6 * 4096 + 2 * 2 * 4096 + 2 * (2 * 4096 + 2 * 1024) + 4 * 32 + 4 * 2 * 14_336
# Experts: router 2048 x 128, 128 x 3 x 2048 x 768; of a token 6 x 128 for the router, 8 x 2 x (3 x 2048 + 4 x 768).
MOE_BLOCK = 2 * 2048 * 4096 + 2 * 2048 * 512 + 2048 * 128 + 128 * 3 * 2048 * 768 + 2 * 2048 + 2 * 128
MOE_ROOT = 2 * 151_936 * 2048 + 2048
MOE_TOKEN = (
    2 * 6 * 2048 + 2 * 2 * 2048 + 6 * 4608 + 2 * (2 * 4096 + 2 * 512) + 4 * 32 + 6 * 128 + 8 * 2 * (3 * 2048 + 4 * 768)
)


def head(vocabulary: int, hidden: int, tokens: int) -> int:
    """Return the head's gradient in float32, 2,048 rows of logits in six bytes, and twelve bytes per hidden number."""
    return 4 * vocabulary * hidden + 2048 * vocabulary * 6 + tokens * hidden * 12


@pytest.mark.parametrize(
    ("settings", "gpus", "tokens", "policy", "expected"),
    [
        pytest.param(
            QWEN, 1, 16_384, "None",
            by_hand(weights=16 * QWEN_BLOCK + QWEN_ROOT, root=QWEN_ROOT, block=QWEN_BLOCK, gpus=1, layers=16,
                    tokens=16_384, kept=QWEN_TOKEN, head=head(151_936, 2048, 16_384),
                    again=16_384 * 2 * 2048 + 2 * 151_936 * 2048),
            id="Qwen3-1B-None",
        ),
        pytest.param(
            QWEN, 1, 16_384, "Full",
            by_hand(weights=16 * QWEN_BLOCK + QWEN_ROOT, root=QWEN_ROOT, block=QWEN_BLOCK, gpus=1, layers=16,
                    tokens=16_384, kept=2 * 2048, head=head(151_936, 2048, 16_384),
                    again=16_384 * (QWEN_TOKEN + 2 * 2048) + 2 * 151_936 * 2048),
            id="Qwen3-1B-Full",
        ),
        pytest.param(
            LLAMA, 8, 8192, "None",
            by_hand(weights=32 * LLAMA_BLOCK + LLAMA_ROOT, root=LLAMA_ROOT, block=LLAMA_BLOCK, gpus=8, layers=32,
                    tokens=8192, kept=LLAMA_TOKEN, head=head(128_256, 4096, 8192),
                    again=8192 * 2 * 4096 + 2 * 128_256 * 4096),
            id="Llama-8B-None",
        ),
        pytest.param(
            LLAMA, 8, 8192, "Full",
            by_hand(weights=32 * LLAMA_BLOCK + LLAMA_ROOT, root=LLAMA_ROOT, block=LLAMA_BLOCK, gpus=8, layers=32,
                    tokens=8192, kept=2 * 4096, head=head(128_256, 4096, 8192),
                    again=8192 * (LLAMA_TOKEN + 2 * 4096) + 2 * 128_256 * 4096),
            id="Llama-8B-Full",
        ),
        pytest.param(
            MOE, 2, 4096, "None",
            by_hand(weights=4 * MOE_BLOCK + MOE_ROOT, root=MOE_ROOT, block=MOE_BLOCK, gpus=2, layers=4,
                    tokens=4096, kept=MOE_TOKEN, head=head(151_936, 2048, 4096),
                    again=4096 * 2 * 2048 + 2 * 151_936 * 2048),
            id="MoE-None",
        ),
        pytest.param(
            MOE, 2, 4096, "Full",
            by_hand(weights=4 * MOE_BLOCK + MOE_ROOT, root=MOE_ROOT, block=MOE_BLOCK, gpus=2, layers=4,
                    tokens=4096, kept=2 * 2048, head=head(151_936, 2048, 4096),
                    again=4096 * (MOE_TOKEN + 2 * 2048) + 2 * 151_936 * 2048),
            id="MoE-Full",
        ),
    ],
)  # fmt: skip
def test_training_needs_what_the_sum_on_paper_says(
    settings: dict[str, Any], gpus: int, tokens: int, policy: str, expected: int
) -> None:
    """At six points the peak is the sum derived by hand; no device was asked yet."""
    assert needs(settings, train_gpus=gpus, pack_tokens=tokens, activation_checkpointing=policy).peak == expected


MEASURED = {("None", False): 55.12, ("None", True): 41.77, ("Selective", True): 31.01, ("Full", True): 24.02}
"""Most that torch allocated for the 1.12 B shape on one H200, in GB, by policy and fused kernels: make bench-gpu."""


@pytest.mark.parametrize(("policy", "fused"), MEASURED)
def test_what_a_card_allocated_is_what_is_estimated(policy: str, fused: bool) -> None:
    """Within 15 % of torch's own peak, in packs of 16,384 tokens."""
    needed = needs(QWEN, activation_checkpointing=policy, fused=fused).peak / 1e9
    assert needed == pytest.approx(MEASURED[policy, fused], rel=0.15)


def test_fused_kernels_keep_less() -> None:
    """Of every family and policy; what only grows with the weights is the same."""
    for settings in (QWEN, LLAMA, MOE):
        for policy in ("None", "Selective", "Full"):
            fused, plain = (needs(settings, activation_checkpointing=policy, fused=each) for each in (True, False))
            assert fused.states == plain.states
            assert fused.kept + fused.on_top < plain.kept + plain.on_top


def test_more_gpus_and_more_recomputation_never_need_more() -> None:
    """States shrink with the number of GPUs; what is kept shrinks from None over Selective to Full."""
    found = [
        needs(LLAMA, train_gpus=gpus, activation_checkpointing=policy)
        for gpus in (1, 2, 64) for policy in ("None", "Selective", "Full")
    ]  # fmt: skip
    assert [each.states for each in found] == sorted((each.states for each in found), reverse=True)
    for none, selective, full in zip(found[::3], found[1::3], found[2::3], strict=True):
        assert none.kept > selective.kept > full.kept


def test_adapters_need_states_for_themselves_alone() -> None:
    """With adapters the frozen weights have no gradient and no moments, and the head has no gradient either."""
    adapted = HARDWARE.model_copy(update={"lora": contract.Lora(rank=8, alpha=16.0, targets=("q_proj",))})
    weights = shape(QWEN).parameters
    assert memory.train_needs(shape(QWEN), adapted).states == 4 * weights + 16 * 8 * 16 * (2048 + 2048)


def test_the_cache_forgets_what_slid_out_of_the_window() -> None:
    """Blocks with a sliding window remember no more than it; the others every token."""
    windowed = {**QWEN, "layer_types": ["sliding_attention", "full_attention"] * 8, "sliding_window": 128}
    each = 2 * 2 * 1024
    assert memory.cache_bytes(shape(QWEN), 1000) == each * 16 * 1000
    assert memory.cache_bytes(shape(windowed), 1000) == each * (8 * 1000 + 8 * 128)


def test_the_disk_holds_checkpoints_and_exports() -> None:
    """Base, one checkpoint more than are kept (weights and two moments in float32), and each exported model."""
    weights = shape(QWEN).parameters
    assert memory.disk_bytes(shape(QWEN), HARDWARE, base=7) == 7 + 3 * 12 * weights + 2 * weights


DEMANDS = contract.Demands(
    engine="VLLM", trained=True, lora=None,
    sequences=(contract.Sequences(field="sampling", max_sequence_tokens=32_768),),
)  # fmt: skip
BIG = {**MOE, "num_hidden_layers": 48}


def test_what_cannot_fit_is_refused_with_the_smallest_change() -> None:
    """30 B on one GPU of 80 GB is refused, with the GPUs or the adapters that would do; on those it is not."""
    one = HARDWARE.model_copy(update={"gpu_bytes": 80 * 10**9, "activation_checkpointing": "Full"})
    [sentence] = estimates.excesses(BIG, DEMANDS, one)
    assert sentence.startswith("training: 30.53 B parameters need ")
    assert "on each of 1 GPUs, more than a GPU of 80.0 GB can allocate; use 16 GPUs" in sentence
    assert "training.lora.rank 16" not in sentence or "or training.lora" in sentence
    assert not list(estimates.excesses(BIG, DEMANDS, one.model_copy(update={"train_gpus": 16})))


def test_nothing_is_refused_of_which_nothing_is_known() -> None:
    """Neither another family nor a training on the CPU; without a word on the GPU's memory only the impossible."""
    one = HARDWARE.model_copy(update={"gpu_bytes": 10**9})
    assert not list(estimates.excesses({**BIG, "model_type": "mamba"}, DEMANDS, one))
    assert not list(estimates.excesses(BIG, DEMANDS.model_copy(update={"trained": False}), one))
    assert not list(estimates.excesses(BIG, DEMANDS, one.model_copy(update={"train_gpus": 0})))
    assert not list(estimates.excesses(QWEN, DEMANDS, HARDWARE))
    assert list(estimates.excesses(BIG, DEMANDS, HARDWARE))


def test_the_sentences_say_what_is_needed_and_that_it_is_an_estimate() -> None:
    """Model, training, sampling and disk have a line each, and a pack that may not fit has one more."""
    said = list(estimates.sentences(QWEN, DEMANDS, {"sampling.gpusPerShard": 2}, HARDWARE))
    assert said[0] == "model: 1.12 B parameters, 16 layers, vocabulary 151,936 (qwen3)"
    assert said[1].startswith("train: 53.2 GB on each of 1 GPUs at most (estimated)")
    assert said[2].startswith(
        "sampling: weights 1.1 GB on each of 2 GPUs, and 1.1 GB of cache for one sequence of 32,768"
    )
    assert said[3].startswith("disk: 44.7 GB")
    assert len(said) == 4
    longer = HARDWARE.model_copy(update={"pack_tokens": 65_536})
    assert "training may run out of memory" in list(estimates.sentences(QWEN, DEMANDS, {}, longer))[-1]
    assert "not estimated for model_type mamba" in next(
        iter(estimates.sentences({"model_type": "mamba"}, DEMANDS, {}, HARDWARE))
    )
