"""A causal language model with every weight from its files.

What a checkpoint lacks, transformers fills with noise and writes to the log: such a model samples nonsense that looks
like a result.
"""

from pathlib import Path
from typing import Any

from ssd_jobs.errors import BadInput

__all__ = ["load"]


def load(path: Path, **arguments: Any) -> Any:
    """Return the model in a directory, or refuse one whose files are not all of it."""
    from transformers import AutoModelForCausalLM

    model, report = AutoModelForCausalLM.from_pretrained(
        path,
        use_safetensors=True,
        local_files_only=True,
        ignore_mismatched_sizes=True,  # to have them in the report
        output_loading_info=True,
        **arguments,
    )
    absent = sorted(map(str, (*report["missing_keys"], *report["mismatched_keys"])))
    if absent:
        raise BadInput(
            f"{path}: {len(absent)} weights of the model are not in its files as its config has them, such as "
            f"{absent[0]}; get the model again"
        )
    return model
