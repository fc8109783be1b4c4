"""Starting the engine that a config names; its libraries are imported here and nowhere earlier."""

from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.engine import Engine

__all__ = ["load"]


def load(model: Path, engine: contract.EngineConfig, *, gpus: int, max_sequence_tokens: int, seed: int) -> Engine:
    """Return an engine with the model loaded."""
    if engine.name == "VLLM":
        from ssd_jobs.engine.vllm_engine import VllmEngine

        return VllmEngine(model, engine, gpus=gpus, max_sequence_tokens=max_sequence_tokens, seed=seed)
    from ssd_jobs.engine.transformers_engine import TransformersEngine

    return TransformersEngine(model, engine, gpus=gpus, max_sequence_tokens=max_sequence_tokens)
