"""The stages from prompts to a candidate: sample, curate, train, analyze."""

from typing import Any

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import keys
from ssd_operator.plan.graph import Artifact, Experiment, Node, Platform
from ssd_operator.plan.parts import Parts
from ssd_operator.spec import scalars
from ssd_operator.spec.experiment import ResolvedSpec

__all__ = ["analyze", "curate", "engine", "sample", "tracking", "train"]

HANG_TIMEOUT_S = 1800.0
"""The longest an engine may be silent: loading a large model from a slow volume is the worst case."""
RENDEZVOUS_TIMEOUT_S = 600.0
GRACE_PERIOD_S = 300.0
LIBRARY_TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0)
"""Where the paper's figure 6 looks."""
ANALYZE_TOKENS = 4096


def engine(spec: ResolvedSpec) -> contract.Engine:
    """Return the engine that samples, the same for training and evaluation."""
    return contract.Engine(
        name=spec.sampling.engine,
        args=dict(spec.sampling.engine_args),
        trust_remote_code=spec.model.trust_remote_code,
    )


def sample(experiment: Experiment, parts: Parts) -> Node:
    """Sample once per prompt from the frozen base."""
    spec, platform = experiment.spec, experiment.platform
    sampling = spec.sampling
    science = contract.SampleScience(
        decode=contract.Decode(temperature=sampling.temperature, top_k=sampling.top_k, top_p=sampling.top_p),
        samples_per_prompt=sampling.samples_per_prompt,
        max_sequence_tokens=sampling.max_sequence_tokens,
        seed=sampling.seed,
        engine=engine(spec),
        shards=sampling.shards,
    )
    upstream = {"model": parts.model.value, "prompts": parts.prompts.value}
    key = keys.key("sample", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("sample"))
    config = contract.SampleConfig(
        **_common("sample", key, platform),
        stage="sample",
        science=science,
        model=parts.model.path,
        prompts=parts.prompts.path,
        output=naming.artifact_path("samples", key),
        execution=contract.ShardedExecution(
            metrics_port=platform.metrics_port,
            image=platform.worker_image,
            gpus=sampling.gpus_per_shard,
            max_error_fraction=sampling.max_error_fraction,
            hang_timeout_s=HANG_TIMEOUT_S,
        ),
    )
    return Node(
        name="sample",
        kind="sample",
        key=key,
        provisional=not (parts.model.known and parts.prompts.known),
        upstream=("prepare",),
        config=config,
        artifacts=(Artifact(config.output, key, sampling.shards),),
        tasks=sampling.shards,
        gpus=sampling.gpus_per_shard,
    )


def curate(experiment: Experiment, parts: Parts, sampled: Node) -> Node:
    """Filter, count, and order the records of every step."""
    spec, platform = experiment.spec, experiment.platform
    training = spec.training
    science = contract.CurateScience(
        filter=spec.curation.filter,
        shortest_percent=spec.curation.shortest_percent,
        truncated=spec.curation.truncated,
        overlong=training.overlong,
        sequence_length=training.sequence_length,
        steps=training.steps,
        global_batch_size=training.global_batch_size,
        seed=training.seed,
    )
    upstream = {"sample": sampled.key, "prompts": parts.prompts.value}
    key = keys.key("curate", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("curate"))
    config = contract.CurateConfig(
        **_common("curate", key, platform),
        stage="curate",
        science=science,
        samples=sampled.artifacts[0].path,
        sample_shards=sampled.tasks,
        prompts=parts.prompts.path,
        model=parts.model.path,
        output=naming.artifact_path("records", key),
        execution=contract.SandboxExecution(
            metrics_port=0,  # the grader's image serves nothing
            image=platform.grader_image,
            sandbox_socket=platform.sandbox_socket if science.filter == "Execution" else "",
            allow_weak_isolation=spec.evaluation.allow_weak_isolation,
            workers=0,
        ),
    )
    return Node(
        name="curate",
        kind="curate",
        key=key,
        provisional=sampled.provisional,
        upstream=("sample",),
        config=config,
        artifacts=(Artifact(config.output, key),),
        tasks=1,
        gpus=0,
    )


def train(experiment: Experiment, parts: Parts, curated: Node) -> Node:
    """Plain SFT on the records."""
    spec, platform = experiment.spec, experiment.platform
    science = _train_science(spec)
    upstream = {"model": parts.model.value, "curate": curated.key}
    key = keys.key("train", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("train"))
    config = contract.TrainConfig(
        **_common("train", key, platform),
        stage="train",
        science=science,
        model=parts.model.path,
        records=curated.artifacts[0].path,
        output=naming.artifact_path("checkpoints", key),
        execution=_train_execution(experiment, key),
    )
    return Node(
        name="train",
        kind="train",
        key=key,
        provisional=curated.provisional,
        upstream=("curate",),
        config=config,
        artifacts=(Artifact(config.output, key),),
        tasks=spec.training.nodes,
        gpus=spec.training.gpus_per_node,
    )


def analyze(experiment: Experiment, parts: Parts, sampled: Node, trained: Node) -> Node:
    """Lock and fork statistics of both arms."""
    spec, platform = experiment.spec, experiment.platform
    assert spec.analysis is not None
    decode = spec.evaluation.benchmarks[0].decode.candidate
    science = contract.AnalyzeScience(
        problems=spec.analysis.problems,
        max_tokens=ANALYZE_TOKENS,
        temperatures=LIBRARY_TEMPERATURES,
        decode=contract.Decode(temperature=decode.temperature, top_k=decode.top_k, top_p=decode.top_p),
        seed=spec.analysis.seed,
        trust_remote_code=spec.model.trust_remote_code,
    )
    upstream = {"model": parts.model.value, "sample": sampled.key, "train": trained.key}
    key = keys.key(
        "analyze", science=contract.science_of(science), upstream=upstream, nonce=experiment.nonce("analyze")
    )
    config = contract.AnalyzeConfig(
        **_common("analyze", key, platform),
        stage="analyze",
        science=science,
        base=parts.model.path,
        candidate=f"{trained.artifacts[0].path}/model",
        samples=sampled.artifacts[0].path,
        sample_shards=sampled.tasks,
        output=naming.artifact_path("reports", key),
        execution=contract.AnalyzeExecution(
            metrics_port=platform.metrics_port, image=platform.worker_image, gpus=spec.analysis.gpus
        ),
    )
    return Node(
        name="analyze",
        kind="analyze",
        key=key,
        provisional=trained.provisional,
        upstream=("sample", "train"),
        config=config,
        artifacts=(Artifact(config.output, key),),
        tasks=1,
        gpus=spec.analysis.gpus,
        optional=True,
    )


def tracking(experiment: Experiment) -> contract.Tracking:
    """Return where this experiment is recorded; its run is found again by a tag, whatever was retried."""
    spec, around = experiment.spec, experiment.around
    return contract.Tracking(
        uri=spec.tracking.uri or experiment.platform.tracking_uri,
        experiment=spec.tracking.experiment,
        run_key=naming.short(around.uid, around.name, spec.rerun.nonce),
        run_name=around.name,
    )


def _common(name: str, key: str, platform: Platform) -> dict[str, Any]:
    """Return what every config starts with."""
    return {"version": 1, "name": name, "key": key, "workspace": platform.workspace}


def _train_science(spec: ResolvedSpec) -> contract.TrainScience:
    """Return the recipe of the fine-tuning."""
    training = spec.training
    lora = training.lora
    return contract.TrainScience(
        steps=training.steps,
        global_batch_size=training.global_batch_size,
        sequence_length=training.sequence_length,
        learning_rate=training.learning_rate,
        min_learning_rate=training.min_learning_rate,
        warmup_steps=training.warmup_steps,
        weight_decay=training.weight_decay,
        betas=(training.betas[0], training.betas[1]),
        grad_clip=training.grad_clip,
        seed=training.seed,
        loss_weighting=training.loss_weighting,
        compute_dtype=training.compute_dtype,
        activation_checkpointing=training.activation_checkpointing,
        compile=training.compile,
        lora=contract.Lora(rank=lora.rank, alpha=lora.alpha, targets=lora.targets) if lora.rank else None,
        export_every_steps=training.export.every_steps,
        nll_tolerance=training.nll_tolerance,
        trust_remote_code=spec.model.trust_remote_code,
    )


def _train_execution(experiment: Experiment, key: str) -> contract.TrainExecution:
    """Return where and how the gang runs."""
    spec, platform = experiment.spec, experiment.platform
    training = spec.training
    attempt = experiment.around.attempts.get("train", 1)
    address = (
        naming.rank_zero_host(claim_uid=platform.claim_uid, key=key, attempt=attempt)
        if platform.claim_uid
        else "127.0.0.1"
    )
    return contract.TrainExecution(
        metrics_port=platform.metrics_port,
        image=platform.worker_image,
        nodes=training.nodes,
        gpus_per_node=training.gpus_per_node,
        attempt=attempt,
        master_address=address,
        master_port=platform.master_port,
        rendezvous_timeout_s=RENDEZVOUS_TIMEOUT_S,
        grace_period_s=GRACE_PERIOD_S,
        checkpoint_every_steps=training.checkpoint.every_steps,
        checkpoint_every_s=float(scalars.seconds(training.checkpoint.every)),
        checkpoint_keep=training.checkpoint.keep,
        tracking=tracking(experiment) if spec.tracking.live else None,
    )
