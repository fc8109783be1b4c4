"""vLLM behind our protocol: a request that it does not take is refused alone."""

import pytest

from ssd_jobs import contract
from ssd_jobs.engine import Completion, Refused, Request
from ssd_jobs.toy import base_model

pytestmark = pytest.mark.endurance

LIMIT = 64


@pytest.mark.vllm
def test_a_request_that_is_not_taken_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt beyond the model's length, and a token that it has not, are `Refused`; requests around them finish."""
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")
    from ssd_jobs.engine.vllm_engine import VllmEngine

    described = contract.EngineConfig(name="VLLM", args={"max_num_seqs": 4}, trust_remote_code=False)
    engine = VllmEngine(base_model.directory(), described, gpus=0, max_sequence_tokens=LIMIT, seed=1)
    engine.begin(contract.Decode(temperature=1.0, top_k=0, top_p=1.0))
    engine.submit(Request(0, [1, 20, 30], 8, 0))
    for number, prompt in ((1, [1] * (LIMIT + 36)), (2, [1, 10**6])):
        with pytest.raises(Refused, match=r"\S"):
            engine.submit(Request(number, prompt, 8, 0))
    engine.submit(Request(3, [1, 21, 30], 8, 0))
    found: list[Completion] = []
    for _ in range(8 * 4):
        found += engine.step()
    assert {each.id for each in found} == {0, 3}
