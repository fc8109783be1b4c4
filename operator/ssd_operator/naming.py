"""Every name, label, annotation and path that the operator gives to an object; pure functions.

A Job's name is derived from the stage's kind, the claim and the key, never from the resource: two resources
that want the same artifact on the same claim meet at the same name, and the API server's 409 is the lock. The
name leaves room for `-<index>` within a DNS label, because pods of the training gang are found by host name.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

__all__ = [
    "ANNOTATION_KEY",
    "ANNOTATION_SIDECAR",
    "ANNOTATION_SPEC",
    "ANNOTATION_SUSPENDED_BY",
    "API_VERSION",
    "CONFIG",
    "CONFIG_FILE",
    "GROUP",
    "KIND",
    "LABEL_ATTEMPT",
    "LABEL_EXPERIMENT",
    "LABEL_JOB",
    "LABEL_MANAGED",
    "LABEL_NETWORK",
    "LABEL_QUEUE",
    "LABEL_STAGE",
    "LABEL_SWEEP",
    "LONGEST_NAME",
    "MANAGED_BY",
    "PLURAL",
    "POD_GROUP",
    "PRESET",
    "SANDBOX",
    "SANDBOX_SOCKET",
    "SPEC",
    "SWEEP_KIND",
    "SWEEP_PLURAL",
    "VERSION",
    "WORKER",
    "WORKSPACE",
    "cell_name",
    "claim_name",
    "claim_of",
    "collecting_job_name",
    "config_map_name",
    "gang_service_name",
    "isolation_policy_name",
    "job_name",
    "label_value",
    "preset_config_map_name",
    "rank_zero_host",
    "resolved_config_map_name",
    "setting_name",
    "short",
]

GROUP: Final = "selfdistill.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "SelfDistillation"
PLURAL: Final = "selfdistillations"
"""What our resource is called in the Kubernetes API."""
SWEEP_KIND: Final = "SelfDistillationSweep"
SWEEP_PLURAL: Final = "selfdistillationsweeps"
"""The same of a sweep, which makes many of them."""

POD_GROUP: Final = "PodGroup"
"""The pods that a scheduler places together; each such scheduler has a kind of this name in its own group."""

MANAGED_BY = "ssd-operator"

LABEL_MANAGED = "app.kubernetes.io/managed-by"
LABEL_EXPERIMENT = f"{GROUP}/experiment"
LABEL_STAGE = f"{GROUP}/stage"
LABEL_ATTEMPT = f"{GROUP}/attempt"
LABEL_NETWORK = f"{GROUP}/network"
"""The deny-all policy selects the pods on which this label says none."""
LABEL_JOB = "batch.kubernetes.io/job-name"
LABEL_QUEUE = "kueue.x-k8s.io/queue-name"
LABEL_SWEEP = f"{GROUP}/sweep"
"""The sweep that a cell belongs to."""
ANNOTATION_KEY = f"{GROUP}/key"
ANNOTATION_SIDECAR = f"{GROUP}/sidecar-quit-url"
"""A user's word on pods: where the worker asks a mesh's sidecar to end."""
ANNOTATION_SPEC = f"{GROUP}/cell-spec"
"""Digest of the spec that a cell was given last by its sweep."""
ANNOTATION_SUSPENDED_BY = f"{GROUP}/suspended-by"
"""Who suspended a cell: its sweep, which lets go on only what it stopped itself."""

WORKER = "worker"
SANDBOX = "sandbox"
"""The containers; exit-code rules speak of the first one only."""

WORKSPACE = "/workspace"
"""Where a pod sees the claim."""
CONFIG = "config.json"
"""A stage's config, in its ConfigMap and where that is mounted."""
CONFIG_FILE = f"/etc/ssd/{CONFIG}"
SPEC = "spec.json"
PRESET = "preset.yaml"
"""A run's frozen spec, in its ConfigMap."""
SANDBOX_SOCKET = "/sandbox/socket"

LABEL_LIMIT = 63
LONGEST_NAME = 40
"""Of a resource: it becomes part of other names."""


def job_name(kind: str, *, claim_uid: str, key: str, attempt: int) -> str:
    """Return the name of the Job that makes an artifact; the same for everyone who wants it on this claim."""
    return f"ssd-{kind}-{short(claim_uid, key)}-{attempt}"


def config_map_name(kind: str, *, claim_uid: str, key: str, attempt: int) -> str:
    """Return the name of the ConfigMap with the stage's config; one per Job."""
    return job_name(kind, claim_uid=claim_uid, key=key, attempt=attempt)


def collecting_job_name(claim_uid: str, *, remove: bool) -> str:
    """Return the name of the Job that removes from a claim what nothing names, or only shows it: one at a time."""
    return f"ssd-{'collect' if remove else 'list'}-{short(claim_uid)}"


def preset_config_map_name(uid: str, digest: str) -> str:
    """Return the name of the ConfigMap that freezes what a sweep's preset said."""
    return f"ssd-preset-{short(uid, digest)}"


def resolved_config_map_name(uid: str, digest: str) -> str:
    """Return the name of the ConfigMap that freezes a resource's resolved spec."""
    return f"ssd-spec-{short(uid, digest)}"


def cell_name(sweep: str, *, words: Sequence[str], identity: Sequence[str]) -> str:
    """Return the resource of one cell of a sweep: what a person recognises it by, and what no other cell has."""
    readable = re.sub("[^a-z0-9]+", "-", "-".join((sweep, *words)).lower().replace(".", "d"))
    return f"{readable[: LONGEST_NAME - 11].strip('-')}-{short(sweep, *identity)}"


def claim_name(resource: str) -> str:
    """Return the claim that is made for a resource from its template."""
    return f"{resource}-workspace"


def claim_of(resource: str, named: str | None) -> str:
    """Return the claim of a resource: the one that it names, or the one that is made for it."""
    return named or claim_name(resource)


def isolation_policy_name(uid: str) -> str:
    """Return the NetworkPolicy that a resource brings for pods that run other people's programs."""
    return f"ssd-sealed-{short(uid)}"


def gang_service_name(*, claim_uid: str, key: str, attempt: int) -> str:
    """Return the headless Service through which the pods of one attempt find each other."""
    return f"ssd-gang-{short(claim_uid, key)}-{attempt}"


def rank_zero_host(kind: str, *, claim_uid: str, key: str, attempt: int) -> str:
    """Return the DNS name of the first pod of a gang, within its namespace."""
    job = job_name(kind, claim_uid=claim_uid, key=key, attempt=attempt)
    return f"{job}-0.{gang_service_name(claim_uid=claim_uid, key=key, attempt=attempt)}"


def setting_name(*, temperature: float, top_k: int, top_p: float) -> str:
    """Return the name of a decode setting: `t1.1-k20-p0.8` as a DNS label."""
    parts = (f"t{_shortest(temperature)}", f"k{top_k}", f"p{_shortest(top_p)}")
    return "-".join(part.replace(".", "d").replace("+", "") for part in parts)


def _shortest(number: float) -> str:
    """Return a number in few digits, and in all of them where few would name another number."""
    short_text = f"{number:g}"
    return short_text if float(short_text) == number else repr(number)


def label_value(name: str) -> str:
    """Return a name as a label's value; a longer one keeps its beginning and gets a hash."""
    if len(name) <= LABEL_LIMIT:
        return name
    return f"{name[: LABEL_LIMIT - 11].rstrip('-._')}-{short(name)}"


def short(*parts: str) -> str:
    """Return ten hexadecimal digits that stand for these parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
