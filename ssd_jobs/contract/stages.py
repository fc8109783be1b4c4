"""THE table: what a kind of stage is, one row per kind; and below it, what kinds of artifact there are.

A column holds a constant, or names the field that decides it: of the stage's config (`ConfigField`, `When`) or of
the user's spec (`SpecField`). Whoever carries out, shows or documents stages reads the rows and knows no kind by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from types import MappingProxyType
from typing import Any, Literal, get_args

from ssd_jobs.contract.analyzing import AnalyzeConfig
from ssd_jobs.contract.base import Model
from ssd_jobs.contract.config import Config
from ssd_jobs.contract.curation import CurateConfig
from ssd_jobs.contract.grading import GradeConfig, ReferenceConfig
from ssd_jobs.contract.prepare import PrepareConfig
from ssd_jobs.contract.reporting import ReportConfig
from ssd_jobs.contract.results import PrepareResult, ReportResult, SelectResult, StageDone
from ssd_jobs.contract.sampling import GenerateConfig, SampleConfig
from ssd_jobs.contract.selecting import SelectConfig
from ssd_jobs.contract.training import TrainConfig

__all__ = [
    "ARTIFACTS",
    "GIVEN",
    "KEY_DIGITS",
    "STAGES",
    "ArtifactKind",
    "ConfigField",
    "Image",
    "Read",
    "Retry",
    "Shape",
    "SpecField",
    "StageKind",
    "When",
]

Shape = Literal["One", "Sharded", "Gang"]
"""One process; processes that are independent of each other; processes that live and die together."""
Image = Literal["worker", "grader"]
GIVEN = object()
"""Any value but None."""
KEY_DIGITS = 32
"""How much of a key names a directory: enough to be unique, and short enough to be read."""


@dataclass(frozen=True, slots=True)
class ConfigField:
    """A field of the stage's config, such as `execution.shards`."""

    path: str

    def of(self, config: Config) -> Any:
        """Return the field's value."""
        return reduce(getattr, self.path.split("."), config)


@dataclass(frozen=True, slots=True)
class When:
    """True where a field of the stage's config has this value."""

    path: str
    value: object = GIVEN

    def holds(self, config: Config) -> bool:
        """Tell whether it is true of this config."""
        found = ConfigField(self.path).of(config)
        return found is not None if self.value is GIVEN else bool(found == self.value)


@dataclass(frozen=True, slots=True)
class SpecField:
    """A field of the resource's spec as its user writes it, such as `training.maxAttempts`."""

    path: str


@dataclass(frozen=True, slots=True)
class Read:
    """A root of the workspace that is read where a field of the config says so."""

    root: str
    when: When


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a stage is tried again."""

    limit: int | SpecField = 3
    """Failures of its own after which a shard, or a gang as a whole, is given up."""
    waits_s: tuple[int, ...] = (5, 15, 30, 60, 120, 300)
    """Seconds before a try that does not count, because something outside was away: the last one is repeated."""

    def wait_s(self, tries: int) -> int:
        """Return the seconds to wait after so many tries."""
        return self.waits_s[min(tries, len(self.waits_s)) - 1]


@dataclass(frozen=True, kw_only=True)
class StageKind:
    """A row: everything about a kind of stage that is decided before anyone plans one."""

    config: type[Config]
    result: type[Model] = StageDone
    """What it says at its end."""
    needs_result: bool = False
    """True where the run cannot go on without those last words: a stage whose result was lost runs again."""
    shape: Shape = "One"
    tasks: ConfigField | None = None
    """How many processes; None where the shape is One."""
    gpus: ConfigField | None = None
    """GPUs of each process; None: never any."""
    image: Image = "worker"
    reads: tuple[str | Read, ...] = ()
    """Roots of the workspace that are mounted read-only; it writes where its artifacts lie."""
    programs: ConfigField | None = None
    """The limits of the programs that a model wrote and this stage runs; where it runs some, its pod has a sandbox, no
    network and no secret."""
    hub: bool = False
    """True where it gets the hub's token."""
    tracking: bool | When = False
    """True where it gets MLflow's credentials."""
    tells_progress: bool = True
    """True where its process serves how far it is over HTTP."""
    uses_torch: bool = False
    """True where it needs shared memory."""
    optional: bool = False
    """True where the run succeeds without it."""
    runs_after_failures: bool = False
    """True where it runs as long as anything before it has succeeded, to tell of what is there."""
    grace_s: int = 30
    """Seconds from SIGTERM to SIGKILL: what making durable what is in hand may take."""
    retry: Retry = Retry()
    pod: SpecField
    """The part of the spec that the user lays over its pods."""

    @cached_property
    def kind(self) -> str:
        """Return its name, as the config says it."""
        [kind] = get_args(self.config.model_fields["stage"].annotation)
        return str(kind)

    @property
    def title(self) -> str:
        """Return its name as people see it, and as `rerun.from` names it."""
        return self.kind.capitalize()

    @property
    def writes(self) -> tuple[str, ...]:
        """Return the roots of the workspace that it writes to: where the artifacts lie that it makes."""
        made = (each for each in ARTIFACTS.values() if each.made_by == self.kind)
        return tuple(dict.fromkeys(folder for each in made for folder in each.folders))

    @property
    def may_read(self) -> frozenset[str]:
        """Return every root that some stage of this kind reads."""
        return frozenset(each if isinstance(each, str) else each.root for each in self.reads)

    def reads_of(self, config: Config) -> tuple[str, ...]:
        """Return the roots that a stage with this config reads."""
        roots = ((each, True) if isinstance(each, str) else (each.root, each.when.holds(config)) for each in self.reads)
        return tuple(root for root, holds in roots if holds)


STAGES: Mapping[str, StageKind] = MappingProxyType({
    stage.kind: stage
    for stage in (
        StageKind(
            config=PrepareConfig,
            result=PrepareResult,
            needs_result=True,
            hub=True,
            tracking=When("model.science.source.kind", "registry"),
            pod=SpecField("prompts.pod"),
        ),
        StageKind(
            config=ReferenceConfig,
            image="grader",
            reads=("tests",),
            programs=ConfigField("science"),
            tells_progress=False,
            pod=SpecField("evaluation.gradePod"),
        ),
        StageKind(
            config=SampleConfig,
            shape="Sharded",
            tasks=ConfigField("execution.shards"),
            gpus=ConfigField("execution.gpus"),
            reads=("models", "problems"),
            uses_torch=True,
            grace_s=60,
            pod=SpecField("sampling.pod"),
        ),
        StageKind(
            config=CurateConfig,
            image="grader",
            reads=("models", "problems", "samples"),
            programs=ConfigField("science.limits"),
            tells_progress=False,
            pod=SpecField("curation.pod"),
        ),
        StageKind(
            config=TrainConfig,
            shape="Gang",
            tasks=ConfigField("execution.nodes"),
            gpus=ConfigField("execution.gpus_per_node"),
            reads=("models", "records"),
            tracking=When("execution.tracking"),
            uses_torch=True,
            grace_s=330,
            retry=Retry(limit=SpecField("training.maxAttempts")),
            pod=SpecField("training.pod"),
        ),
        StageKind(
            config=GenerateConfig,
            shape="Sharded",
            tasks=ConfigField("execution.shards"),
            gpus=ConfigField("execution.gpus"),
            reads=(
                Read("models", When("arm", "Base")),
                Read("checkpoints", When("arm", "Candidate")),
                "problems",
                Read("selections", When("selection")),
            ),
            uses_torch=True,
            grace_s=60,
            pod=SpecField("evaluation.pod"),
        ),
        StageKind(
            config=GradeConfig,
            shape="Sharded",
            tasks=ConfigField("execution.shards"),
            image="grader",
            reads=(
                "generations",
                "problems",
                "tests",
                Read("references", When("references")),
                Read("selections", When("selection")),
            ),
            programs=ConfigField("science"),
            tells_progress=False,
            pod=SpecField("evaluation.gradePod"),
        ),
        StageKind(
            config=SelectConfig,
            result=SelectResult,
            image="grader",
            reads=("verdicts",),
            tells_progress=False,
            pod=SpecField("evaluation.gradePod"),
        ),
        StageKind(
            config=AnalyzeConfig,
            gpus=ConfigField("execution.gpus"),
            reads=("checkpoints", "generations", "models", "verdicts"),
            uses_torch=True,
            optional=True,
            pod=SpecField("analysis.pod"),
        ),
        StageKind(
            config=ReportConfig,
            result=ReportResult,
            needs_result=True,
            reads=(
                "checkpoints",
                "generations",
                "models",
                "problems",
                "records",
                "samples",
                "verdicts",
                Read("selections", When("selects", value=True)),
            ),
            tracking=True,
            runs_after_failures=True,
            pod=SpecField("tracking.pod"),
        ),
    )
})  # fmt: skip
"""Kind -> its row, in an order in which the stages could run; generate and grade run again after select."""


@dataclass(frozen=True, kw_only=True)
class ArtifactKind:
    """A row: one kind of directory that a stage leaves behind."""

    kind: str
    """A stage's kind, or what stands for itself because stages of several experiments share it."""
    made_by: str
    """Kind of the stage that writes it."""
    folder: str
    """The root of the workspace in which it lies."""
    withheld: str = ""
    """Another root, for the part of it that only stages with a sandbox may see."""
    format: int = 1
    """Part of the key; raised by hand when the content changes meaning, so that old is not mistaken for new."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Return every root that it lies in."""
        return (self.folder, self.withheld) if self.withheld else (self.folder,)

    def path(self, key: str) -> str:
        """Return its directory below the workspace."""
        return f"{self.folder}/{key[:KEY_DIGITS]}"

    def withheld_path(self, key: str) -> str:
        """Return the directory of what only stages with a sandbox may see."""
        return f"{self.withheld}/{key[:KEY_DIGITS]}"


ARTIFACTS: Mapping[str, ArtifactKind] = MappingProxyType({
    artifact.kind: artifact
    for artifact in (
        ArtifactKind(kind="model", made_by="prepare", folder="models"),
        ArtifactKind(kind="prompts", made_by="prepare", folder="problems", format=2),
        ArtifactKind(kind="benchmark", made_by="prepare", folder="problems", withheld="tests", format=2),
        ArtifactKind(kind="prepare", made_by="prepare", folder="problems"),
        ArtifactKind(kind="reference", made_by="reference", folder="references"),
        ArtifactKind(kind="sample", made_by="sample", folder="samples", format=2),
        ArtifactKind(kind="curate", made_by="curate", folder="records"),
        ArtifactKind(kind="train", made_by="train", folder="checkpoints"),
        ArtifactKind(kind="generate", made_by="generate", folder="generations", format=2),
        ArtifactKind(kind="grade", made_by="grade", folder="verdicts", format=2),
        ArtifactKind(kind="select", made_by="select", folder="selections"),
        ArtifactKind(kind="analyze", made_by="analyze", folder="reports", format=3),
        ArtifactKind(kind="report", made_by="report", folder="reports"),
    )
})  # fmt: skip
"""What enters a key as `kind` -> its row."""
