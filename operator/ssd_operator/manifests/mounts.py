"""What each stage sees: its inputs in the workspace read-only, what it writes, and the volumes that its user adds.

The table of stages says which roots. Expected outputs (`tests`) are written by prepare and seen beside a sandbox alone,
so that no pod with a model in it could ever read them.
"""

from collections.abc import Iterator

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator import naming
from ssd_operator.manifests.place import Object
from ssd_operator.plan import Node
from ssd_operator.spec.pod import Pod

__all__ = ["mounts", "own_mounts", "own_volumes"]

WORKSPACE_VOLUME = "workspace"
USERS = "user-"
"""Stands before the names of a user's volumes, so that none is mistaken for one of ours."""


def mounts(node: Node) -> list[Object]:
    """Return the worker's view of the claim; what it writes it may read as well."""
    reads = (node.reads | set(_own_folders(node.config))) - node.writes
    return [_mount(root, read_only=root in reads) for root in sorted(reads | node.writes)]


def _mount(root: str, *, read_only: bool) -> Object:
    return {
        "name": WORKSPACE_VOLUME,
        "mountPath": f"{naming.WORKSPACE}/{root}",
        "subPath": root,
        "readOnly": read_only,
    }


def _own_folders(config: contract.Config) -> Iterator[str]:
    """Yield the top folders of what the user put into the workspace, or names there; only prepare reads them."""
    if not isinstance(config, contract.PrepareConfig):
        return
    sources: list[contract.ModelSource | contract.ProblemSource | contract.BenchmarkSource] = [
        config.model.science.source,
        config.prompts.science.source,
    ]
    sources += [each.science.source for each in config.benchmarks]
    paths: list[str] = [getattr(source, "path", "") for source in sources]
    template = config.prompts.science.rendering.template
    if not files.is_builtin_template(template):
        paths.append(template)
    for path in filter(None, paths):
        yield path.split("/", 1)[0]


def own_volumes(asked: Pod) -> list[Object]:
    """Return the volumes that the user adds."""
    return [{**volume.document(), "name": f"{USERS}{volume.name}"} for volume in asked.volumes]


def own_mounts(asked: Pod) -> list[Object]:
    """Return where the worker sees them."""
    documents = [{**mount.document(), "name": f"{USERS}{mount.name}"} for mount in asked.volume_mounts]
    return [{name: value for name, value in each.items() if value != ""} for each in documents]
