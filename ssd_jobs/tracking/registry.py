"""Registered versions: one per candidate digest, and an alias that only the gate or a person moves.

MLflow's aliases have no compare-and-set. So the version that is about to become champion first remembers whom it
replaces, and then the alias moves: whatever is interrupted, the way back is known, and doing it again is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ssd_jobs import contract
from ssd_jobs.errors import BadInput
from ssd_jobs.tracking import runs, server, weights
from ssd_jobs.tracking.record import Recorded

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["PREVIOUS", "Candidate", "Registered", "force", "register", "roll_back"]

PREVIOUS = "ssd.previous_champion"


@dataclass(frozen=True)
class Candidate:
    """The trained model that a version is made of."""

    directory: Path
    path: str
    """The same, below the workspace."""
    digest: str
    """Of the whole export; two runs that export the same bytes are one version."""
    tags: Mapping[str, str]


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
    client: "MlflowClient",
) -> Registered:
    """Register the candidate as champion or as challenger; calling it again changes nothing."""
    with server.reaching(tracking.uri):
        name = promotion.registered_model
        _ensure_model(client, name)
        version = _version(client, promotion, candidate, where)
        _tag(client, version, candidate.tags)
        aliases = _aliases(client, name)
        if promote:
            return _make_champion(client, version, aliases, promotion.alias, promotion.challenger_alias)
        number = str(version.version)
        if number not in (aliases.get(promotion.alias), aliases.get(promotion.challenger_alias)):
            client.set_registered_model_alias(name, promotion.challenger_alias, number)
        return Registered(number, "")


def force(uri: str, name: str, version: str, alias: str, reason: str, *, client: "MlflowClient") -> Registered:
    """Make a version champion because a person says so; the reason stays with it."""
    with server.reaching(uri):
        found = _get(client, name, version)
        _tag(client, found, {"ssd.override": reason})
        return _make_champion(client, found, _aliases(client, name), alias, "")


def roll_back(uri: str, name: str, alias: str, *, client: "MlflowClient") -> tuple[str, str]:
    """Move the alias to the champion before; return both versions, the new champion last."""
    with server.reaching(uri):
        current = _aliases(client, name).get(alias)
        if current is None:
            raise BadInput(f"{name}: no version holds the alias {alias!r}; there is nothing to roll back")
        version = _get(client, name, current)
        previous = version.tags.get(PREVIOUS, "")
        if not previous:
            raise BadInput(f"{name} version {current}: replaced no champion; name a version with `ssd promote`")
        _get(client, name, previous)
        _tag(client, version, {"ssd.rolled_back_to": previous})
        client.set_registered_model_alias(name, alias, previous)
        return current, previous


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
    )
    return f"models:/{model_id}", model_id


def _make_champion(
    client: "MlflowClient", version: Any, aliases: Mapping[str, str], alias: str, challenger: str
) -> Registered:
    """Move the champion's alias to a version, and take the challenger's alias from it."""
    number = str(version.version)
    current = aliases.get(alias)
    previous = version.tags.get(PREVIOUS, "")
    if current != number:
        previous = current or ""
        # Tag before alias: if this stops in between, a rollback still finds the champion before.
        if previous:
            _tag(client, version, {PREVIOUS: previous})
        client.set_registered_model_alias(version.name, alias, number)
    if challenger and aliases.get(challenger) == number:
        client.delete_registered_model_alias(version.name, challenger)
    return Registered(number, previous)


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


def _ensure_model(client: "MlflowClient", name: str) -> None:
    """Create the registered model when it is missing; another run may create it at the same moment."""
    from mlflow.exceptions import MlflowException

    try:
        server.verified(client.get_registered_model(name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        try:
            client.create_registered_model(name)
        except MlflowException as raced:
            if raced.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _aliases(client: "MlflowClient", name: str) -> dict[str, str]:
    """Return alias -> version."""
    from mlflow.exceptions import MlflowException

    try:
        found = server.verified(client.get_registered_model(name))
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise BadInput(f"{name}: no such registered model; see the Models page of MLflow for its name") from error
        raise
    return {alias: str(version) for alias, version in found.aliases.items()}


def _get(client: "MlflowClient", name: str, version: str) -> Any:
    """Return one version."""
    from mlflow.exceptions import MlflowException

    try:
        return server.verified(client.get_model_version(name, version))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise BadInput(f"{name}: there is no version {version!r}; see the Models page of MLflow") from error
        raise
