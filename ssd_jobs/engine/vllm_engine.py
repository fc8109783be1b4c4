"""The engine for GPUs, and for CPUs that have vLLM: its own scheduler batches, we only keep it supplied.

The engine runs inside this process and is stepped directly, so that a finished sample can be kept at once. Every
sampling field is sent explicitly and the model's own defaults are ignored; stop tokens are given by id, and text is
made from the ids afterwards. Draws come from the engine's stream: a generator per request costs a loop per token. Which
of its samplers is at work depends on the device, so before a setting is used its first draws are checked.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from ssd_jobs.contract import Decode, EngineConfig
from ssd_jobs.engine import Completion, PartialCompletion, Refused, Request, selfcheck, starting
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.models.stops import stop_token_ids

__all__ = ["VllmEngine"]

OURS = (
    "model",
    "seed",
    "max_model_len",
    "tensor_parallel_size",
    "logprobs_mode",
    "max_logprobs",
    "generation_config",
    "trust_remote_code",
    "disable_log_stats",
)
COUNT_SECONDS = 1.0
WHOLE_VOCABULARY = -1
"""For the check of a setting, which needs the engine's own distribution; samples keep the logprob of what was drawn."""


class VllmEngine:
    """One vLLM engine."""

    def __init__(
        self,
        model: Path,
        engine: EngineConfig,
        *,
        gpus: int,
        max_sequence_tokens: int,
        seed: int,
        on_message: Callable[[str], None],
    ) -> None:
        import vllm
        from vllm import envs

        arguments = _arguments(engine, gpus=gpus, max_sequence_tokens=max_sequence_tokens, seed=seed)
        self.llm = _start(model, arguments, on_message)
        """vLLM's own object, for a comparison with its own loop."""
        self._engine = self.llm.llm_engine
        self._stops = stop_token_ids(model)
        self._submitted: dict[str, tuple[Request, float]] = {}
        self._decode = Decode(temperature=1.0, top_k=0, top_p=1.0)
        self._checked: set[Decode] = set()
        self._finished = 0
        self._counted = (0, float("-inf"))
        config = self._engine.vllm_config
        self.window = 2 * int(config.scheduler_config.max_num_seqs)
        self.facts: dict[str, JsonValue] = {
            "engine": "VLLM",
            "version": str(vllm.__version__),
            "arguments": dict[str, JsonValue](arguments),
            "attention": list[JsonValue](_attention(config)),
            "flashinfer_sampler": bool(envs.VLLM_USE_FLASHINFER_SAMPLER),
            "dtype": str(config.model_config.dtype).removeprefix("torch."),
            "max_num_seqs": int(config.scheduler_config.max_num_seqs),
            "stop_token_ids": list[JsonValue](self._stops),
        }

    @property
    def tokens(self) -> int:
        """Tokens that have arrived; counted at most once a second, since running requests must be asked."""
        now = time.monotonic()
        if now - self._counted[1] >= COUNT_SECONDS:
            states = self._engine.output_processor.request_states.values()
            running = sum(state.detokenizer.num_output_tokens() for state in states)
            self._counted = self._finished + running, now
        return self._counted[0]

    def begin(self, decode: Decode) -> None:
        """Use this setting from now on, or refuse an engine that draws from another distribution than it means."""
        self._decode = decode
        if decode not in self._checked:
            self._check()
            self._checked.add(decode)

    def _check(self) -> None:
        """Compare first draws with the engine's own raw distribution."""
        from vllm import SamplingParams, TokensPrompt

        prompt = TokensPrompt(prompt_token_ids=[self._stops[0]])
        whole = SamplingParams(temperature=0.0, max_tokens=1, logprobs=WHOLE_VOCABULARY, detokenize=False)
        (answer,) = self.llm.generate([prompt], whole, use_tqdm=False)
        found = answer.outputs[0].logprobs[0]
        raw = [found[token].logprob for token in range(len(found))]
        drawn = self.llm.generate([prompt] * selfcheck.DRAWS, self.parameters(1), use_tqdm=False)
        fault = selfcheck.fault(raw, self._decode, [each.outputs[0].token_ids[0] for each in drawn])
        if fault:
            raise BadInput(
                f"sampling.engine: vLLM was asked for a setting and {fault}; another sampler may keep to it: set "
                "VLLM_USE_FLASHINFER_SAMPLER=0 in the stage's pod.env, or use another version of vLLM"
            )

    def parameters(self, max_tokens: int) -> Any:
        """Return all sampling fields; nothing is left to a default."""
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            n=1,
            temperature=self._decode.temperature,
            top_k=self._decode.top_k,
            top_p=self._decode.top_p,
            min_p=0.0,
            presence_penalty=0.0,
            frequency_penalty=0.0,
            repetition_penalty=1.0,
            seed=None,
            stop_token_ids=list(self._stops),
            ignore_eos=True,
            max_tokens=max_tokens,
            min_tokens=0,
            logprobs=0,
            flat_logprobs=True,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def submit(self, request: Request) -> None:
        """Queue a request."""
        from vllm import TokensPrompt
        from vllm.exceptions import VLLMValidationError

        name = str(request.id)
        self._submitted[name] = request, time.monotonic()
        prompt = TokensPrompt(prompt_token_ids=[*request.prompt, *request.beginning.token_ids])
        room = request.max_tokens - len(request.beginning.token_ids)
        try:
            self._engine.add_request(name, prompt, self.parameters(room))
        except (ValueError, VLLMValidationError) as error:
            del self._submitted[name]
            raise Refused(first_line(error)) from None

    def step(self) -> list[Completion]:
        """Run one step of the scheduler."""
        if not self._submitted:
            return []
        return [self._completion(output) for output in self._engine.step() if output.finished]

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Return what has arrived of these requests."""
        found: dict[int, PartialCompletion] = {}
        for state in self._engine.output_processor.request_states.values():
            request, _ = self._submitted[state.external_req_id]
            skipped = known[request.id] - len(request.beginning.token_ids)
            tokens = state.detokenizer.output_token_ids[skipped:]
            if tokens:
                logprobs = [float(value) for value in state.logprobs_processor.logprobs.logprobs[skipped:]]
                found[request.id] = PartialCompletion(tokens, logprobs, float("nan"))
        return found

    def _completion(self, output: Any) -> Completion:
        """Return one finished request."""
        request, submitted = self._submitted.pop(output.request_id)
        (result,) = output.outputs
        self._finished += len(result.token_ids)
        return Completion(
            id=request.id,
            token_ids=[*request.beginning.token_ids, *result.token_ids],
            logprobs=[*request.beginning.logprobs, *(float(value) for value in result.logprobs.logprobs)],
            finish="stop" if result.finish_reason == "stop" else "length",
            entropy=float("nan"),
            seconds=time.monotonic() - submitted,
            seeded=False,
        )


def _attention(config: Any) -> list[str]:
    """Return the attention backends of the layers that live in this process, or what was asked for where none do."""
    layers = config.compilation_config.static_forward_context.values()
    found = {layer.get_attn_backend().get_name() for layer in layers if hasattr(layer, "get_attn_backend")}
    return sorted(found) or [str(config.attention_config.backend or "auto")]


def _arguments(engine: EngineConfig, *, gpus: int, max_sequence_tokens: int, seed: int) -> dict[str, Any]:
    """Return what the engine is started with: the user's arguments beside ours, never instead of them."""
    taken = sorted(set(engine.args) & set(OURS))
    if taken:
        raise BadInput(f"sampling.engineArgs.{taken[0]}: is set by this stage; remove it")
    return {
        "seed": seed,
        "max_model_len": max_sequence_tokens,
        "tensor_parallel_size": max(1, gpus),
        "logprobs_mode": "raw_logprobs",
        "max_logprobs": WHOLE_VOCABULARY,
        "generation_config": "vllm",
        "trust_remote_code": engine.trust_remote_code,
        "disable_log_stats": True,
        **({"enforce_eager": True} if gpus == 0 else {}),
        **engine.args,
    }


def _start(model: Path, arguments: dict[str, Any], on_message: Callable[[str], None]) -> Any:
    """Start the engine, or say in one sentence why it refuses."""
    from vllm import LLM
    from vllm.exceptions import VLLMValidationError

    try:
        with starting.told(on_message):
            return LLM(str(model), **arguments)
    except (ValueError, TypeError, OSError, VLLMValidationError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = next((line for line in lines if "Error" in line), lines[-1] if lines else type(error).__name__)
        raise BadInput(f"sampling.engine: vLLM refuses {model.name}: {reason[:300]}") from None
