"""The stages `generate`: one arm's answers to one benchmark, with one engine start.

Without a sweep an arm answers at its fixed setting, and that is all. With one it answers the select problems at every
setting of the sweep, and the report problems at the fixed setting and, in a stage of its own, at the one that select
chose. That stage can make the artifact of any setting, whose key says the setting; so what another stage or another
experiment has made at it is found, also where the chosen setting is the fixed one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.plan import execution, keys
from ssd_operator.plan.graph import Artifact, Experiment, Graph, Node
from ssd_operator.plan.parts import Identity, Parts, part_name
from ssd_operator.plan.train import exported
from ssd_operator.spec.evaluation import Benchmark
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.sampling import Decode

__all__ = ["nodes"]


@dataclass(frozen=True)
class ArmModel:
    """The model of an arm, and the stages that its answers wait for."""

    arm: contract.Arm
    identity: Identity
    upstream: tuple[str, ...]


def nodes(experiment: Experiment, parts: Parts, before: Graph) -> Iterator[Node]:
    """Yield the stages of every benchmark and arm, in the order of the spec."""
    models = {each.arm: each for each in _models(experiment.spec, parts, before)}
    for benchmark in experiment.spec.evaluation.benchmarks:
        for arm in experiment.spec.evaluation.arms:
            planned = _ArmStages(experiment, parts, benchmark, models[arm])
            if benchmark.sweep:
                yield planned.select()
            yield planned.fixed()
            yield from (planned.chosen(each) for each in before.of(contract.SelectConfig) if planned.is_for(each))


def _models(spec: ResolvedSpec, parts: Parts, before: Graph) -> Iterator[ArmModel]:
    """Yield the base, and the candidate if one is trained."""
    prepared = before.names(contract.PrepareConfig)
    yield ArmModel("Base", parts.model, prepared)
    for node in before.of(contract.TrainConfig):
        yield ArmModel("Candidate", exported(node, spec), (*prepared, node.name))


@dataclass(frozen=True)
class _ArmStages:
    """The stages of one arm on one benchmark."""

    experiment: Experiment
    parts: Parts
    benchmark: Benchmark
    model: ArmModel

    @property
    def name(self) -> str:
        """What the names of the stages have in common."""
        return f"generate-{self.model.arm.lower()}-{self.benchmark.name}"

    def is_for(self, selected: Node) -> bool:
        """Tell whether a stage chooses this arm's setting."""
        config = selected.config
        assert isinstance(config, contract.SelectConfig)
        return (config.arm, config.benchmark) == (self.model.arm, self.benchmark.name)

    def select(self) -> Node:
        """Return the stage that answers select problems at every setting of the sweep."""
        return self._node(f"{self.name}-select", "Select", self.benchmark.sweep)

    def fixed(self) -> Node:
        """Return the stage that answers report problems at the setting that was fixed before the run."""
        decode = self.benchmark.decode
        return self._node(self.name, "Report", [decode.base if self.model.arm == "Base" else decode.candidate])

    def chosen(self, selected: Node) -> Node:
        """Return the stage that answers them at the chosen setting."""
        return self._node(f"{self.name}-chosen", "Report", self.benchmark.sweep, selected)

    def _node(
        self, name: str, purpose: contract.Purpose, decodes: Sequence[Decode], selected: Node | None = None
    ) -> Node:
        """Return a stage that draws n samples per problem."""
        experiment, model = self.experiment, self.model
        problems = self.parts.benchmarks[part_name(self.benchmark, purpose)]
        science = _science(experiment.spec, self.benchmark)
        upstream = {"model": model.identity.value, "benchmark": problems.value}
        different = dict.fromkeys(execution.decode(each) for each in decodes)
        settings = tuple(_setting(experiment, science, each, upstream) for each in different)
        first = [] if selected is None else [selected.key]
        key = keys.combined("generate", [*first, *(each.key for each in settings)])
        config = contract.GenerateConfig(
            **experiment.common(name, key),
            stage="generate",
            arm=model.arm,
            benchmark=self.benchmark.name,
            purpose=purpose,
            science=science,
            settings=settings,
            selection=None if selected is None else selected.artifacts[0].path,
            model=model.identity.path,
            prompts=problems.path,
            execution=_execution(experiment),
        )
        return Node(
            config=config,
            provisional=not (model.identity.known and problems.known)
            or (selected is not None and selected.provisional),
            upstream=model.upstream if selected is None else (*model.upstream, selected.name),
            artifacts=tuple(
                Artifact(each.output, each.key, config.execution.shards, setting=each.name) for each in settings
            ),
            selection=config.selection or "",
        )


def _setting(
    experiment: Experiment, science: contract.GenerateScience, decode: contract.Decode, upstream: dict[str, str]
) -> contract.GenerateSetting:
    """Return one decode setting, whose generations are an artifact of their own."""
    recipe = {**contract.science_of(science), "decode": contract.science_of(decode)}
    key = experiment.key("generate", recipe, upstream)
    name = naming.setting_name(temperature=decode.temperature, top_k=decode.top_k, top_p=decode.top_p)
    output = contract.ARTIFACTS["generate"].path(key)
    return contract.GenerateSetting(name=name, decode=decode, key=key, output=output)


def _science(spec: ResolvedSpec, benchmark: Benchmark) -> contract.GenerateScience:
    """Return how a benchmark's problems are answered, whatever the decode setting."""
    return contract.GenerateScience(
        samples_per_problem=benchmark.samples_per_problem,
        max_sequence_tokens=benchmark.max_sequence_tokens,
        seed=spec.evaluation.seed,
        engine=execution.engine(spec),
    )


def _execution(experiment: Experiment) -> contract.ShardedExecution:
    """Return where generations are made, and how many problems may go unanswered."""
    return contract.ShardedExecution(
        **execution.place(experiment, "generate"),
        shards=experiment.spec.evaluation.shards,
        gpus=experiment.spec.evaluation.gpus_per_shard,
        engine_args=execution.speed_args(experiment.spec),
        max_error_fraction=experiment.spec.evaluation.max_error_fraction,
        hang_timeout_s=execution.HANG_TIMEOUT_S,
    )
