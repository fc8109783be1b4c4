"""An API server in memory, for laws about thousands of sequences: names, versions, generations, lists, merge patches.

It judges nothing and runs nothing: what the API server refuses and what its controllers do is tested on the real one.
"""

import copy
import itertools
from typing import Any

from cluster.transports import answer, refusal
from ssd_operator.cluster.transport import Answer, Request

__all__ = ["Memory"]

Raw = dict[str, Any]
VERSION_PARTS = {"api": 2, "apis": 3}


class Memory:
    """A way to a server that is not there."""

    def __init__(self) -> None:
        self.objects: dict[str, Raw] = {}
        """Path of an object -> the object."""
        self.refused: set[str] = set()
        """Plurals of which nothing can be made."""
        self._numbers = itertools.count(1)

    async def close(self) -> None:
        """There is nothing to close."""

    async def send(self, request: Request) -> Answer:
        """Answer as the server would."""
        parts = request.path.strip("/").split("/")
        named = parts[VERSION_PARTS[parts[0]] :][3:]
        collection = request.path.removesuffix("/" + "/".join(named)) if named else request.path
        body = copy.deepcopy(request.body or {})
        if request.verb == "POST":
            return self._create(collection, body)
        if not named:
            return answer({"items": self._list(collection), "metadata": {}})
        return self._one(request.verb, f"{collection}/{named[0]}", named[1:], body)

    def _create(self, collection: str, body: Raw) -> Answer:
        place = f"{collection}/{body['metadata']['name']}"
        if collection.rpartition("/")[2] in self.refused:
            return refusal(403, "Forbidden")
        if place in self.objects:
            return refusal(409, "AlreadyExists")
        body["metadata"] |= {"uid": f"uid-{next(self._numbers)}", "generation": 1}
        return self._keep(place, body)

    def _one(self, verb: str, place: str, subresource: list[str], body: Raw) -> Answer:
        known = self.objects.get(place)
        if known is None:
            return refusal(404, "NotFound")
        if verb == "DELETE":
            return answer(self.objects.pop(place))
        version = known["metadata"]["resourceVersion"]
        if body.get("metadata", {}).get("resourceVersion", version) != version:
            return refusal(409, "Conflict")
        if verb == "PUT":
            return self._keep(place, {**known, "status": body["status"]} if subresource == ["status"] else body)
        return self._keep(place, _merged(known, body)) if verb == "PATCH" else answer(known)

    def _keep(self, place: str, body: Raw) -> Answer:
        metadata, known = body["metadata"], self.objects.get(place, body)
        changed = known.get("spec") != body.get("spec") and known["metadata"]["generation"] == metadata["generation"]
        metadata = {**metadata, "generation": metadata["generation"] + changed}
        self.objects[place] = {**body, "metadata": {**metadata, "resourceVersion": str(next(self._numbers))}}
        return answer(self.objects[place])

    def _list(self, collection: str) -> list[Raw]:
        return [raw for place, raw in self.objects.items() if place.rpartition("/")[0] == collection]


def _merged(known: Raw, change: Raw) -> Raw:
    """Return an object with a merge patch applied."""
    found = dict(known)
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = _merged(known.get(name, {}), value) if isinstance(value, dict) else value
    return found
