"""The stage `train`: the candidate, from the base and the records."""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator import naming
from ssd_operator.plan import execution
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Identity, Parts
from ssd_operator.spec import scalars
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = ["adapters", "exported", "nodes"]

RENDEZVOUS_TIMEOUT_S = 600.0
GRACE_PERIOD_S = 300.0


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stage, if there are records."""
    for curated in before.of(contract.CurateConfig):
        yield _node(experiment, parts, curated)


def exported(trained: Node, spec: ResolvedSpec) -> Identity:
    """Return the candidate: the directory of a training's artifact that an engine opens."""
    artifact, step = trained.artifacts[0].path, candidate_step(spec)
    if step is None:
        return Identity(files.export(artifact), trained.key, known=not trained.provisional)
    value = f"{trained.key}/{files.step(step)}"
    return Identity(files.export(artifact, step), value, known=not trained.provisional)


def candidate_step(spec: ResolvedSpec) -> int | None:
    """Return the step after which the candidate is taken, None where that is the last one."""
    step = spec.evaluation.candidate_step
    return None if step in (0, spec.training.steps) else step


def adapters(spec: ResolvedSpec) -> contract.Lora | None:
    """Return the adapters that are trained, None where all weights are."""
    lora = spec.training.lora
    return contract.Lora(rank=lora.rank, alpha=lora.alpha, targets=lora.targets) if lora.rank else None


def _node(experiment: Experiment, parts: Parts, curated: Node) -> Node:
    """Return the stage that trains on the records."""
    science = _science(experiment.spec)
    upstream = {"model": parts.model.value, "curate": curated.key}
    key = experiment.key("train", contract.science_of(science), upstream)
    config = contract.TrainConfig(
        **experiment.common("train", key),
        stage="train",
        science=science,
        model=parts.model.path,
        records=curated.artifacts[0].path,
        output=contract.ARTIFACTS["train"].path(key),
        execution=_execution(experiment, key),
    )
    return Node(
        config=config,
        provisional=curated.provisional,
        upstream=(curated.name,),
        artifacts=(Artifact(config.output, key),),
    )


def _science(spec: ResolvedSpec) -> contract.TrainScience:
    """Return the recipe of the fine-tuning."""
    training = spec.training
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
        lora=adapters(spec),
        export_every_steps=training.export.every_steps,
        export_steps=tuple(sorted(training.export.steps)) or None,
        nll_tolerance=training.nll_tolerance,
        trust_remote_code=spec.model.trust_remote_code,
    )


def _execution(experiment: Experiment, key: str) -> contract.TrainExecution:
    """Return where and how the gang runs the first time; who starts it again says which attempt that is."""
    spec, platform = experiment.spec, experiment.platform
    training = spec.training
    address = "127.0.0.1"
    if platform.claim_uid:
        address = naming.rank_zero_host("train", claim_uid=platform.claim_uid, key=key, attempt=1)
    return contract.TrainExecution(
        **execution.place(experiment, "train"),
        nodes=training.nodes,
        gpus_per_node=training.gpus_per_node,
        activation_checkpointing=training.activation_checkpointing,
        pack_tokens=training.pack_tokens,
        compile=training.compile,
        kernels=training.kernels,
        attempt=1,
        master_address=address,
        master_port=platform.master_port,
        rendezvous_timeout_s=RENDEZVOUS_TIMEOUT_S,
        grace_period_s=GRACE_PERIOD_S,
        checkpoint_every_steps=training.checkpoint.every_steps,
        checkpoint_every_s=float(scalars.seconds(training.checkpoint.every)),
        checkpoint_keep=training.checkpoint.keep,
        tracking=execution.tracking(experiment) if spec.tracking.live else None,
    )
