"""The config of train, for the workspace of `workspaces.training`."""

from pathlib import Path
from typing import Literal

from configs.parts import key
from ssd_jobs import contract


def train_config(
    workspace: Path,
    *,
    steps: int = 4,
    global_batch_size: int = 8,
    learning_rate: float = 1e-3,
    min_learning_rate: float = 1e-4,
    warmup_steps: int = 2,
    grad_clip: float = 1.0,
    loss_weighting: Literal["Token", "Sequence"] = "Token",
    compute_dtype: Literal["BFloat16", "Float32", "Float64"] = "Float32",
    activation_checkpointing: Literal["None", "Selective", "Full"] = "None",
    pack_tokens: int = 0,
    compile: bool = False,  # noqa: A002 - the field's name
    kernels: Literal["Auto", "Fused", "Plain"] = "Auto",
    lora: contract.Lora | None = None,
    export_every_steps: int = 0,
    export_steps: tuple[int, ...] | None = None,
    nll_tolerance: float = 0.02,
    output: str = "checkpoints/run",
    nodes: int = 1,
    gpus_per_node: int = 0,
    master_port: int = 29500,
    rendezvous_timeout_s: float = 60.0,
    grace_period_s: float = 60.0,
    checkpoint_every_steps: int = 2,
    checkpoint_keep: int = 2,
    tracking: contract.Tracking | None = None,
) -> contract.TrainConfig:
    """Return a config that trains models/base on records/plan, on the CPU."""
    return contract.TrainConfig(
        version=1,
        stage="train",
        name="train",
        key=key("a"),
        workspace=str(workspace),
        model="models/base",
        records="records/plan",
        output=output,
        science=contract.TrainScience(
            steps=steps,
            global_batch_size=global_batch_size,
            sequence_length=64,
            learning_rate=learning_rate,
            min_learning_rate=min_learning_rate,
            warmup_steps=warmup_steps,
            weight_decay=0.1,
            betas=(0.9, 0.95),
            grad_clip=grad_clip,
            seed=0,
            loss_weighting=loss_weighting,
            compute_dtype=compute_dtype,
            lora=lora,
            export_every_steps=export_every_steps,
            export_steps=export_steps,
            nll_tolerance=nll_tolerance,
            trust_remote_code=False,
        ),
        execution=contract.TrainExecution(
            metrics_port=0,
            image="",
            nodes=nodes,
            gpus_per_node=gpus_per_node,
            activation_checkpointing=activation_checkpointing,
            pack_tokens=pack_tokens,
            compile=compile,
            kernels=kernels,
            attempt=1,
            master_address="127.0.0.1",
            master_port=master_port,
            rendezvous_timeout_s=rendezvous_timeout_s,
            grace_period_s=grace_period_s,
            checkpoint_every_steps=checkpoint_every_steps,
            checkpoint_every_s=0.0,
            checkpoint_keep=checkpoint_keep,
            tracking=tracking,
        ),
    )
