"""Small experiments for faults: quick to sample and to train, with checkpoints close to each other."""

from typing import Any

import yaml

from grade_pod import ROOT

__all__ = ["experiment", "step"]


def experiment(name: str, *, seed: int) -> dict[str, Any]:
    """Return a resource with work of its own: no other experiment has this seed."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "toy" / "cluster.yaml").read_text(encoding="utf-8"))
    document["metadata"]["name"] = name
    spec = document["spec"]
    spec["prompts"] = {"limit": 800}
    spec["sampling"] = {"engine": "Transformers", "shards": 2, "seed": seed}
    spec["training"] |= {"steps": 60, "warmupSteps": 6, "seed": seed, "checkpoint": {"everySteps": 5}}
    spec["promotion"]["registeredModel"] = name
    return document


def step(stage: dict[str, Any]) -> int:
    """Return how many steps a stage of the status has done."""
    return int((stage.get("progress") or {}).get("done", 0))
