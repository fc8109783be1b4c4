"""The stage `prepare`: one node that makes every part."""

from collections.abc import Iterator
from typing import Literal

from ssd_jobs import contract
from ssd_operator.plan import execution, keys, train
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Parts
from ssd_operator.spec.training import Training

__all__ = ["nodes"]


def nodes(experiment: Experiment, parts: Parts, _before: Graph) -> Iterator[Node]:
    """Yield the stage that makes all parts."""
    model, prompts, benchmarks = parts.model_part, parts.prompts_part, parts.benchmark_parts
    demands = _demands(experiment)
    made = {"model": model.key, "prompts": prompts.key, **{f"benchmark/{each.name}": each.key for each in benchmarks}}
    key = keys.key("prepare", science=contract.science_of(demands), upstream=made)
    config = contract.PrepareConfig(
        **experiment.common("prepare", key),
        stage="prepare",
        model=model,
        prompts=prompts,
        benchmarks=benchmarks,
        demands=demands,
        output=contract.ARTIFACTS["prepare"].path(key),
        execution=_execution(experiment),
    )
    artifacts = (
        Artifact(config.output, key),
        Artifact(model.output, model.key),
        Artifact(prompts.output, prompts.key),
        *(Artifact(benchmark.output, benchmark.key) for benchmark in benchmarks),
        *(Artifact(benchmark.tests_output, benchmark.key, withheld=True) for benchmark in benchmarks),
    )
    yield Node(config=config, provisional=False, upstream=(), artifacts=artifacts)


def _demands(experiment: Experiment) -> contract.Demands:
    """Return what the later stages ask of the model."""
    spec = experiment.spec
    places = {f"evaluation.benchmarks[{each.name}]": each.max_sequence_tokens for each in spec.evaluation.benchmarks}
    if _trains(experiment):
        places = {"sampling": spec.sampling.max_sequence_tokens, **places}
    return contract.Demands(
        engine=spec.sampling.engine,
        sequences=tuple(
            contract.Sequences(field=field, max_sequence_tokens=tokens) for field, tokens in places.items()
        ),
        trained=_trains(experiment),
        lora=train.adapters(spec) if _trains(experiment) else None,
    )


def _trains(experiment: Experiment) -> bool:
    """Tell whether there shall be a candidate."""
    return "Candidate" in experiment.spec.evaluation.arms


def _execution(experiment: Experiment) -> contract.PrepareExecution:
    """Return where prepare runs and whom it may ask."""
    platform, spec = experiment.platform, experiment.spec
    gpus = {"evaluation.gpusPerShard": spec.evaluation.gpus_per_shard}
    if _trains(experiment):
        gpus = {"sampling.gpusPerShard": spec.sampling.gpus_per_shard, **gpus}
    return contract.PrepareExecution(
        **execution.place(experiment, "prepare"),
        offline=platform.offline,
        tracking_uri=spec.tracking.uri or platform.tracking_uri,
        gpus=gpus,
        hardware=_hardware(experiment),
        compiles_for=_compiles_for(experiment),
    )


def _hardware(experiment: Experiment) -> contract.Hardware:
    """Return on what the candidate is trained."""
    training = experiment.spec.training
    every = training.export.every_steps
    return contract.Hardware(
        train_gpus=training.nodes * training.gpus_per_node,
        gpu_bytes=experiment.platform.gpu_bytes,
        activation_checkpointing=training.activation_checkpointing,
        fused=_is_fused(training),
        compute_dtype=training.compute_dtype,
        pack_tokens=max(training.sequence_length, training.pack_tokens),  # a sample may be as long as that
        lora=train.adapters(experiment.spec),
        checkpoints=training.checkpoint.keep,
        exports=1 + (training.steps - 1) // every if every else 1,
    )


def _is_fused(training: Training) -> bool:
    """Whether training uses fused kernels, if the machine has what the worker image has."""
    gpus, kernels = training.gpus_per_node > 0, training.kernels != "Plain"
    return gpus and kernels and not training.compile and training.compute_dtype != "Float64"


def _compiles_for(experiment: Experiment) -> Literal["", "cpu", "cuda"]:
    """Return for which device training compiles, as far as the image of prepare can tell whether it will."""
    spec = experiment.spec
    if not _trains(experiment) or not spec.training.compile or spec.training.pod.image != spec.pod.image:
        return ""
    return "cuda" if spec.training.gpus_per_node else "cpu"
