"""Registered versions: one per candidate digest, and an alias that only the gate or a person moves.

MLflow's aliases have no compare-and-set, so they move under the lock of the model, and a candidate takes the alias
only from the champion that it was compared with. The version that is about to become champion first remembers whom it
replaces, and then the alias moves: whatever is interrupted, the way back is known, and doing it again is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssd_jobs import contract
from ssd_jobs.artifacts.counting import Counted, uncounted
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.tracking import lock, registered, runs, server, weights
from ssd_jobs.tracking.lock import Lease
from ssd_jobs.tracking.record import Recorded
from ssd_jobs.tracking.standing import PREVIOUS

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Candidate", "Registered", "force", "register", "roll_back"]

DESCRIPTION_LIMIT = 5000


@dataclass(frozen=True)
class Candidate:
    """The trained model that a version is made of."""

    directory: Path
    path: str
    """The same, below the workspace."""
    digest: str
    """Of the whole export; two runs that export the same bytes are one version."""
    tags: Mapping[str, str]
    description: str = ""
    """What the version's page says, as Markdown, above how it is served."""
    sent: Counted = uncounted
    """Hears how many bytes of the weights are sent, where they are to be sent."""


@dataclass(frozen=True)
class Registered:
    """The version, and the champion that it replaced, if it did."""

    version: str
    previous_champion: str


def register(
    tracking: contract.Tracking,
    promotion: contract.Promotion,
    candidate: Candidate,
    *,
    where: Recorded,
    promote: bool,
    replacing: str | None,
    client: "MlflowClient",
) -> Registered:
    """Register the candidate as champion or as challenger; calling it again changes nothing.

    `replacing` is the version that the candidate was compared with, empty where there was no champion; None replaces
    any. Raise Temporary when another one is champion by now.
    """
    with server.reaching(tracking.uri):
        name = promotion.registered_model
        registered.ensure(client, name)
        version = _version(client, promotion, candidate, where)
        _tag(client, version, candidate.tags)
        _describe(client, version, candidate)
        place = _Place(client, version, promotion.alias, promotion.challenger_alias)
        if place.settled(champion=promote):
            return place.registered(champion=promote)
        with lock.held(client, name, owner=tracking.run_key) as lease:
            if promote:
                return place.make_champion(lease, replacing)
            place.make_challenger(lease)
            return place.registered(champion=False)


def force(uri: str, name: str, version: str, alias: str, reason: str, *, client: "MlflowClient") -> Registered:
    """Make a version champion because a person says so; the reason stays with it."""
    with server.reaching(uri):
        found = registered.version(client, name, version)
        with lock.held(client, name, owner="ssd promote") as lease:
            _tag(client, found, {"ssd.override": reason})
            return _Place(client, found, alias, "").make_champion(lease, None)


def roll_back(uri: str, name: str, alias: str, *, client: "MlflowClient") -> tuple[str, str]:
    """Move the alias to the champion before; return both versions, the new champion last."""
    with server.reaching(uri):
        _champion(client, name, alias)
        with lock.held(client, name, owner="ssd rollback") as lease:
            current = _champion(client, name, alias)
            version = registered.version(client, name, current)
            previous = version.tags.get(PREVIOUS, "")
            if not previous:
                raise BadInput(f"{name} version {current}: replaced no champion; name a version with `ssd promote`")
            registered.version(client, name, previous)
            lease.check()
            _tag(client, version, {"ssd.rolled_back_to": previous})
            client.set_registered_model_alias(name, alias, previous)
        return current, previous


def _champion(client: "MlflowClient", name: str, alias: str) -> str:
    """Return the version that holds the alias; raise BadInput when none does."""
    current = registered.aliases(client, name).get(alias)
    if current is None:
        raise BadInput(f"{name}: no version holds the alias {brief(repr(alias))}; there is nothing to roll back")
    return current


@dataclass(frozen=True)
class _Place:
    """A version, and the aliases that it may hold."""

    client: "MlflowClient"
    version: Any
    alias: str
    challenger: str

    @property
    def number(self) -> str:
        """Return the version's number."""
        return str(self.version.version)

    def settled(self, *, champion: bool) -> bool:
        """Tell whether the aliases are as they shall be: then nobody's lock is needed."""
        held = self._held()
        return (held == {self.alias}) if champion else bool(held)

    def registered(self, *, champion: bool) -> Registered:
        """Return what this version is, and whom it replaced as champion."""
        return Registered(self.number, self.version.tags.get(PREVIOUS, "") if champion else "")

    def make_champion(self, lease: Lease, replacing: str | None) -> Registered:
        """Move the champion's alias to this version, and take the challenger's alias from it."""
        name, number = self.version.name, self.number
        current = registered.aliases(self.client, name).get(self.alias, "")
        if replacing is not None and current not in (replacing, number):
            raise Temporary(
                f"{name}: {f'version {current}' if current else 'nobody'} is {self.alias} by now, and version {number} "
                f"was not compared with it; the report is made again"
            )
        previous = self.version.tags.get(PREVIOUS, "")
        if current != number:
            previous = current
            # Tag before alias: if this stops in between, a rollback still finds the champion before.
            if previous:
                _tag(self.client, self.version, {PREVIOUS: previous})
            lease.check()
            self.client.set_registered_model_alias(name, self.alias, number)
        if self.challenger and self.challenger in self._held():
            self.client.delete_registered_model_alias(name, self.challenger)
        return Registered(number, previous)

    def make_challenger(self, lease: Lease) -> None:
        """Give the challenger's alias to this version, unless it holds one."""
        if not self._held():
            lease.check()
            self.client.set_registered_model_alias(self.version.name, self.challenger, self.number)

    def _held(self) -> set[str]:
        """Return which of the two aliases this version holds."""
        found = registered.aliases(self.client, self.version.name)
        return {alias for alias in (self.alias, self.challenger) if found.get(alias) == self.number}


def _version(client: "MlflowClient", promotion: contract.Promotion, candidate: Candidate, where: Recorded) -> Any:
    """Return the version with this digest; create it when it is missing, and delete copies of it."""
    name = promotion.registered_model
    found = _search(client, name, candidate.digest)
    if not found:
        source, model_id = _source(client, promotion, candidate, where)
        place = "mlflow" if promotion.upload_weights else "external"
        tags = {**candidate.tags, weights.DIGEST: candidate.digest, "weights": place}
        client.create_model_version(name, source=source, run_id=where.run_id, tags=tags, model_id=model_id)
        found = _search(client, name, candidate.digest)
    kept, *others = found
    for other in others:
        client.delete_model_version(name, str(other.version))
    return kept


def _source(
    client: "MlflowClient", promotion: contract.Promotion, candidate: Candidate, where: Recorded
) -> tuple[str, str | None]:
    """Return where the version's weights are, uploaded if they should be."""
    if not promotion.upload_weights:
        return weights.external_source(promotion.claim, candidate.path), None
    model_id = weights.upload(
        client,
        experiment_id=where.experiment_id,
        run_id=where.run_id,
        name=promotion.registered_model,
        digest=candidate.digest,
        directory=candidate.directory,
        tags=candidate.tags,
        sent=candidate.sent,
    )
    return f"models:/{model_id}", model_id


def _describe(client: "MlflowClient", version: Any, candidate: Candidate) -> None:
    """Write the version's description where it is another one; a long result is cut, how to serve is not."""
    serving = _serving(version, candidate)
    wanted = f"{candidate.description[: DESCRIPTION_LIMIT - len(serving) - 2].rstrip()}\n\n{serving}"
    if version.description != wanted:
        client.update_model_version(version.name, str(version.version), wanted)


def _serving(version: Any, candidate: Candidate) -> str:
    """Return how a version is served, by where its weights are."""
    outside = weights.parse_external(version.source)
    if outside is not None:
        return f"**Serve it** where the claim {outside[0]} is mounted at DIR: `vllm serve DIR/{candidate.path}`"
    place = f"models:/{version.name}/{version.version}"
    return (
        f"**Serve it:** `mlflow artifacts download --artifact-uri {place} --dst-path DIR`, then `vllm serve DIR`. In "
        f'Python: `mlflow.transformers.load_model("{place}")`'
    )


def _tag(client: "MlflowClient", version: Any, tags: Mapping[str, str]) -> None:
    """Write the tags that differ."""
    for key, value in tags.items():
        if version.tags.get(key) != value:
            client.set_model_version_tag(version.name, str(version.version), key, value)


def _search(client: "MlflowClient", name: str, digest: str) -> list[Any]:
    """Return the versions with this digest, the first one first."""
    found = client.search_model_versions(
        f"name = {runs.quoted(name)} and tags.`{weights.DIGEST}` = {runs.quoted(digest)}"
    )
    return sorted(found, key=lambda version: int(version.version))
