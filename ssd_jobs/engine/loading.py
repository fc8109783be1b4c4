"""Starting the engine that a config names; its libraries are imported here and nowhere earlier."""

from collections.abc import Callable
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.engine import Engine

__all__ = ["load"]


def load(
    model: Path,
    engine: contract.EngineConfig,
    *,
    gpus: int,
    max_sequence_tokens: int,
    seed: int,
    on_message: Callable[[str], None],
) -> Engine:
    """Return an engine with the model loaded; `on_message` hears what an engine logs while it starts."""
    if engine.name == "VLLM":
        from ssd_jobs.engine.vllm_engine import VllmEngine

        return VllmEngine(
            model, engine, gpus=gpus, max_sequence_tokens=max_sequence_tokens, seed=seed, on_message=on_message
        )
    from ssd_jobs.engine.transformers_engine import TransformersEngine

    return TransformersEngine(model, engine, gpus=gpus, max_sequence_tokens=max_sequence_tokens)
