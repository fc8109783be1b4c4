"""A mesh: a mutating webhook that the API server asks about every pod of a namespace, and nodes that run its proxy.

A native sidecar ends after the pod's other containers, killed if need be. A classic one ends when it is asked to, and
keeps its pod until then.
"""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from aiohttp import web

from cluster.kubelet import Kubelet, Raw
from cluster.pod_status import INSTANT
from controlplane.plane import ControlPlane
from ssd_operator import naming

__all__ = ["PROXY", "Kind", "MeshNodes", "injecting"]

PROXY = "mesh-proxy"
Kind = Literal["native", "classic"]
CONTAINER = {"name": PROXY, "image": "mesh:1", "ports": [{"containerPort": 15001}]}
KEPT_OUT = {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
"""Which pods a mesh leaves alone."""
SECURE = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@asynccontextmanager
async def injecting(plane: ControlPlane, namespace: str, kind: Kind, folder: Path) -> AsyncIterator[None]:
    """Inject a proxy into each pod that is made in a namespace."""
    plane.authority.server(names=("localhost",), addresses=["127.0.0.1"]).write(folder, "webhook")
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(folder / "webhook.crt", folder / "webhook.key")

    async def inject(request: web.Request) -> web.Response:
        return _review((await request.json())["request"], kind)

    application = web.Application()
    application.router.add_post("/inject", inject)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust).start()
    plane.kubectl.apply(_configuration(plane, namespace, port=runner.addresses[0][1]))
    try:
        yield
    finally:
        plane.kubectl("delete", "mutatingwebhookconfiguration", namespace)
        await runner.cleanup()


class MeshNodes(Kubelet):
    """Nodes that run the proxy beside what is in a pod."""

    async def _write(self, raw: Raw, status: Raw) -> None:
        await super()._write(raw, _with_proxy(raw["spec"], status))


def _configuration(plane: ControlPlane, namespace: str, *, port: int) -> Raw:
    """Return what makes the API server ask."""
    hook = {
        "name": "inject.mesh.test",
        "clientConfig": {
            "url": f"https://127.0.0.1:{port}/inject",
            "caBundle": base64.b64encode(plane.authority.certificate).decode(),
        },
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "objectSelector": {"matchExpressions": [KEPT_OUT]},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 30,
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    return {**head, "metadata": {"name": namespace}, "webhooks": [hook]}


def _review(asked: Raw, kind: Kind) -> web.Response:
    """Put the proxy first among the containers of a pod."""
    place = "initContainers" if kind == "native" else "containers"
    proxy = {**CONTAINER, "securityContext": SECURE, **({"restartPolicy": "Always"} if kind == "native" else {})}
    there = asked["object"]["spec"].get(place, [])
    change = [{"op": "add", "path": f"/spec/{place}", "value": [proxy, *there]}]
    patch = base64.b64encode(json.dumps(change).encode()).decode()
    response = {"uid": asked["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
    return web.json_response({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})


def _with_proxy(spec: Raw, status: Raw) -> Raw:
    """Return the status of a pod as it is with the proxy in it."""
    ends = status["phase"] in ("Succeeded", "Failed")
    if PROXY in _names(spec, "initContainers"):
        return {**status, "initContainerStatuses": [_status(code=137 if ends else None)]}
    if PROXY not in _names(spec, "containers") or "containerStatuses" not in status:
        return status
    kept = ends and not _is_asked(spec)
    proxy = _status(code=0 if ends and not kept else None)
    return {
        **status,
        "phase": "Running" if kept else status["phase"],
        "containerStatuses": [proxy, *status["containerStatuses"]],
    }


def _names(spec: Raw, place: str) -> set[str]:
    return {each["name"] for each in spec.get(place, [])}


def _is_asked(spec: Raw) -> bool:
    """Tell whether the worker asks the proxy to end, once it has ended itself."""
    worker = next(each for each in spec["containers"] if each["name"] == naming.WORKER)
    return "SSD_SIDECAR_QUIT_URL" in {each["name"] for each in worker.get("env", [])}


def _status(*, code: int | None) -> Raw:
    """Return what a node says of the proxy."""
    runs = {"running": {"startedAt": INSTANT}}
    over = {"terminated": {"exitCode": code, "startedAt": INSTANT, "finishedAt": INSTANT}}
    state = runs if code is None else over
    ready = code is None
    return {
        "name": PROXY,
        "image": "mesh:1",
        "imageID": "",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
    }
