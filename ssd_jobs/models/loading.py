"""A causal language model with exactly the weights that its files have.

What a checkpoint lacks, transformers fills with noise and writes to the log: such a model samples nonsense that looks
like a result. What a checkpoint has besides, it drops, and an export would be without it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, first_line

__all__ = ["load", "read_config", "weight_files", "without_memory"]

UNREADABLE = (OSError, ValueError, KeyError, AttributeError, ImportError)
"""What transformers raises about a directory that it cannot make a model of."""
UNCONVERTED = "automatic conversion of the weights"
"""What transformers says, and no more, when tensors that become one weight do not fit each other."""
SHOWN = 3
"""Weights that a sentence names."""


def read_config(path: Path, *, trust_remote_code: bool) -> Any:
    """Return the config of the model in a directory, with the values that it leaves to its kind of model."""
    from transformers import AutoConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    with _refusals(path):
        return AutoConfig.from_pretrained(path, trust_remote_code=trust_remote_code, local_files_only=True)


def load(path: Path, **arguments: Any) -> Any:
    """Return the model in a directory, or refuse one whose files are not exactly it."""
    from transformers import AutoModelForCausalLM

    config = read_config(path, trust_remote_code=arguments.get("trust_remote_code", False))
    with _refusals(path):
        model, report = AutoModelForCausalLM.from_pretrained(
            path, config=config, use_safetensors=True, local_files_only=True, **_reported(config), **arguments
        )
    _refuse_differences(path, report)
    if _is_packed(config):
        # An unpacked model is a plain one: an export in reverse of how it was loaded would lose its experts.
        vars(model).pop("_weight_conversions", None)
    return model


def without_memory(path: Path, *, trust_remote_code: bool) -> Any:
    """Return the model on the meta device; its files are refused as `load` does, by their headers alone."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.modeling_utils import load_state_dict

    config = read_config(path, trust_remote_code=trust_remote_code)
    weights: dict[str, Any] = {}
    with _refusals(path):
        with torch.device("meta"):
            kind = type(AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code))
        for file in weight_files(path):
            weights |= load_state_dict(file, map_location="meta")
        model, report = kind.from_pretrained(
            None, config=config, state_dict=weights, device_map="meta", **_reported(config)
        )
    _refuse_differences(path, report)
    return model


def weight_files(path: Path) -> list[Path]:
    """Return the files of a model that hold weights."""
    return sorted(path.glob(f"*{files.WEIGHTS}"))


def _reported(config: Any) -> dict[str, Any]:
    """Return what makes transformers report differences; packed experts are always unpacked, whatever is installed."""
    from transformers import Mxfp4Config

    plain = {"quantization_config": Mxfp4Config(dequantize=True)} if _is_packed(config) else {}
    return {"output_loading_info": True, "ignore_mismatched_sizes": True, **plain}


def _is_packed(config: Any) -> bool:
    """Tell whether a model's experts are packed in four bits."""
    quantized = getattr(config, "quantization_config", None) or {}
    method = quantized.get("quant_method") if isinstance(quantized, dict) else quantized.quant_method
    return bool(method == "mxfp4")


def _refuse_differences(path: Path, report: Mapping[str, Any]) -> None:
    """Refuse weights that are missing, of another shape, or of no use; the report is transformers'."""
    shapes = [f"{name} ({_shape(found)} instead of {_shape(due)})" for name, found, due in report["mismatched_keys"]]
    for what, names in (
        ("the model needs weights that its files lack", report["missing_keys"]),
        ("weights have another shape in the files than in config.json", shapes),
        ("the files hold weights that the model of config.json has no place for", report["unexpected_keys"]),
    ):
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            shown = ", ".join(sorted(names)[:SHOWN])
            raise BadInput(f"{path}: {what}: {shown}{more}; get all files of the model again")


def _shape(size: Any) -> str:
    """Return a shape for people."""
    return "x".join(map(str, size))


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Refuse a directory that transformers cannot make a model of."""
    try:
        yield
    except UNREADABLE as error:
        raise BadInput(f"{path}: transformers cannot load this model ({first_line(error)})") from None
    except RuntimeError as error:
        if UNCONVERTED not in str(error):
            raise
        raise BadInput(
            f"{path}: the weights of some experts are missing or of another shape than the others'; "
            "get all files of the model again"
        ) from None
