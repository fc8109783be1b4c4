"""A pod like those that grade: the operator's own template, with another program in the grader's place."""

import copy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

__all__ = ["ROOT", "pod", "template"]

ROOT = Path(__file__).parents[3]


def template() -> dict[str, Any]:
    """Return the template of the toy's first grade Job, as `ssd manifests` prints it."""
    ssd = Path(sys.executable).with_name("ssd")
    command = [str(ssd), "manifests", str(ROOT / "examples" / "toy" / "cluster.yaml")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    jobs = [each for each in yaml.safe_load_all(printed) if each and each["kind"] == "Job"]
    found = next(each for each in jobs if "grade" in each["metadata"]["labels"]["selfdistill.dev/stage"])
    spec: dict[str, Any] = found["spec"]["template"]
    return spec


def pod(name: str, *, image: str, command: Sequence[str], program: dict[str, str]) -> list[dict[str, Any]]:
    """Return the pod and the ConfigMap with `program`'s files, which its grader's container sees below /program."""
    made = copy.deepcopy(template())
    spec = made["spec"]
    [grader], [sandbox] = spec["containers"], spec["initContainers"]
    grader |= {"image": image, "command": list(command)}
    sandbox["image"] = image
    spec["volumes"] = [each for each in spec["volumes"] if each["name"] not in ("config", "workspace")]
    items = [{"key": path.replace("/", "."), "path": path} for path in program]
    spec["volumes"].append({"name": "program", "configMap": {"name": name, "items": items}})
    kept = [each for each in grader["volumeMounts"] if each["name"] not in ("config", "workspace")]
    grader["volumeMounts"] = [*kept, {"name": "program", "mountPath": "/program", "readOnly": True}]
    data = {path.replace("/", "."): source for path, source in program.items()}
    metadata = {"name": name, "labels": made["metadata"]["labels"]}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]
