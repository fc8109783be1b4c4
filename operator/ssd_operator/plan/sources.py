"""From the spec's sources to the contract's: the same facts, tagged instead of optional."""

from ssd_jobs import contract
from ssd_operator.spec import evaluation, model, prompts

__all__ = ["benchmark_source", "benchmark_window", "model_source", "problem_source"]

LIVECODEBENCH = "livecodebench/code_generation_lite"
OWN_COLUMNS = contract.Columns(
    id="id",
    statement="statement",
    starter_code="starterCode",
    difficulty="difficulty",
    tests="tests",
    sample_inputs="sampleInputs",
)
"""The columns of this project's own layout, which may be absent where the meaning allows it."""


def model_source(source: model.ModelSource) -> contract.ModelSource:
    """Return where the base model comes from."""
    if source.hugging_face is not None:
        hub = source.hugging_face
        return contract.HuggingFaceModel(kind="huggingFace", repo=hub.repo, revision=hub.revision)
    if source.registry is not None:
        return contract.RegistryModel(kind="registry", uri=source.registry)
    if source.export is not None:
        return contract.ExportedModel(kind="export", path=source.export.path, digest=source.export.digest)
    if source.builtin is not None:
        return contract.Builtin(kind="builtin", name=source.builtin)
    return contract.PathModel(kind="path", path=source.path or "")


def problem_source(source: prompts.PromptSource) -> contract.ProblemSource:
    """Return where the training problems come from."""
    if source.hugging_face is not None:
        hub = source.hugging_face
        columns = contract.Columns(
            id=hub.columns.id,
            statement=hub.columns.statement,
            starter_code=hub.columns.starter_code,
            difficulty="",
            tests="",
            sample_inputs="",
        )
        return _hub_rows(hub, columns)
    if source.builtin is not None:
        return contract.Builtin(kind="builtin", name=source.builtin)
    return contract.PathRows(kind="path", path=source.path or "", columns=OWN_COLUMNS)


def benchmark_source(source: evaluation.BenchmarkSource) -> contract.BenchmarkSource:
    """Return where a benchmark's problems and tests come from."""
    if source.livecodebench is not None:
        window = source.livecodebench
        return contract.LiveCodeBench(
            kind="livecodebench",
            release=window.release,
            start=window.first_day,
            end=window.last_day,
            exclude_errata=window.exclude_errata,
            repo=LIVECODEBENCH,
            revision=window.revision,
            path="",
        )
    if source.hugging_face is not None:
        return _hub_rows(source.hugging_face, OWN_COLUMNS)
    if source.builtin is not None:
        return contract.Builtin(kind="builtin", name=source.builtin)
    return contract.PathRows(kind="path", path=source.path or "", columns=OWN_COLUMNS)


def benchmark_window(source: evaluation.BenchmarkSource) -> str:
    """Return what a benchmark's name does not say and its numbers depend on, in months."""
    if source.livecodebench is None:
        return ""
    return f"{source.livecodebench.first_day[:7]}_{source.livecodebench.last_day[:7]}"


def _hub_rows(hub: prompts.HubPrompts | evaluation.HubBenchmark, columns: contract.Columns) -> contract.HuggingFaceRows:
    """Return a data set of the hub, read through these columns."""
    return contract.HuggingFaceRows(
        kind="huggingFace",
        repo=hub.repo,
        revision=hub.revision,
        config=hub.config,
        split=hub.split,
        columns=columns,
    )
