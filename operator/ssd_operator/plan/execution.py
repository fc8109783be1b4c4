"""What the configs of several stages say alike: which engine, which decode setting, and where a stage runs."""

import json
from typing import Any

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan.graph import Experiment
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sampling import EXECUTION_ARGUMENTS, Decode

__all__ = ["HANG_TIMEOUT_S", "decode", "engine", "place", "sandboxed", "speed_args", "tracking"]

HANG_TIMEOUT_S = 1800.0
"""The longest an engine may be silent: loading a large model from a slow volume is the worst case."""


def engine(spec: ResolvedSpec) -> contract.EngineConfig:
    """Return the engine that samples, the same for training and evaluation."""
    given = spec.sampling.engine_args
    return contract.EngineConfig(
        name=spec.sampling.engine,
        args={name: value for name, value in given.items() if name not in EXECUTION_ARGUMENTS},
        trust_remote_code=spec.model.trust_remote_code,
    )


def speed_args(spec: ResolvedSpec) -> dict[str, Any]:
    """Return the engine's arguments that decide how fast it samples and in how much memory, but not what."""
    return {name: value for name, value in spec.sampling.engine_args.items() if name in EXECUTION_ARGUMENTS}


def decode(setting: Decode) -> contract.Decode:
    """Return a decode setting as the workers know it."""
    return contract.Decode(temperature=setting.temperature, top_k=setting.top_k, top_p=setting.top_p)


def place(experiment: Experiment, kind: str) -> dict[str, Any]:
    """Return what the `execution` of every config starts with."""
    platform, row = experiment.platform, contract.STAGES[kind]
    images = {"worker": platform.worker_image, "grader": platform.grader_image}
    return {"metrics_port": platform.metrics_port if row.tells_progress else 0, "image": images[row.image]}


def sandboxed(experiment: Experiment, kind: str, *, runs_programs: bool) -> contract.SandboxExecution:
    """Return where a stage runs that may have a sandbox beside it."""
    return contract.SandboxExecution(
        **place(experiment, kind),
        sandbox_socket=experiment.platform.sandbox_socket if runs_programs else "",
        allow_weak_isolation=experiment.spec.evaluation.allow_weak_isolation,
        workers=0,
    )


def tracking(experiment: Experiment) -> contract.Tracking:
    """Return where this experiment is recorded; its run is found again by a tag, whatever was retried.

    Whatever is done again has a run of its own: the earlier numbers of another would stand in its place.
    """
    spec, around = experiment.spec, experiment.around
    reruns = spec.rerun.added_to(around.reruns)
    return contract.Tracking(
        uri=spec.tracking.uri or experiment.platform.tracking_uri,
        experiment=spec.tracking.experiment,
        run_key=naming.short(
            around.uid or experiment.platform.origin, around.name, json.dumps(reruns, sort_keys=True) if reruns else ""
        ),
        run_name=around.name,
    )
