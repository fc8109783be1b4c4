"""vLLM behind our protocol: checked before it is used; a request that it does not take is refused alone."""

from typing import Any

import pytest

from ssd_jobs import contract
from ssd_jobs.engine import Completion, Refused, Request
from ssd_jobs.errors import BadInput
from ssd_jobs.toy import base_model

pytestmark = pytest.mark.endurance

LIMIT = 64


PLAIN = contract.Decode(temperature=1.0, top_k=0, top_p=1.0)
PAPERS = contract.Decode(temperature=1.6, top_k=20, top_p=0.8)


@pytest.mark.vllm
def test_a_request_that_is_not_taken_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt beyond the model's length, and a token that it has not, are `Refused`; requests around them finish.

    Before that the engine says what it does while it starts, and its draws are checked; were its truncation another
    than it is asked for, it would be refused.
    """
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")
    from ssd_jobs.engine.vllm_engine import VllmEngine

    described = contract.EngineConfig(name="VLLM", args={"max_num_seqs": 4}, trust_remote_code=False)
    heard: list[str] = []
    engine = VllmEngine(
        base_model.directory(), described, gpus=0, max_sequence_tokens=LIMIT, seed=1, on_message=heard.append
    )
    assert "loading the model" in heard
    assert engine.facts["attention"] not in ([], ["auto"])
    parameters = engine.parameters
    engine.begin(PAPERS)
    with monkeypatch.context() as broken:
        broken.setattr(engine, "parameters", lambda tokens: _untruncated(parameters(tokens)))
        with pytest.raises(BadInput, match=r"temperature 1\.6, top-k 20, top-p 0\.5 excludes"):
            engine.begin(PAPERS.model_copy(update={"top_p": 0.5}))
    engine.begin(PLAIN)
    engine.submit(Request(0, [1, 20, 30], 8, 0))
    for number, prompt in ((1, [1] * (LIMIT + 36)), (2, [1, 10**6])):
        with pytest.raises(Refused, match=r"\S"):
            engine.submit(Request(number, prompt, 8, 0))
    engine.submit(Request(3, [1, 21, 30], 8, 0))
    found: list[Completion] = []
    for _ in range(8 * 4):
        found += engine.step()
    assert {each.id for each in found} == {0, 3}


def _untruncated(parameters: Any) -> Any:
    """Return the same without what cuts tokens off."""
    parameters.top_k, parameters.top_p = 0, 1.0
    return parameters
