"""The settings of the operator's process: one environment variable per field, set by the chart.

Nothing here belongs to one experiment. A variable that is absent has the default below; one that cannot be read
stops the process with a sentence that names it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ssd_operator import __version__
from ssd_operator.errors import InvalidInput

__all__ = ["PREFIX", "Settings", "from_environment"]

PREFIX = "SSD_"
TRUE, FALSE = frozenset({"true", "1"}), frozenset({"false", "0", ""})


@dataclass(frozen=True)
class Settings:
    """Every field is an environment variable: its name in capital letters, behind `PREFIX`."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch, separated by commas; none watches the whole cluster."""
    worker_image: str = f"ssd-worker:{__version__}"
    grader_image: str = f"ssd-grader:{__version__}"
    image_pull_policy: str = "IfNotPresent"
    tracking_uri: str = ""
    """MLflow's address for experiments that name none."""
    tracking_secret: str = ""
    """Secret, in the experiment's namespace, whose keys become MLflow's credentials in the pods that talk to it."""
    offline: bool = False
    """prepare never asks the Hugging Face hub."""
    gpu_resource: str = "nvidia.com/gpu"
    gpu_node_selector: dict[str, str] = field(default_factory=dict)
    """Labels of nodes for pods with GPUs, as JSON; a pod that asks for others keeps its own."""
    gpu_tolerations: tuple[dict[str, Any], ...] = ()
    """Taints of such nodes, as a JSON list."""
    gpu_memory: str = ""
    """Memory of each GPU, such as 80G; what cannot fit is refused by it."""
    gpu_runtime_class: str = ""
    """Runtime class of pods with GPUs that ask for none."""
    worker_pod: dict[str, Any] = field(default_factory=dict)
    """What lies under every resource's `spec.pod`, in its words, as JSON."""
    sealed_prefixes: tuple[str, ...] = ()
    """Domains whose labels and annotations may stand on pods that run foreign programs, besides those without one."""
    priority_classes: dict[str, str] = field(default_factory=dict)
    """Priority classes, by "training" and "evaluation", of stages for which none is named; as JSON."""
    shm_size: str = "8Gi"
    tmp_size: str = "20Gi"
    worker_metrics_port: int = 9400
    master_port: int = 29500
    kueue: bool = False
    """Ask Kueue why a queued Job waits; the chart grants the rights for it."""
    job_ttl_s: int = 604_800
    """Finished Jobs, with their pods and logs, go after so long."""
    concurrency: int = 32
    """Resources that are looked at in the same moment."""
    resync_s: float = 300.0
    progress_s: float = 10.0
    """How often a running stage is asked how far it is."""
    stalled_s: float = 1800.0
    """For how long a running stage may be as far as it is before that is said; 0 never says it."""
    http_port: int = 8080
    """Health, readiness and metrics of the operator itself."""
    metrics_tls: str = ""
    """Folder with tls.crt and tls.key: metrics are then served over TLS alone, to who may get /metrics by a token."""
    metrics_port: int = 8443
    """Where they are then."""
    leader_election: bool = True
    lease_name: str = "ssd-operator"
    lease_namespace: str = "default"
    identity: str = ""
    """This process's name in the Lease; the chart gives the pod's."""
    log_level: str = "INFO"


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read every field that is set, or raise InvalidInput naming the variable."""
    defaults = dataclasses.asdict(Settings())
    values: dict[str, Any] = {
        name: _read(variable, environ[variable], default)
        for name, default in defaults.items()
        if (variable := f"{PREFIX}{name.upper()}") in environ
    }
    return Settings(**values)


def _read(name: str, text: str, default: Any) -> Any:
    """Convert a variable's text to the type of the field's default."""
    try:
        return _convert(text.strip(), default)
    except ValueError:
        raise InvalidInput(f"{name}: cannot be {text!r}; its default is {default!r}") from None


def _convert(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        if text.lower() not in TRUE | FALSE:
            raise ValueError(text)
        return text.lower() in TRUE
    if isinstance(default, int):
        return int(text)
    if isinstance(default, float):
        return float(text)
    if isinstance(default, dict) or text.startswith("["):
        return _json(text, type(default))
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _json(text: str, kind: type) -> Any:
    value = json.loads(text or "{}")
    if not isinstance(value, dict if kind is dict else list):
        raise ValueError(text)  # noqa: TRY004 - the caller names the variable for every text that cannot be read
    return kind(value)
