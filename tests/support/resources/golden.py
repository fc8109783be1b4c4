"""Frozen specs and statuses as past commits wrote them: every later version reads them, for ever.

`python tests/support/resources/golden.py` adds those of today, after a change of the schema. A file that is there is
never changed: some cluster has what stands in it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cluster.model import Cluster
from configs import plans
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.status import Status

__all__ = ["FOLDER", "files", "schema"]

FOLDER = Path(__file__).parents[2] / "ssd_operator" / "spec" / "golden"
SPECS: tuple[dict[str, Any], ...] = (
    {},
    {"model": {"source": plans.HUB, "promptMode": "Raw"}},
    {
        "analysis": {},
        "training": {"nodes": 2, "lora": {"rank": 8}, "pod": {"env": [{"name": "A", "value": "b"}]}},
        "scheduling": {"queue": "team-a", "priorityClassName": "high"},
        "storage": {"template": {"size": "1Gi"}},
    },
)


def schema() -> str:
    """Return what names the shape of frozen specs and statuses."""
    shapes = [model.model_json_schema(by_alias=True) for model in (ResolvedSpec, Status)]
    return hashlib.sha256(json.dumps([_bare(each) for each in shapes], sort_keys=True).encode()).hexdigest()[:12]


def files() -> list[Path]:
    """Return the golden files, oldest first."""
    return sorted(FOLDER.glob("*.json"))


def _bare(node: Any) -> Any:
    """Return a schema without words for people."""
    if isinstance(node, dict):
        return {key: _bare(value) for key, value in node.items() if key not in ("description", "title")}
    return [_bare(each) for each in node] if isinstance(node, list) else node


def _statuses() -> list[dict[str, Any]]:
    """Return the status of a run as it begins, at each step, and as it ends."""
    cluster, found = Cluster(training={"nodes": 2}), list[dict[str, Any]]()
    cluster.settle()
    while cluster.live():
        found.append(_stored(cluster.status))
        for job in cluster.live():
            cluster.end(job.name)
        cluster.settle()
    failed = Cluster()
    failed.settle()
    failed.end(failed.live()[0].name, ending="Failed", code=64)
    failed.settle()
    return [*found, _stored(cluster.status), _stored(failed.status)]


def _stored(status: Status) -> dict[str, Any]:
    written: dict[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return written


def _write() -> Path:
    """Add today's file."""
    FOLDER.mkdir(exist_ok=True)
    content = {
        "schema": schema(),
        "specs": [plans.spec(**sections).document() for sections in SPECS],
        "statuses": _statuses(),
    }
    file = FOLDER / f"{len(files()) + 1:04}.json"
    file.write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    print(_write())
