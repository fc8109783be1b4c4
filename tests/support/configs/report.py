"""The config of report, for the experiment of `workspaces.reported`."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import get_args

from configs.gates import GATE
from configs.parts import key
from ssd_jobs import contract
from ssd_jobs.contract import files

KEY = key("c")
SAMPLES = 10
"""Generations per problem."""
GENERATED = "generations/{arm}-{benchmark}-{setting}"
SELECTED = "selections/{arm}-{benchmark}"
SETTINGS = {"t0-7": 0.7, "t1-1": 1.1, "greedy": 0.0}
DECODES = {
    name: contract.Decode(temperature=temperature, top_k=20, top_p=0.8) for name, temperature in SETTINGS.items()
}
FIXED = {"Base": "t0-7", "Candidate": "t1-1"}
CHOSEN = {"Base": "t1-1", "Candidate": "t0-7"}
"""The setting that was chosen for each arm on other problems."""
REPORT_GATE = GATE.model_copy(update={"benchmark": "lcb-v6", "baseline": "BestDecode"})
SPEC: contract.JsonMap = {
    "model": {"source": {"huggingFace": {"repo": "Qwen/Qwen3-4B-Instruct-2507", "revision": "main"}}},
    "prompts": {"source": {"builtin": "toy"}},
    "sampling": {"temperature": 1.6, "topK": 20, "topP": 0.8, "pod": {}},
    "training": {"steps": 40},
}
PARAMETERS: contract.JsonMap = {
    "model": {"source": {"huggingFace": {"repo": "Qwen/Qwen3-4B-Instruct-2507", "revision": "main"}}},
    "sampling": {"temperature": 1.6, "topK": 20, "topP": 0.8, "engineArgs": {}},
}


def promotion_of(
    name: str,
    *,
    gate: contract.Gate | None = REPORT_GATE,
    challenger_alias: str = "challenger",
    upload_weights: bool = True,
    claim: str = "",
) -> contract.Promotion:
    """Return a promotion of model-NAME; its gate has a guard, against the base at its best."""
    return contract.Promotion(
        registered_model=f"model-{name}",
        alias="champion",
        challenger_alias=challenger_alias,
        upload_weights=upload_weights,
        claim=claim,
        gate=gate,
    )


def benchmark(name: str, *modes: contract.Grading, swept: bool = False) -> contract.BenchmarkReport:
    """Return every evaluation of a benchmark in these modes: at the fixed settings, and with a sweep at those to choose
    from."""
    return contract.BenchmarkReport(
        name=name,
        window="2025-02_2025-05" if name == "lcb-v6" else "",
        problems=f"problems/{name}",
        k=(1, 5),
        samples_per_problem=SAMPLES,
        grading=modes,
        evaluations=tuple(each for each in evaluations(name, modes) if swept or each.fixed),
        select=selected(name) if swept else None,
    )


def evaluations(part: str, modes: Sequence[contract.Grading]) -> Iterator[contract.Evaluation]:
    """Yield all evaluations of both arms on a benchmark or a part of it."""
    for arm, setting, mode in product(get_args(contract.Arm), SETTINGS, modes):
        yield contract.Evaluation(
            stage=f"grade-{arm.lower()}-{part}",
            generated_by=f"generate-{arm.lower()}-{part}",
            arm=arm,
            setting=setting,
            decode=DECODES[setting],
            fixed=FIXED[arm] == setting and not part.endswith("select"),
            mode=mode,
            verdicts=f"verdicts/{arm.lower()}-{part}-{setting}-{mode.lower()}",
            generations=GENERATED.format(arm=arm.lower(), benchmark=part, setting=setting),
        )


def selected(name: str) -> contract.SelectReport:
    """Return where the settings of both arms were chosen, from all of them."""
    selections = {arm: SELECTED.format(arm=arm.lower(), benchmark=name) for arm in get_args(contract.Arm)}
    tried = tuple(evaluations(f"{name}-select", ("Process",)))
    return contract.SelectReport(benchmark=name, selections=selections, evaluations=tried)


def graded(arm: str) -> contract.StageArtifact:
    """Return the verdicts of one arm at its own setting."""
    path = f"verdicts/{arm}-lcb-v6-{FIXED[arm.title()]}-process"
    return contract.StageArtifact(stage=f"grade-{arm}-lcb-v6", kind="grade", path=path, sharded=True)


BENCHMARKS = (benchmark("lcb-v6", "Process", "LCB", swept=True), benchmark("humaneval", "Process"))
ARTIFACTS = (
    contract.StageArtifact(stage="train", kind="train", path="checkpoints/train", sharded=False),
    graded("base"),
    graded("candidate"),
)


def report_config(
    workspace: Path,
    tracking: contract.Tracking,
    *,
    candidate: str = files.export("checkpoints/train"),
    benchmarks: Sequence[contract.BenchmarkReport] = BENCHMARKS,
    artifacts: Sequence[contract.StageArtifact] = ARTIFACTS,
    promoted: contract.Promotion | None = None,
    bootstrap_replicates: int = 500,
    chosen_among: int | None = None,
    round_of: contract.RoundOf | None = None,
    failed: Sequence[contract.FailedStage] = (),
    output: str = "reports/one",
) -> contract.ReportConfig:
    """Return a config that reports everything; without `promoted` the model is named after the MLflow experiment."""
    science = contract.ReportScience(
        bootstrap_replicates=bootstrap_replicates,
        seed=0,
        promotion=promoted or promotion_of(tracking.experiment),
        chosen_among=chosen_among,
        round=round_of,
    )
    return contract.ReportConfig(
        version=1,
        stage="report",
        name="report",
        key=KEY,
        workspace=str(workspace),
        experiment="qwen3-4b-ssd",
        spec=SPEC,
        parameters=PARAMETERS,
        science=science,
        model="models/base",
        candidate=candidate,
        benchmarks=tuple(benchmarks),
        artifacts=tuple(artifacts),
        output=output,
        execution=contract.ReportExecution(metrics_port=0, image="worker:1", tracking=tracking, failed=tuple(failed)),
    )
