"""Tokens per second of the sample stage with vLLM against vLLM's own loop on the same engine, in one process."""

import json
import shutil

from benchmarks import sample
from benchmarks.gpu import part
from benchmarks.gpu.code_model import code_model
from ssd_jobs import contract

__all__ = ["measure"]

ROUNDS = 2
RECORD = "vllm-samples"
"""Where the guard finds what the last round sampled."""


def measure(of: part.Part) -> None:
    """Let both take turns; the start of the engine is most of the time."""
    missing = part.lacks("vllm")
    if missing:
        of.add("skipped", missing)
        return
    model = code_model(of)
    load = sample.SamplingLoad(
        model=contract.PathModel(kind="path", path=str(model)),
        prompts=8 if of.tiny else 768,
        limit=128 if of.tiny else 256,
        gpus=of.gpus,
        engine_args={"max_num_seqs": 8 if of.tiny else 512, "gpu_memory_utilization": 0.6, **of.engine_args},
    )
    of.add("engine_args", load.engine_args)
    workspace = of.folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir(parents=True)
    for found in sample.measure(workspace, load, 1 if of.tiny else ROUNDS):
        of.add("sampling", found)
    record = {"model": str(model), "samples": str(workspace / sample.OUTPUT.format(number=0))}
    (of.folder.parent / f"{RECORD}.json").write_text(json.dumps(record))


if __name__ == "__main__":
    part.main(measure)
