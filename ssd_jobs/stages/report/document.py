"""What a report says, as models: the only source of the page, the summary, the metrics and the result."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from ssd_jobs.contract import Decode, Grading

__all__ = [
    "AgainstRoot",
    "ArmResult",
    "BenchmarkSection",
    "BestSetting",
    "CheckResult",
    "Circumstances",
    "Comparison",
    "Decisive",
    "Disagreement",
    "Document",
    "Garbled",
    "Number",
    "Overlap",
    "Part",
    "RoundSection",
    "Sample",
    "SelectSection",
    "StageResult",
    "Strata",
    "TextShares",
    "TrainingData",
    "VarietyResult",
]

Strata = dict[str, "Number"]
"""all | easy | medium | hard -> a number; only those that the benchmark has."""


class Part(BaseModel):
    """One piece of the document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Number(Part):
    """A value with its interval; `p` is given for differences."""

    value: float
    low: float
    high: float
    p: float | None

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


class ArmResult(Part):
    """One arm at one decode setting."""

    arm: Literal["Base", "Candidate"]
    setting: str
    decode: Decode
    fixed: bool
    """Whether this is the setting named before the run."""
    chosen: bool
    """Whether this is the setting that select chose."""
    pass_at: dict[int, Strata]
    truncated: float
    variety: float | None
    """The chance that two right programs of a problem differ, over the problems that have two; None without any."""
    verdicts: dict[str, int]
    completion_tokens: int
    generations: int


class VarietyResult(Part):
    """The chance that two right programs for one problem are different solutions, where both arms have two."""

    problems: int
    base: Number
    candidate: Number
    difference: Number


class BestSetting(Part):
    """The chosen setting of an arm, and what the choice is worth: what was best of several looks better than it is."""

    arm: Literal["Base", "Candidate"]
    setting: str
    decode: Decode
    settings: int
    """Of how many it was the best."""
    k: int
    """By which pass@k."""
    select: float
    """Its pass@k on the problems that it was chosen on."""
    report: Number | None
    """On the report problems, which the choice has not seen; None where it was not evaluated there."""

    @property
    def optimism(self) -> float | None:
        """By how much it looked better where it was chosen."""
        return None if self.report is None else self.select - self.report.value


class SelectSection(Part):
    """How the decode settings of a benchmark were chosen."""

    benchmark: str
    """On whose problems."""
    problems: dict[str, int]
    arms: tuple[ArmResult, ...]
    """Both arms at every setting, on those problems."""
    best: tuple[BestSetting, ...]
    same_setting: dict[int, Strata]
    """k -> candidate minus base at equal settings, in the mean over all of them: nothing is chosen here. Empty without
    both arms."""


class Comparison(Part):
    """Candidate minus base on report problems, each at its fixed setting or each at its chosen one."""

    baseline: Literal["Fixed", "BestDecode"]
    base: dict[int, Strata]
    delta: dict[int, Strata]
    relative: dict[int, float | None]
    """Gain as a share of the base's score; None when that is 0."""
    variety: VarietyResult | None
    """None where hardly a problem has two right programs of each arm."""


class BenchmarkSection(Part):
    """One benchmark under one grading mode."""

    benchmark: str
    window: str
    mode: Grading
    decides: bool
    problems: dict[str, int]
    samples: int
    k: tuple[int, ...]
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    select: SelectSection | None
    """None: the benchmark has no sweep, or this grading mode does not decide."""
    scatter: tuple[tuple[str, str, float, float], ...]
    """Problem, difficulty, share of right samples of base and candidate; empty without both arms."""


class Disagreement(Part):
    """How often the two grading modes differ on the same samples."""

    benchmark: str
    arm: str
    setting: str
    samples: int
    process_only: int
    lcb_only: int


class StageResult(Part):
    """What a stage cost and made."""

    name: str
    kind: str
    digest: str
    """Empty when the artifact is missing."""
    path: str
    seconds: float
    """Summed over shards."""
    gpu_seconds: float
    tokens: int
    passes: float | None
    """GPU seconds as a multiple of what sampling the training prompts took; without GPUs, seconds of all processes."""
    counts: dict[str, float]
    facts: dict[str, JsonValue]
    image: str
    """The image that it ran in; of a sharded stage, that of the first shard."""


class Overlap(Part):
    """Training problems that share text with a benchmark."""

    benchmark: str
    problems: int
    """Of those that are trained on; of those that were left out, where overlaps are dropped."""
    records: int


class TextShares(Part):
    """What became of the texts that one stage sampled."""

    what: str
    samples: int
    truncated: float
    cut_while_thinking: float | None
    """None where the stage did not count it."""
    without_code: float


class Garbled(Part):
    """A training sample without a program, for people."""

    problem: str
    sample: int
    text: str


class TrainingData(Part):
    """What the candidate was trained on, and how that ended; None and empty where a stage is missing."""

    pool: dict[str, int]
    """What was counted while problems were chosen: rows, unique, passed, kept, overlapping."""
    correctness_signal: str
    """What is known of the answers to the training problems, where problems were chosen by it."""
    overlap_words: int
    decontaminate: str
    """What was to be done about overlaps with benchmarks."""
    overlaps: tuple[Overlap, ...]
    filter: str
    curation: dict[str, float]
    """What was counted while samples were filtered: samples, records, removed_*, epochs."""
    steps: int | None
    candidate_step: int | None = None
    """After which of them the candidate was taken; None where that is the last."""
    tokens: int
    """Tokens that were trained on."""
    final_loss: float | None
    texts: tuple[TextShares, ...]
    garbled: tuple[Garbled, ...]
    """Some training samples without a program, where these are many."""


class CheckResult(Part):
    """One condition of the gate."""

    name: str
    passed: bool
    text: str
    numbers: dict[str, float]


class Circumstances(Part):
    """What the registry said when the gate judged."""

    look: int
    """How many candidates of the registered model were judged on this window, this one included."""
    window: str
    champion: str
    """The version that was champion; empty where there was none."""


class Decisive(Part):
    """Which comparison the decision rests on."""

    benchmark: str
    baseline: Literal["Fixed", "BestDecode"]


class Sample(Part):
    """One generation, for people."""

    benchmark: str
    arm: str
    problem: str
    sample: int
    verdict: str
    reason: str
    tokens: int
    text: str


class AgainstRoot(Part):
    """The candidate minus the model of round 0, on the report problems of one benchmark."""

    benchmark: str
    root: dict[int, float]
    """k -> pass@k of the root."""
    delta: dict[int, Number]


class RoundSection(Part):
    """Where the candidate stands in a chain of rounds."""

    number: int
    parent: str
    """Digest of what the round started from."""
    root: str
    """Digest of what the first round started from."""
    against_root: tuple[AgainstRoot, ...]
    """The benchmarks on which both were measured in the same way. The comparison with the round before is that with
    the base."""


class Document(Part):
    """The report."""

    format: Literal[1]
    experiment: str
    key: str
    decision: Literal["Promoted", "Held", "Skipped"]
    register_candidate: bool
    """Whether the candidate becomes a version, as champion or as challenger."""
    reasons: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    circumstances: Circumstances | None
    """None where nothing was judged."""
    decisive: Decisive | None
    """None without a gate."""
    confidence: float
    replicates: int
    panels: tuple[BenchmarkSection, ...]
    disagreements: tuple[Disagreement, ...]
    stages: tuple[StageResult, ...]
    failed: dict[str, str]
    notes: tuple[str, ...]
    candidate: str
    candidate_digest: str
    weights: str
    """How a person gets the weights."""
    training: TrainingData
    samples: tuple[Sample, ...]
    round: RoundSection | None = None
    """None outside a chain of rounds; older reports do not have it."""

    def first(self) -> tuple[BenchmarkSection, Comparison] | None:
        """Return the comparison that the decision rests on; without a gate, the last one of the first benchmark."""
        for panel in self.panels:
            if not panel.decides or (self.decisive and panel.benchmark != self.decisive.benchmark):
                continue
            for comparison in reversed(panel.comparisons):
                if self.decisive is None or comparison.baseline == self.decisive.baseline:
                    return panel, comparison
        return None
