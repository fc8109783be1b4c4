"""Whether a model can do what later stages ask of it, by its config and the headers of its files alone.

`prepare` asks once, before anything is sampled; training asks the same of the model that it loads.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ssd_jobs.contract import Lora, ModelSize, PrepareConfig, demands, estimates, files
from ssd_jobs.contract.model_shape import shape_of
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.models import adapting, compilers, loading
from ssd_jobs.models.stops import stop_token_ids

__all__ = ["check", "check_config", "check_structure", "needs", "size", "vocabulary"]

ADVICE = "use a decoder such as Qwen3, Llama or gpt-oss"


def check(path: Path, config: PrepareConfig) -> None:
    """Refuse a model of which some stage could not make what the spec asks for; the sentence names the field."""
    written, asked, gpus = _written(path), config.demands, config.execution.gpus
    _refuse(demands.refusals(written, asked, gpus))
    _refuse(estimates.excesses(written, asked, config.execution.hardware))
    _check_stops(path, demands.vocabulary(written))
    if asked.trained or asked.engine == "Transformers":
        complete, model = _known(path, trust_remote_code=config.model.science.trust_remote_code)
        _refuse(demands.refusals(complete, asked, gpus))
        if asked.trained:
            check_structure(model)
        if asked.lora is not None:
            adapting.linear_layers(model, asked.lora)
    if config.execution.compiles_for:
        compilers.require(config.execution.compiles_for)


def needs(path: Path, config: PrepareConfig, *, base: int) -> Iterable[str]:
    """Return what the experiment needs of memory and disk, in sentences; `base` is what the weights take on disk."""
    return estimates.sentences(
        _written(path), config.demands, config.execution.gpus, config.execution.hardware, base=base
    )


def size(path: Path, *, base: int) -> ModelSize | None:
    """Return how large a model is, None for a family whose shape is not known."""
    shape = shape_of(_written(path))
    if shape is None:
        return None
    return ModelSize(parameters=shape.parameters, bytes=base, layers=shape.layers, vocabulary=shape.vocabulary)


def check_config(settings: Mapping[str, Any], lora: Lora | None) -> None:
    """Refuse what the trainer would compute wrongly, by what the config says."""
    _refuse(demands.untrainable(settings, lora))


def check_structure(model: Any) -> None:
    """Refuse a model that the trainer does not find its way in: blocks, their attention, and the head."""
    kind = type(model).__name__
    decoder, head = model.get_decoder(), model.get_output_embeddings()
    if not isinstance(getattr(decoder, "layers", None), nn.ModuleList):
        raise BadInput(f"model.source: {kind} has no list of blocks and cannot be trained; {ADVICE}")
    if not model.is_backend_compatible():
        raise BadInput(
            f"model.source: {kind} has attention of its own, which cannot keep packed documents apart, and cannot be "
            f"trained; {ADVICE}"
        )
    if getattr(head, "weight", None) is None or getattr(head, "bias", None) is not None:
        raise BadInput(
            f"model.source: {kind} has a head that is more than a matrix, which the loss would leave out, and cannot "
            f"be trained; {ADVICE}"
        )


def vocabulary(path: Path) -> int | None:
    """Return how many tokens a model knows, None where its config does not say."""
    return demands.vocabulary(_written(path))


def _known(path: Path, *, trust_remote_code: bool) -> tuple[dict[str, Any], Any]:
    """Return what transformers makes of a directory: the config with its defaults, and the model without memory."""
    try:
        settings = loading.read_config(path, trust_remote_code=trust_remote_code).to_dict()
        return settings, loading.without_memory(path, trust_remote_code=trust_remote_code)
    except BadInput as error:
        raise BadInput(f"model.source: {first_line(error)}") from None


def _check_stops(path: Path, size: int | None) -> None:
    """Refuse a model whose completions cannot end by themselves."""
    try:
        stops = stop_token_ids(path)
    except BadInput as error:
        raise BadInput(f"model.source: {first_line(error)}") from None
    unknown = [token for token in stops if size is not None and token >= size]
    if unknown:
        raise BadInput(
            f"model.source: the end-of-sequence token {unknown[0]} is none of the model's {size} tokens; "
            "get tokenizer and weights of the same model"
        )


def _written(path: Path) -> dict[str, Any]:
    """Return what is in the config's file."""
    found: dict[str, Any] = json.loads((path / files.MODEL_CONFIG).read_text(encoding="utf-8"))
    return found


def _refuse(sentences: Iterable[str]) -> None:
    """Refuse with the first sentence, if there is one."""
    first = next(iter(sentences), None)
    if first is not None:
        raise BadInput(first)
