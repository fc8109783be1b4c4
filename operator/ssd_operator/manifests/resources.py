"""How much a container asks for: the user's words, the stage's GPUs, and defaults where nothing is said."""

from collections.abc import Mapping, Sequence

from ssd_operator.manifests.amounts import amount
from ssd_operator.manifests.place import Object
from ssd_operator.spec.pod import Resources

__all__ = ["grader", "least", "sandbox", "worker"]

GRADER = Resources(requests={"cpu": "100m", "memory": "512Mi"}, limits={"cpu": "2", "memory": "4Gi"})
"""It reads tables and compares texts in one process. A quota on limits wants each of them from every container."""
SANDBOX = {"cpu": "2", "memory": "3Gi"}
SANDBOX_REQUESTS = {"cpu": "500m", "memory": "3Gi"}
SANDBOX_MAY_HAVE = frozenset({"cpu", "memory", "ephemeral-storage"})
"""No device: what a foreign program can open is never given to its container."""
GIB = 2**30
LEAST_GIB = 2
CORES_PER_GPU = 2
"""One drives the GPU, one feeds it."""


def worker(
    asked: Resources, *, least: Mapping[str, str], gpus: int, gpu_resource: str, claims: Sequence[str] = ()
) -> Object:
    """Return what the worker asks for; GPUs are requested as limits, as device plugins want it."""
    requests = dict(asked.requests) or {key: value for key, value in least.items() if key not in asked.limits}
    limits = dict(asked.limits) | ({gpu_resource: str(gpus)} if gpus else {})
    wanted = {"requests": requests, "limits": limits, "claims": [{"name": name} for name in claims]}
    return {name: values for name, values in wanted.items() if values}


def least(memory: int, *, gpus: int) -> dict[str, str]:
    """Return what a worker asks for where nobody says it: cores for its GPUs, and so many bytes, 2 GiB at least."""
    return {"cpu": str(max(1, CORES_PER_GPU * gpus)), "memory": f"{max(LEAST_GIB, -(-memory // GIB))}Gi"}


def grader(asked: Resources) -> Object:
    """Return what the grader beside a sandbox asks for; of what is said about one side only, the other follows."""
    requests, limits = GRADER.requests | _harmless(asked.requests), GRADER.limits | _harmless(asked.limits)
    for name in requests.keys() & limits.keys():
        if name not in asked.limits:
            limits[name] = max(requests[name], limits[name], key=amount)
        elif name not in asked.requests:
            requests[name] = min(requests[name], limits[name], key=amount)
    return {"requests": requests, "limits": limits}


def sandbox(asked: Resources, *, memory_mb: int) -> tuple[Object, int]:
    """Return the sandbox's resources, and how many programs fit at once so that none exhausts the container.

    To ask for little is how a pod fits a small node; only a limit that is asked for takes time from a test.
    """
    requested, limited = _harmless(asked.requests), _harmless(asked.limits)
    least = {name: max(SANDBOX.get(name, "0"), value, key=amount) for name, value in requested.items()}
    limits = SANDBOX | least | limited
    cores = int(amount(limits["cpu"]))
    room = (int(amount(limits["memory"])) - 1) // (memory_mb * 2**20)
    workers = max(1, min(cores, room))
    requests = SANDBOX_REQUESTS | limited | requested
    return {"requests": {name: requests[name] for name in SANDBOX}, "limits": limits}, workers


def _harmless(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what a sandbox may have of what is asked for."""
    return {name: value for name, value in asked.items() if name in SANDBOX_MAY_HAVE}
