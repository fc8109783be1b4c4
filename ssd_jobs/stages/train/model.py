"""Loading a causal language model and sharding it, with float32 master weights always.

At a learning rate of 5e-6, bfloat16 weights above 0.002 cannot move at all, so parameters, gradients and optimizer
state are float32 whatever is computed in. The model is made without memory, sharded, and then every rank reads what it
holds: no process ever has the whole model unless it is alone, and then once.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard

from ssd_jobs.contract import Lora, TrainConfig
from ssd_jobs.models import compilers, conversions, loading, suitability
from ssd_jobs.models.weight_reader import WeightReader
from ssd_jobs.stages.train import attention, compiling, filling, kernels, lora, loss, recompute
from ssd_jobs.stages.train.kernels import Asked, Kernels
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["ModelSettings", "Trainee", "load"]

DTYPES = {"BFloat16": torch.bfloat16, "Float32": torch.float32, "Float64": torch.float64}


@dataclass(frozen=True)
class ModelSettings:
    """What loading depends on besides the files."""

    compute_dtype: Literal["BFloat16", "Float32", "Float64"]
    activation_checkpointing: Literal["None", "Selective", "Full"]
    compile: bool
    kernels: Asked
    lora: Lora | None
    seed: int
    """Where the adapters start from."""
    trust_remote_code: bool

    @classmethod
    def of(cls, config: TrainConfig) -> Self:
        """Take the settings of a training from its config."""
        science, execution = config.science, config.execution
        return cls(
            compute_dtype=science.compute_dtype,
            activation_checkpointing=execution.activation_checkpointing,
            compile=execution.compile,
            kernels=execution.kernels,
            lora=science.lora,
            seed=science.seed,
            trust_remote_code=science.trust_remote_code,
        )

    def finished(self) -> Self:
        """Return the settings for a model that is trained no more: adapters are merged, and it is computed once."""
        return replace(self, activation_checkpointing="None", compile=False, lora=None)

    def chosen_kernels(self, device: torch.device) -> Kernels:
        """Return which kernels are used on a device."""
        return kernels.choose(self.kernels, device, self.compute, compiled=self.compile)

    @property
    def compute(self) -> torch.dtype:
        """What forward and backward are computed in."""
        return DTYPES[self.compute_dtype]

    @property
    def master(self) -> torch.dtype:
        """What weights, gradients and optimizer state are held in."""
        return torch.promote_types(self.compute, torch.float32)


class Trainee(nn.Module):
    """A causal language model whose forward pass takes a pack and returns its loss, never its logits."""

    def __init__(self, causal_lm: Any, *, fused: bool) -> None:
        super().__init__()
        self.causal_lm = causal_lm
        self._fused = fused
        self._sharded: list[FSDPModule] = []
        self._keeps = False

    def forward(self, pack: Pack) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the pack's weighted loss and the NLL of each loss token."""
        decoder = self.causal_lm.get_decoder()
        hidden = decoder(
            input_ids=pack.inputs, position_ids=pack.positions, use_cache=False, documents=pack.documents
        ).last_hidden_state[0]
        head = self.causal_lm.get_output_embeddings().weight
        return loss.weighted_nll(hidden[pack.predictors], head, pack.targets, pack.weights, fused=self._fused)

    def shards(self, *, keep: bool) -> None:
        """Take note of the modules that are sharded, and whether they keep their weights gathered from pack to pack."""
        self._sharded = [module for module in self.modules() if isinstance(module, FSDPModule)]
        self._keeps = keep

    def before_pack(self, *, last: bool) -> None:
        """Say whether the next pack is its step's last: only there, weights that are kept are let go.

        Every other pack would cast all weights and gradients again, a tenth of a step's time on an H100.
        """
        for module in self._sharded if self._keeps else ():
            module.set_requires_gradient_sync(last, recurse=False)
            module.set_reshard_after_backward(last, recurse=False)

    def after_scoring(self) -> None:
        """Let go of the weights that a forward pass without a backward pass leaves gathered, before they change."""
        for module in self._sharded:
            module.reshard()

    def named_weights(self) -> dict[str, nn.Parameter]:
        """Return all parameters by the names that transformers gives them; tied ones once."""
        return dict(self.causal_lm.named_parameters())

    def trained_weights(self) -> dict[str, nn.Parameter]:
        """Return those that training changes."""
        return {name: weight for name, weight in self.named_weights().items() if weight.requires_grad}


def load(path: Path, settings: ModelSettings, ranks: Ranks) -> Trainee:
    """Load the model in a directory onto all ranks."""
    if settings.compile:
        compilers.require("cuda" if ranks.device.type == "cuda" else "cpu")
    attention.register(attention.choose(ranks.device, settings.compute))
    config = loading.read_config(path, trust_remote_code=settings.trust_remote_code)
    suitability.check_config(config.to_dict(), settings.lora)
    reader = WeightReader(path, trust_remote_code=settings.trust_remote_code)
    model = _skeleton(config, settings, reader)
    suitability.check_structure(model)
    fused = settings.chosen_kernels(ranks.device) == "Fused"
    trainee = Trainee(model, fused=fused)
    if settings.lora is not None:
        lora.inject(model, settings.lora)
    if fused:
        kernels.fuse(model)
    recompute.enable(model, settings.activation_checkpointing)
    if settings.compile:
        compiling.compile_blocks(model.get_decoder().layers)
    trainee.train()
    if ranks.world > 1 or settings.compute != settings.master:
        _shard(trainee, settings, ranks)
    _materialize(trainee, ranks.device)
    filling.fill(model, reader, seed=settings.seed)
    return trainee


def _materialize(trainee: Trainee, device: torch.device) -> None:
    """Give the weights memory on the device, tied ones the same, and take the buffers there as they are."""
    buffers = {name: buffer.clone() for name, buffer in trainee.named_buffers()}
    trainee.to_empty(device=device)
    trainee.causal_lm.tie_weights(recompute_mapping=False)
    for name, buffer in trainee.named_buffers():
        buffer.copy_(buffers[name])


def _skeleton(config: Any, settings: ModelSettings, reader: WeightReader) -> Any:
    """Build the model without memory for its weights, but with the buffers that it computes."""
    from accelerate import init_empty_weights
    from transformers import AutoModelForCausalLM

    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(
            config,
            dtype=settings.master,
            trust_remote_code=settings.trust_remote_code,
            **_implementations(settings),
        )
    model.tie_weights()
    _untie(model, reader)
    conversions.remember(model, reader.conversions)
    return _plain(model)


def _untie(model: Any, reader: WeightReader) -> None:
    """Part tied weights of which the files hold both, and not the same, as transformers does."""
    for name, other in list(model.all_tied_weights_keys.items()):
        if name in reader and other in reader and not torch.equal(reader.read(name), reader.read(other)):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, nn.Parameter(torch.empty_like(model.get_parameter(name))))
            del model.all_tied_weights_keys[name]


def _implementations(settings: ModelSettings) -> dict[str, Any]:
    """Choose our attention, and grouped experts except in float64, which their kernel does not know."""
    extra = {"experts_implementation": "eager"} if settings.compute is torch.float64 else {}
    return {"attn_implementation": attention.NAME, **extra}


def _plain(model: Any) -> Any:
    """Switch off what is no part of the loss: auxiliary router loss, dropout, and the cache."""
    model.config.use_cache = False
    if getattr(model.config, "output_router_logits", False):
        model.config.output_router_logits = False
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def _shard(trainee: Trainee, settings: ModelSettings, ranks: Ranks) -> None:
    """Shard every block, then the rest; gradients are summed over ranks, because the loss is a share of a sum."""
    mesh = init_device_mesh(ranks.device.type, (ranks.world,))
    policy = MixedPrecisionPolicy(param_dtype=settings.compute, reduce_dtype=settings.master, cast_forward_inputs=False)
    for block in trainee.causal_lm.get_decoder().layers:
        fully_shard(block, mesh=mesh, mp_policy=policy, reshard_after_forward=ranks.world > 1)
    fully_shard(trainee, mesh=mesh, mp_policy=policy)
    trainee.shards(keep=ranks.world == 1)
    for module in trainee.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(enable=True)
