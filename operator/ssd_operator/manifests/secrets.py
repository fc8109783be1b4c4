"""What a worker finds in its environment: the user's variables, and secrets for the stages that need them.

Three stages talk to the outside. prepare gets the hub's token; report, train while it records live, and prepare for
a model from the registry get MLflow's credentials. Pods that run foreign programs get no secret at all, not even
one that the user asks for.
"""

from ssd_operator import naming
from ssd_operator.manifests.place import Object, Place
from ssd_operator.plan import Node
from ssd_operator.spec.pod import Pod

__all__ = ["environment", "secret_sources"]


def environment(node: Node, place: Place, asked: Pod) -> list[Object]:
    """Return the worker's variables."""
    own = [each.document() for each in asked.env if not (node.needs_sandbox and _is_secret(each.document()))]
    variables = [{name: value for name, value in each.items() if name != "value" or value} for each in own]
    return [*variables, *_hub_token(node, place), *_sidecar(asked)]


def secret_sources(node: Node, place: Place) -> list[Object]:
    """Return the Secrets whose keys become variables: MLflow's credentials where they are needed."""
    name = place.settings.tracking_secret
    return [{"secretRef": {"name": name}}] if name and node.needs_tracking else []


def _hub_token(node: Node, place: Place) -> list[Object]:
    """Return the hub's token for a stage that asks the hub."""
    hub = place.spec.model.source.hugging_face
    if not node.row.hub or hub is None or hub.token_secret_ref is None:
        return []
    return [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": hub.token_secret_ref.document()}}]


def _sidecar(asked: Pod) -> list[Object]:
    """Return where a sidecar that knows nothing of Jobs is asked to end, once the worker has."""
    url = asked.annotations.get(naming.ANNOTATION_SIDECAR, "")
    return [{"name": "SSD_SIDECAR_QUIT_URL", "value": url}] if url else []


def _is_secret(variable: Object) -> bool:
    return "secretKeyRef" in variable.get("valueFrom", {})
