"""The batched engine gives what the model alone would give, whoever shares the batch."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.engine import Completion, Request, decoding, transfers
from ssd_jobs.engine.sampler import Sampler
from ssd_jobs.engine.slots import StaticBatch
from ssd_jobs.engine.transformers_engine import TransformersEngine
from ssd_jobs.errors import BadInput
from ssd_jobs.models.stops import stop_token_ids
from ssd_jobs.toy import base_model

MODEL = base_model.directory()
DECODE = contract.Decode(temperature=1.2, top_k=20, top_p=0.8)
GREEDY = contract.Decode(temperature=0.0, top_k=0, top_p=1.0)


def started(**args: Any) -> TransformersEngine:
    return TransformersEngine(
        MODEL,
        contract.EngineConfig(name="Transformers", args=args, trust_remote_code=False),
        gpus=0,
        max_sequence_tokens=128,
    )


def requests(count: int, *, max_tokens: int = 24) -> list[Request]:
    """Prompts of different lengths."""
    return [
        Request(number, [1, *(20 + (number * 7 + place) % 300 for place in range(3 + number % 9))], max_tokens, number)
        for number in range(count)
    ]


def in_slots(model: Any, size: int = 4) -> Sampler:
    """The same, as on a GPU: keys and values in memory that is allocated once."""
    return Sampler(StaticBatch(model, size, 128, captured=False), stop_token_ids(MODEL), longest=128)


def sampled(engine: Sampler, wanted: list[Request], decode: contract.Decode) -> dict[int, Completion]:
    engine.begin(decode)
    waiting = list(wanted)
    found: dict[int, Completion] = {}
    while len(found) < len(wanted):
        for request in waiting[: engine.window]:
            engine.submit(request)
        waiting = waiting[engine.window :]
        found |= {each.id: each for each in engine.step()}
    return found


@pytest.fixture(scope="module")
def reference() -> Any:
    return AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)


@pytest.fixture(scope="module")
def held() -> Any:
    """A model for slots, which set its attention."""
    return AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)


@torch.no_grad()
def alone(model: Any, request: Request, decode: contract.Decode) -> tuple[list[int], list[float]]:
    """Sample one request without batch and without cache."""
    tokens, logprobs = list(request.prompt), []
    for position in range(request.max_tokens):
        logits = model(torch.tensor([tokens])).logits[:, -1].float()
        token = int(decoding.draw(logits, decode, decoding.uniforms([request.seed], [position])))
        logprobs.append(float(logits.log_softmax(-1)[0, token]))
        tokens.append(token)
        if token in stop_token_ids(MODEL):
            break
    return tokens[len(request.prompt) :], logprobs


@pytest.mark.parametrize("slots", [False, True], ids=["growing", "slots"])
@pytest.mark.parametrize("decode", [DECODE, GREEDY], ids=["sampled", "greedy"])
def test_a_batch_changes_nothing(reference: Any, held: Any, decode: contract.Decode, slots: bool) -> None:
    """Tokens and raw log-probabilities are those of each request alone, through refills and compactions."""
    wanted = requests(12)
    found = sampled(in_slots(held) if slots else started(max_num_seqs=4), wanted, decode)
    for request in wanted:
        tokens, logprobs = alone(reference, request, decode)
        assert list(found[request.id].token_ids) == tokens
        assert found[request.id].logprobs == pytest.approx(logprobs, abs=1e-4)


class _Waits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations whose result the host needs at once, for which it would wait for a device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += any(word in str(func) for word in ("is_nonzero", "_local_scalar", "nonzero", "masked_select"))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("slots", [False, True], ids=["growing", "slots"])
@pytest.mark.parametrize("decode", [DECODE, GREEDY], ids=["sampled", "greedy"])
def test_a_step_waits_for_the_device_once(
    monkeypatch: pytest.MonkeyPatch, held: Any, decode: contract.Decode, slots: bool
) -> None:
    """A step of a padded batch copies what it drew to the host once, and asks the device nothing else."""
    copies: list[torch.Tensor] = []
    copy = transfers.to_host

    def counted(values: torch.Tensor) -> list[list[float]]:
        copies.append(values)
        return copy(values)

    monkeypatch.setattr(transfers, "to_host", counted)
    engine = in_slots(held) if slots else started(max_num_seqs=4)
    engine.begin(decode)
    for request in requests(4):
        engine.submit(request)
    engine.step()  # fills the batch
    copies.clear()
    for steps in range(1, 6):
        with _Waits() as waits:
            engine.step()
        assert (len(copies), waits.count) == (steps, 0)


def test_ties_beyond_the_window_are_drawn_from_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose window is too small for the ties draws what it draws with a whole one."""
    wanted = requests(6)
    whole = sampled(started(max_num_seqs=6), wanted, DECODE)
    monkeypatch.setattr(decoding, "SPARE", 0)
    assert {number: each.token_ids for number, each in sampled(started(max_num_seqs=6), wanted, DECODE).items()} == {
        number: each.token_ids for number, each in whole.items()
    }


def test_a_beginning_is_gone_on_with() -> None:
    """Another engine that is given what one has drawn so far ends with the same completion and the same numbers."""
    wanted = requests(6)
    whole = sampled(started(max_num_seqs=6), wanted, DECODE)
    first = started(max_num_seqs=6)
    first.begin(DECODE)
    for request in wanted:
        first.submit(request)
    done = {each.id for _ in range(5) for each in first.step()}
    known = {request.id: 2 for request in wanted if request.id not in done}
    head = first.begun(dict.fromkeys(known, 0))
    tail = first.begun(known)
    assert all([*head[number].token_ids[:2], *tail[number].token_ids] == head[number].token_ids for number in known)
    resumed = [replace(request, beginning=head[request.id]) for request in wanted if request.id in known]
    for number, completion in sampled(started(max_num_seqs=2), resumed, DECODE).items():
        assert completion.token_ids == whole[number].token_ids
        assert completion.logprobs == pytest.approx(whole[number].logprobs, abs=1e-4)
        assert completion.entropy == pytest.approx(whole[number].entropy, abs=1e-4)
        assert completion.finish == whole[number].finish
    assert len(resumed) > 3


def test_it_ends_with_a_stop_token_or_at_its_limit() -> None:
    """A completion has a stop token at its end and nowhere else, or as many tokens as it may."""
    for request, completion in zip(wanted := requests(60), sampled(started(), wanted, DECODE).values(), strict=True):
        stops = [place for place, token in enumerate(completion.token_ids) if token in stop_token_ids(MODEL)]
        length = len(completion.token_ids)
        assert len(completion.logprobs) == length
        if completion.finish == "stop":
            assert stops == [length - 1]
        else:
            assert (stops, length) == ([], request.max_tokens)


def test_the_next_setting_starts_afresh() -> None:
    """After a run at one setting the engine serves another."""
    engine = started(max_num_seqs=8)
    first, greedy = sampled(engine, requests(8), DECODE), sampled(engine, requests(8), GREEDY)
    assert {number: list(each.token_ids) for number, each in greedy.items()} == {
        number: list(each.token_ids) for number, each in sampled(started(), requests(8), GREEDY).items()
    }
    assert first.keys() == greedy.keys()


def test_an_unknown_argument_is_named() -> None:
    """A setting that this engine does not know is an error, never ignored."""
    with pytest.raises(BadInput, match=r"engineArgs\.quantization"):
        started(quantization="fp8")


def test_more_positions_than_the_model_has_are_refused() -> None:
    """A limit beyond the model's own is bad input, not a wrong sample."""
    spec = contract.EngineConfig(name="Transformers", args={}, trust_remote_code=False)
    with pytest.raises(BadInput, match="maxSequenceTokens: 4096 is more than the model's 512"):
        TransformersEngine(MODEL, spec, gpus=0, max_sequence_tokens=4096)


def test_stop_tokens_come_from_all_files(tmp_path: Path) -> None:
    """Several in the generation config, and the tokenizer's own, end a completion."""
    (tmp_path / files.GENERATION_CONFIG).write_text('{"eos_token_id": [7, 9]}')
    (tmp_path / "config.json").write_text('{"eos_token_id": 1}')
    (tmp_path / files.TOKENIZER_CONFIG).write_text('{"eos_token": "<end>"}')
    (tmp_path / files.TOKENIZER).write_text('{"added_tokens": [{"id": 4, "content": "<end>"}]}')
    assert stop_token_ids(tmp_path) == (4, 7, 9)


def test_a_model_without_stop_tokens_is_refused(tmp_path: Path) -> None:
    """Without any, every completion would run to its limit."""
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadInput, match="no end-of-sequence token"):
        stop_token_ids(tmp_path)


@pytest.mark.parametrize("change", ["missing", "smaller"])
def test_a_model_that_is_not_whole_is_refused(tmp_path: Path, change: str) -> None:
    """A weight that the files lack, or have in another size, would be noise: the model is refused by its name."""
    shutil.copytree(base_model.directory(), tmp_path / "model")
    weights = load_file(tmp_path / "model/model.safetensors")
    name = next(name for name in weights if "mlp" in name)
    weight = weights.pop(name)
    if change == "smaller":
        weights[name] = weight[:-1].clone()
    save_file(weights, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    engine = contract.EngineConfig(name="Transformers", args={}, trust_remote_code=False)
    with pytest.raises(BadInput, match=re.escape(name)):
        TransformersEngine(tmp_path / "model", engine, gpus=0, max_sequence_tokens=64)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"moon": 1}, r"sampling\.engineArgs\.moon: Transformers knows dtype, max_num_seqs, attn_implementation"),
        ({"max_num_seqs": "many"}, r"sampling\.engineArgs\.max_num_seqs: 'many' is not a whole number above 0"),
        ({"max_num_seqs": -1}, r"sampling\.engineArgs\.max_num_seqs: -1 is not a whole number above 0"),
        ({"max_num_seqs": True}, r"sampling\.engineArgs\.max_num_seqs: True is not"),
        ({"dtype": 16}, r"sampling\.engineArgs\.dtype: 16 is not a word"),
        ({"dtype": "float7"}, r"sampling\.engineArgs\.dtype: float7 is no type of numbers"),
        ({"attn_implementation": "flash_attention_2"}, r"cannot load this model \(FlashAttention2"),
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_is_named(args: dict[str, Any], words: str) -> None:
    """What a user passes to the engine is checked before a model is loaded, or is the library's own first line."""
    with pytest.raises(BadInput, match=words):
        started(**args)
