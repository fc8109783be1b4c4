"""The API server's judgement of resources: many texts through one kubectl, then each over HTTP as a dry run."""

import json
import uuid
from typing import Any

from kubernetes import client, config

from controlplane.kubectl import Kubectl
from ssd_operator.spec import resource

__all__ = ["Sent", "Server"]

_WHERE = {"group": resource.GROUP, "version": resource.VERSION, "plural": resource.PLURAL}


class Server:
    """One namespace of the API server."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self._api = client.CustomObjectsApi(config.new_client_from_config(str(kubectl.kubeconfig)))
        self._where = {**_WHERE, "namespace": namespace}

    def refusal(self, body: dict[str, Any]) -> str:
        """Return why the resource cannot be created, "" when it can."""
        try:
            self._api.create_namespaced_custom_object(
                **self._where, body=body, dry_run="All", field_validation="Strict"
            )
        except client.ApiException as error:
            return _message(error)
        return ""

    def refused_change(self, old: dict[str, Any], status: dict[str, Any], new: dict[str, Any]) -> str:
        """Return why a resource with this spec and status cannot get the new spec, "" when it can."""
        return self.refused_changes(old, status, [new])[0]

    def refused_changes(self, old: dict[str, Any], status: dict[str, Any], news: list[dict[str, Any]]) -> list[str]:
        """Return the same for several new specs, each tried on the same resource."""
        name = f"r-{uuid.uuid4().hex[:12]}"
        one = {**self._where, "name": name}
        body = {"apiVersion": resource.API_VERSION, "kind": resource.KIND, "metadata": {"name": name}, "spec": old}
        made = self._api.create_namespaced_custom_object(**self._where, body=body)
        try:
            made = self._api.replace_namespaced_custom_object_status(**one, body=made | {"status": status})
            return [self._refusal(one, made | {"spec": new}) for new in news]
        finally:
            self._api.delete_namespaced_custom_object(**one)

    def _refusal(self, one: dict[str, str], body: dict[str, Any]) -> str:
        try:
            self._api.replace_namespaced_custom_object(**one, body=body, dry_run="All")
        except client.ApiException as error:
            return _message(error)
        return ""


def _message(error: client.ApiException) -> str:
    assert 400 <= error.status < 500, error
    return str(json.loads(error.body)["message"])


class Sent:
    """What kubectl sends for each text, found with one call for all of them."""

    def __init__(self, kubectl: Kubectl, texts: list[str]) -> None:
        self._bodies: dict[str, dict[str, Any]] = {}
        stream = "---\n".join(f"{text.rstrip()}\n" for text in texts)
        printed = kubectl("create", "--dry-run=client", "--validate=false", "-o", "json", manifest=stream)
        decoder, position = json.JSONDecoder(), 0
        for text in texts:
            body, position = decoder.raw_decode(printed, position)
            position = len(printed) - len(printed[position:].lstrip())
            body["metadata"].pop("namespace", None)
            self._bodies[text] = body
        assert position == len(printed)

    def refusal(self, text: str, server: Server) -> str:
        """Return what the API server says to it."""
        return server.refusal(self._bodies[text])
