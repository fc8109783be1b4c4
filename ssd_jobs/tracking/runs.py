"""Runs that exist once, however often and wherever their creation was interrupted.

A run is found by a tag that is set in the request that creates it, so there is no moment at which it exists and
cannot be found. The server has no unique constraint: two creators at the same moment both make one, and both then
keep the same one, the first by start time and id.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssd_jobs import contract
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.tracking import server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["RUN_KEY", "child_run", "experiment", "parent_run", "quoted"]

RUN_KEY = "ssd.run_key"
KIND = ("mlflow.experimentKind", "custom_model_development")
"""The tag by which MLflow knows an experiment that trains a model from one with traces of an agent."""


@dataclass(frozen=True)
class Wanted:
    """What a run must be found by, and what it begins with."""

    run_key: str
    name: str
    tags: dict[str, str]
    started_ms: int | None


def experiment(client: "MlflowClient", tracking: contract.Tracking) -> str:
    """Return the id of the MLflow experiment, made when it is missing."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(tracking.experiment)
    if found is None:
        try:
            location = server.artifact_root(tracking.uri)
            created = client.create_experiment(tracking.experiment, artifact_location=location, tags=dict([KIND]))
            return str(created)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(tracking.experiment)
    if found is None or found.lifecycle_stage == "deleted":
        raise BadInput(
            f"tracking.experiment: {brief(repr(tracking.experiment))} is deleted in MLflow; restore it there or name "
            "another one"
        )
    if KIND[0] not in server.verified(found).tags:
        client.set_experiment_tag(found.experiment_id, *KIND)
    return str(found.experiment_id)


def parent_run(
    client: "MlflowClient", tracking: contract.Tracking, experiment_id: str, *, started_ms: int | None = None
) -> str:
    """Return the id of the run of the whole experiment."""
    wanted = Wanted(tracking.run_key, tracking.run_name, {}, started_ms)
    return _once(client, experiment_id, wanted)


def child_run(
    client: "MlflowClient",
    tracking: contract.Tracking,
    experiment_id: str,
    parent_id: str,
    stage: str,
    *,
    started_ms: int | None = None,
) -> str:
    """Return the id of the run of one stage."""
    tags = {"mlflow.parentRunId": parent_id, "ssd.stage": stage}
    return _once(client, experiment_id, Wanted(f"{tracking.run_key}/{stage}", stage, tags, started_ms))


def quoted(value: str) -> str:
    """Return a value as MLflow's filters write it."""
    if "'" in value:
        raise BadInput(f"{brief(repr(value))} cannot be looked up in MLflow: remove the quote from it")
    return f"'{value}'"


def _once(client: "MlflowClient", experiment_id: str, wanted: Wanted) -> str:
    """Return the run with this key, made when it is missing."""
    found = _search(client, experiment_id, wanted.run_key)
    if not found:
        tags = {**wanted.tags, RUN_KEY: wanted.run_key, "mlflow.source.name": "ssd"}
        client.create_run(experiment_id, start_time=wanted.started_ms, tags=tags, run_name=wanted.name)
        found = _search(client, experiment_id, wanted.run_key)
    kept, *others = found
    for other in others:
        client.delete_run(other.info.run_id)
    return str(kept.info.run_id)


def _search(client: "MlflowClient", experiment_id: str, run_key: str) -> "list[Run]":
    """Return the live runs with this key, the one to keep first."""
    runs = client.search_runs([experiment_id], f"tags.`{RUN_KEY}` = {quoted(run_key)}")
    return sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))
