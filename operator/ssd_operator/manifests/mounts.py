"""Which part of the workspace each stage sees: its inputs read-only, what it writes, nothing else.

One table by kind of stage. Expected outputs (`tests`) are written by prepare and seen by grade alone, so that no
pod with a model in it could ever read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.manifests.place import Object
from ssd_operator.plan import Node

__all__ = ["ROOTS", "Access", "mounts"]

WORKSPACE_VOLUME = "workspace"


@dataclass(frozen=True)
class Access:
    """The roots of the workspace that a kind of stage reads and writes."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


ROOTS = {
    "prepare": Access(reads=(), writes=("models", "problems", "tests")),
    "sample": Access(reads=("models", "problems"), writes=("samples",)),
    "curate": Access(reads=("models", "problems", "samples"), writes=("records",)),
    "train": Access(reads=("models", "records"), writes=("checkpoints",)),
    "generate": Access(reads=("models", "problems"), writes=("generations",)),
    "generate-candidate": Access(reads=("checkpoints", "problems"), writes=("generations",)),
    "grade": Access(reads=("generations", "problems", "tests"), writes=("verdicts",)),
    "analyze": Access(reads=("checkpoints", "models", "samples"), writes=("reports",)),
    "report": Access(
        reads=("checkpoints", "generations", "models", "problems", "records", "samples", "verdicts"),
        writes=("reports",),
    ),
}


def mounts(node: Node) -> list[Object]:
    """Return the worker's view of the claim."""
    access = ROOTS[_row(node)]
    writes = set(access.writes)
    reads = (set(access.reads) | set(_own_folders(node.config))) - writes
    return [_mount(root, read_only=root in reads) for root in sorted(reads | writes)]


def _row(node: Node) -> str:
    """Return the stage's row of the table: a candidate's model is a checkpoint, not a model."""
    config = node.config
    if isinstance(config, contract.GenerateConfig) and config.arm == "Candidate":
        return "generate-candidate"
    return node.kind


def _mount(root: str, *, read_only: bool) -> Object:
    return {
        "name": WORKSPACE_VOLUME,
        "mountPath": f"{naming.WORKSPACE}/{root}",
        "subPath": root,
        "readOnly": read_only,
    }


def _own_folders(config: contract.Config) -> Iterator[str]:
    """Yield the top folders of what the user put into the workspace, which only prepare reads."""
    if not isinstance(config, contract.PrepareConfig):
        return
    sources: list[contract.ModelSource | contract.ProblemSource | contract.BenchmarkSource] = [
        config.model.science.source,
        config.prompts.science.source,
    ]
    sources += [each.science.source for each in config.benchmarks]
    paths: list[str] = [getattr(source, "path", "") for source in sources]
    template = config.prompts.science.rendering.template
    if not template.startswith("builtin:"):
        paths.append(template)
    for path in filter(None, paths):
        yield path.split("/", 1)[0]
