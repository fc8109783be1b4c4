"""Laws of memory that is allocated once: it gives what a growing batch gives, and nothing in it moves or grows."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from ssd_jobs.contract import Decode
from ssd_jobs.engine import Completion, Refused, Request, slots
from ssd_jobs.engine.batches import Batch
from ssd_jobs.engine.keyvalues import GrowingBatch
from ssd_jobs.engine.sampler import Sampler
from ssd_jobs.engine.slots import StaticBatch

DECODE = Decode(temperature=1.0, top_k=30, top_p=0.95)
COLUMNS = 200
BLOCK: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "intermediate_size": 48, "vocab_size": 100, "max_position_embeddings": 512, "initializer_range": 0.4,
}  # fmt: skip
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
FAMILIES = {
    "llama": BLOCK,
    "llama, scaled": BLOCK | {"rope_parameters": {
        "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}},
    "qwen2": {name: value for name, value in BLOCK.items() if name != "head_dim"} | {"num_attention_heads": 8},
    "qwen3": BLOCK | {"num_key_value_heads": 4, "tie_word_embeddings": True},
    "qwen3_moe": BLOCK | EXPERTS,
}  # fmt: skip
STOP = 3


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Threads cost more than they help a model so small, as in the engine."""
    torch.set_num_threads(1)


def model(name: str, **changes: Any) -> Any:
    """A random model of a family."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(name.split(",", maxsplit=1)[0], **FAMILIES.get(name, BLOCK) | changes)
    return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()


def requests(count: int, max_tokens: int = 40) -> list[Request]:
    """Prompts of 1 to 160 tokens."""
    return [
        Request(number, [5 + (number * 7 + place) % 90 for place in range(1 + number * 53 % 160)], max_tokens, number)
        for number in range(count)
    ]


def sampled(batch: Batch, wanted: list[Request]) -> dict[int, Completion]:
    """What comes back, all requests given at once."""
    sampler = Sampler(batch, [STOP], longest=COLUMNS)
    sampler.begin(DECODE)
    for request in wanted:
        sampler.submit(request)
    found: dict[int, Completion] = {}
    while len(found) < len(wanted):
        found |= {each.id: each for each in sampler.step()}
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_slots_give_what_a_growing_batch_gives(name: str) -> None:
    """For each family: the same tokens at the same seeds, and log-probabilities up to the last digits."""
    wanted = requests(20)
    growing = sampled(GrowingBatch(model(name), 8), wanted)
    chosen = model(name)
    assert slots.fits(chosen.config)
    found = sampled(StaticBatch(chosen, 8, COLUMNS, captured=False), wanted)
    for number, completion in growing.items():
        assert list(found[number].token_ids) == list(completion.token_ids)
        assert found[number].logprobs == pytest.approx(completion.logprobs, abs=1e-4)
        assert found[number].finish == completion.finish
    assert {each.finish for each in growing.values()} == {"stop", "length"}


def test_memory_stays_where_it_is() -> None:
    """Through refills, ends and moves the tensors that a captured step knows are the ones of the beginning."""
    batch = StaticBatch(model("qwen2"), 10, COLUMNS, captured=False)
    before = [each.data_ptr() for each in tensors(batch)]
    sampled(batch, requests(20))
    assert [each.data_ptr() for each in tensors(batch)] == before


def tensors(batch: StaticBatch) -> list[torch.Tensor]:
    """All tensors that a batch holds."""
    held = [value for value in vars(batch).values() if isinstance(value, torch.Tensor)]
    return [*held, *batch._held()]  # noqa: SLF001 - nothing else shows them


def test_a_step_computes_the_rows_that_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """As sequences end, steps get fewer rows, of a short list; columns grow in blocks that hold the longest text."""
    batch = StaticBatch(model("qwen2"), 40, COLUMNS, captured=False)
    shapes: list[tuple[int, int]] = []
    advance = batch.advance

    def watched() -> Any:
        alive = sum(row is not None for row in batch.rows)
        longest = max(row.length for row in batch.rows if row)
        logits = advance()
        shapes.append((len(logits.places), longest))
        assert alive <= len(logits.places) <= max(8, 2 * alive)
        return logits

    monkeypatch.setattr(batch, "advance", watched)
    sampled(batch, requests(60))
    assert {rows for rows, _ in shapes} == {8, 16, 32, 40}


@pytest.mark.parametrize("limit", [128, 512, 5120])
def test_columns_are_few_sizes_that_waste_little(limit: int) -> None:
    """Whatever is needed fits, less than a quarter or a least block is wasted, and there are few sizes."""
    found = {needed: slots.column_bucket(needed, limit) for needed in range(1, limit + 1)}
    assert all(0 <= size - needed < max(128, needed / 4) and size <= limit for needed, size in found.items())
    assert len(set(found.values())) <= 20


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_nothing_is_left_of_the_sequence_before(poison: float) -> None:
    """Numbers that are none in a slot's columns do not reach the next sequence in it."""
    batch = StaticBatch(model("llama"), 4, COLUMNS, captured=False)
    wanted = requests(4, max_tokens=8)
    clean = sampled(batch, wanted)
    for tensor in batch._held():  # noqa: SLF001 - what an overflow leaves cannot be made from outside
        tensor.fill_(poison)
    assert {number: each.token_ids for number, each in sampled(batch, wanted).items()} == {
        number: each.token_ids for number, each in clean.items()
    }


def test_windows_sinks_and_unknown_kinds_are_left_to_the_growing_batch() -> None:
    """A model whose layers do not all see every token, has sinks, or is not known does not fit, nor a chosen kernel."""
    oss = {"num_local_experts": 4, "num_experts_per_tok": 2}
    assert not slots.fits(AutoConfig.for_model("gpt_oss", **BLOCK | oss))
    kinds = ["full_attention", "sliding_attention"]
    assert not slots.fits(model("qwen2", use_sliding_window=True, sliding_window=16, layer_types=kinds).config)
    assert not slots.fits(model("mistral").config)
    eager = model("llama")
    eager.set_attn_implementation("eager")
    assert not slots.fits(eager.config)


def test_a_request_longer_than_a_slot_is_refused() -> None:
    """Only that one: it is said how many tokens it may have, and for how many the engine was started."""
    sampler = Sampler(StaticBatch(model("llama"), 4, COLUMNS, captured=False), [STOP], longest=COLUMNS)
    with pytest.raises(Refused, match="201 tokens, and the engine was started for 200"):
        sampler.submit(Request(0, [5] * 161, 40, 0))
