"""How base and candidate are compared: the same problems, the same grader, settings fixed before the run."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ssd_operator.spec import patterns
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Science
from ssd_operator.spec.model import Repository
from ssd_operator.spec.pod import Pod, Resources, SealedPod
from ssd_operator.spec.sampling import Decode, Gpus
from ssd_operator.spec.scalars import BenchmarkName, Count, Day, Line, RelativePath, Seed, Tokens, once_by, unique

__all__ = ["ArmDecode", "Benchmark", "BenchmarkSource", "Evaluation", "HubBenchmark", "LiveCodeBench", "Metric"]

Metric = Annotated[str, Field(max_length=16, pattern=patterns.METRIC)]
_SET = {"x-kubernetes-list-type": "set"}
_MAP = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}


class LiveCodeBench(Section):
    """A window of LiveCodeBench."""

    mark = Science

    release: Annotated[str, Field(max_length=32, pattern=patterns.RELEASE)] = "release_v6"
    """Release of the data, such as release_v6."""
    first_day: Annotated[Day, Field(alias="from")]
    """First contest day, such as "2025-02-01"."""
    last_day: Annotated[Day, Field(alias="to")]
    """Last contest day, included."""
    exclude_errata: bool = True
    """Leave out problems whose tests are known to be wrong."""
    revision: Annotated[str, Field(min_length=1, max_length=256)] = "main"
    """Branch, tag or commit of the data set; `prepare` records the commit that it was."""


class HubBenchmark(Section):
    """A data set of the Hugging Face hub, in this project's benchmark layout."""

    mark = Science

    repo: Repository
    """Data set repository."""
    config: Line = ""
    """Configuration of the data set; empty for its default."""
    split: Line = "test"
    """Split of the data set."""
    revision: Annotated[str, Field(min_length=1, max_length=256)] = "main"
    """Branch, tag or commit."""


class BenchmarkSource(Section):
    """Where the problems and their tests come from: exactly one."""

    mark = Science
    one_of: ClassVar[tuple[str, ...]] = ("livecodebench", "huggingFace", "path", "builtin")

    livecodebench: LiveCodeBench | None = None
    """A window of LiveCodeBench."""
    hugging_face: HubBenchmark | None = None
    """A data set of the Hugging Face hub."""
    path: RelativePath | None = None
    """A folder below the workspace with problems and tests."""
    builtin: Literal["toy", "machine", "humaneval", "mbpp"] | None = None
    """A benchmark the package knows."""


class ArmDecode(Section):
    """Decode setting of each arm, fixed before the run."""

    mark = Science

    base: Decode
    """How the base model is decoded."""
    candidate: Decode
    """How the fine-tuned model is decoded."""


class Benchmark(Section):
    """One set of problems that both arms solve; with a sweep it becomes two parts, to select on and to report on."""

    mark = Science
    always_written: ClassVar[frozenset[str]] = frozenset({"name"})

    name: BenchmarkName
    """Name in metrics, stages and the gate. One that a preset has too takes the preset's other values."""
    source: BenchmarkSource
    """Where the problems and their tests come from."""
    expect_problems: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Refuse the source when it has another number of problems; 0 expects nothing."""
    samples_per_problem: Annotated[int, Field(ge=1, le=1000)] = 10
    """Samples from which pass@k is estimated."""
    k: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1000)], ...],
        Field(min_length=1, max_length=8, json_schema_extra=_SET),
        unique,
    ] = (1,)
    """Which pass@k to report; none may exceed samplesPerProblem."""
    decode: ArmDecode
    """Decode setting of each arm; by default that of the preset."""
    sweep: Annotated[tuple[Decode, ...], Field(max_length=24)] = ()
    """Decode settings from which one is chosen for each arm, by its pass@k on problems that are used for nothing else;
    both arms try all of them, at the cost of samplesPerProblem answers to each of those problems."""
    select_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """With a sweep: share of the problems of each difficulty on which settings are chosen; the others are reported."""
    select_from: Annotated[str, Field(max_length=24, pattern=patterns.BENCHMARK_OR_NONE)] = ""
    """With a sweep: another benchmark on whose problems settings are chosen instead; all problems of this one are
    reported then, but those that both have."""
    select_metric: Metric = "pass@1"
    """With a sweep: what settings are chosen by; by default the gate's metric on its own benchmark."""
    grading: Annotated[
        tuple[Literal["Process", "LCB", "Answer", "Input"], ...],
        Field(min_length=1, max_length=2, json_schema_extra=_SET),
        unique,
    ] = ("Process",)
    """Process runs real processes; LCB copies LiveCodeBench's published grader, which is not the
    one the paper used. The first one decides the gate. Answer runs nothing: it compares answers that are no programs.
    Input asks, of CruxEval's rows, for an input that gives the output, and runs their code on it. The last two stand
    alone."""
    max_sequence_tokens: Tokens = 131_072
    """Longest prompt and completion together."""


class Evaluation(Section):
    """The comparison of base and candidate."""

    mark = Science

    arms: Annotated[
        tuple[Literal["Base", "Candidate"], ...], Field(min_length=1, max_length=2, json_schema_extra=_SET), unique
    ] = ("Base", "Candidate")
    """Models to evaluate."""
    benchmarks: Annotated[
        tuple[Benchmark, ...], Field(min_length=1, max_length=8, json_schema_extra=_MAP), once_by("name")
    ]
    """Sets of problems. The list replaces that of a preset; an entry with the preset's name takes its other values."""
    candidate_step: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """The candidate is the model as it was after this step of the training, which must export it (training.export); 0
    is the last step. Where the learning rate decays, step 250 of 1,000 is not a run of 250 steps."""
    seed: Seed = 0
    """Generations and intervals derive from it, of both arms alike, whatever the seeds of sampling and training are."""
    shards: Annotated[Count, Execution] = 8
    """Parts that are generated independently, each by its own pod. What was begun in another number keeps it."""
    gpus_per_shard: Annotated[Gpus, Execution] = 1
    """GPUs of a generating shard; 0 generates on the CPU."""
    grade_shards: Annotated[Count, Execution] = 4
    """Parts that are graded independently. What was begun in another number keeps it."""
    max_error_fraction: Annotated[float, Field(ge=0, le=1), Execution] = 0.01
    """Largest share of a benchmark's problems that may go unanswered, such as one whose prompt is too long, before the
    stage fails; above 0 that is always one problem. They count as unsolved, and the report says how many there are."""
    allow_weak_isolation: Annotated[bool, Execution] = False
    """Grade even where the kernel cannot confine the programs fully."""
    pod: Pod = Pod()
    """Pods of the generate stages."""
    grade_pod: SealedPod = SealedPod()
    """Pods of the reference and grade stages; they never get a network, a token, a secret or a GPU."""
    grader_resources: Resources = Resources()
    """Of the container beside a sandbox, laid over 100m and 512Mi, at most 2 processors and 4Gi. The sandbox itself has
    what gradePod.resources says."""
