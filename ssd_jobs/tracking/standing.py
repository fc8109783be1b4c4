"""The standing of a registered model before a candidate is judged: who is champion, and how often was looked already.

A look is one candidate at one window of one registered model, a tag of that model with the look's number. It is
written before anything is judged, so that nobody looks and then forgets it, and looking again finds it.
"""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssd_jobs import contract
from ssd_jobs.errors import BadInput
from ssd_jobs.tracking import lock, registered, server, weights

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["PREVIOUS", "SCORECARD", "Champion", "Standing", "look"]

PREVIOUS = "ssd.previous_champion"
"""The tag of a version that says whom it replaced."""
SCORECARD = "ssd.scorecard"
"""The tag of a version that says where its scores are, and their digest."""
LOOK = "ssd.look"
PLACE = re.compile(r"runs:/(?P<run>\w+)/(?P<path>(?P<folder>[\w/]+)/(?P<digest>[0-9a-f]{64})\.json)")


@dataclass(frozen=True)
class Champion:
    """The version to compare with."""

    version: str
    scorecard: str
    """The text of the file; empty where there is none."""
    trouble: str
    """Why there is none, as the rest of a sentence about the version."""


@dataclass(frozen=True)
class Standing:
    """What the registry says."""

    look: int
    """The number of this look at the window, the first being 1."""
    champion: Champion | None


def look(
    tracking: contract.Tracking, promotion: contract.Promotion, *, window: str, digest: str, client: "MlflowClient"
) -> Standing:
    """Record the look of the candidate with this digest at a window, and find the champion."""
    name = promotion.registered_model
    with server.reaching(tracking.uri):
        registered.ensure(client, name)
        number = _look(client, name, f"{LOOK}.{window}.", digest, owner=tracking.run_key)
        return Standing(number, _champion(client, name, promotion.alias, digest))


def _look(client: "MlflowClient", name: str, prefix: str, digest: str, *, owner: str) -> int:
    """Return the number of a look, given under the lock when it is new."""
    known = _looks(client, name, prefix)
    if digest in known:
        return known[digest]
    with lock.held(client, name, owner=owner) as lease:
        known = _looks(client, name, prefix)
        if digest not in known:
            known[digest] = max(known.values(), default=0) + 1
            lease.check()
            client.set_registered_model_tag(name, f"{prefix}{digest}", str(known[digest]))
    return known[digest]


def _looks(client: "MlflowClient", name: str, prefix: str) -> dict[str, int]:
    """Return digest -> number of every look at one window."""
    tags = client.get_registered_model(name).tags
    return {
        key.removeprefix(prefix): int(value)
        for key, value in tags.items()
        if key.startswith(prefix) and value.isdecimal()
    }


def _champion(client: "MlflowClient", name: str, alias: str, digest: str) -> Champion | None:
    """Return the champion to compare a candidate with: where it is champion itself, the one before."""
    number = registered.aliases(client, name).get(alias, "")
    if not number:
        return None
    version = registered.version(client, name, number)
    if version.tags.get(weights.DIGEST) == digest:
        return _previous(client, name, version)
    return _read(client, version)


def _previous(client: "MlflowClient", name: str, version: Any) -> Champion | None:
    """Return the champion that a version replaced, unless it was deleted since."""
    number = version.tags.get(PREVIOUS, "")
    try:
        return _read(client, registered.version(client, name, number)) if number else None
    except BadInput:
        return None


def _read(client: "MlflowClient", version: Any) -> Champion:
    """Read a version's scores."""
    place = PLACE.fullmatch(version.tags.get(SCORECARD, ""))
    if place is None:
        return Champion(str(version.version), "", "was registered without its scores")
    if not _is_there(client, place["run"], place["folder"], place["path"]):
        return Champion(str(version.version), "", f"has lost its scores ({place[0]} is gone)")
    with tempfile.TemporaryDirectory() as scratch:
        content = Path(client.download_artifacts(place["run"], place["path"], scratch)).read_bytes()
    if hashlib.sha256(content).hexdigest() != place["digest"]:
        return Champion(str(version.version), "", f"has other scores than it was registered with ({place[0]})")
    return Champion(str(version.version), content.decode(), "")


def _is_there(client: "MlflowClient", run_id: str, folder: str, path: str) -> bool:
    """Tell whether a run has a file; not even the run may be left."""
    from mlflow.exceptions import MlflowException

    try:
        return path in {each.path for each in client.list_artifacts(run_id, folder)}
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
