"""What heavy libraries must find in the environment before they are imported.

They read these variables once, at import. No stage may talk to a hub but prepare, none may send usage data, and
a model's own threads are counted by us.
"""

from collections.abc import MutableMapping

from ssd_jobs.contract import Config, PrepareConfig, ShardedExecution, TrainExecution

__all__ = ["configure"]

ALWAYS = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
}
CPU = {
    # The sampler compiles a helper with inductor even under enforce_eager, and the image has no compiler.
    "TORCHDYNAMO_DISABLE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}
TRAIN_CPU = {
    # Threads that spin at a barrier make a step ten times slower as soon as anything else runs on the machine.
    "OMP_WAIT_POLICY": "PASSIVE",
}
TRAIN_GPU = {
    # Packs differ in length from step to step; without this their holes add up until nothing fits.
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
}


def configure(config: Config, environ: MutableMapping[str, str]) -> None:
    """Set the variables for this stage; what the user's pod.env already sets stays."""
    settings = dict(ALWAYS)
    if not (isinstance(config, PrepareConfig) and not config.execution.offline):
        settings |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if isinstance(config.execution, ShardedExecution) and config.execution.gpus == 0:
        settings |= CPU
    if isinstance(config.execution, TrainExecution):
        settings |= TRAIN_GPU if config.execution.gpus_per_node else TRAIN_CPU
    for name, value in settings.items():
        environ.setdefault(name, value)
