"""One experiment in MLflow: a parent run, a child run per stage, parameters, metrics, data sets and files.

The caller says what is true; this module brings the server there and writes nothing that is already so. A run's
final state is set here and nowhere else. Parameters cannot be changed in MLflow: one that differs from an earlier
report of the same experiment is kept as it was, and the new value is a tag.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.tracking import runs, series, server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["Dataset", "Entry", "Recorded", "StageEntry", "record"]

PARAMS_AT_ONCE = 100
PARAM_LIMIT = 6000
TAG_LIMIT = 5000
NOTE = "mlflow.note.content"
"""The tag that MLflow shows as a run's description."""
DIGEST_LIMIT = 36


@dataclass(frozen=True)
class Dataset:
    """What a run read, by our digest: MLflow's own looks at the head of the data only."""

    name: str
    digest: str
    context: Literal["prompts", "train", "eval"]
    source: str


@dataclass(frozen=True)
class StageEntry:
    """One stage, as its manifest tells it."""

    name: str
    status: Literal["FINISHED", "FAILED"]
    started_ms: int | None
    finished_ms: int | None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    points: Sequence[series.Point] = ()
    datasets: Sequence[Dataset] = ()


@dataclass(frozen=True)
class Entry:
    """One experiment."""

    status: Literal["FINISHED", "FAILED"]
    started_ms: int | None
    finished_ms: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    description: str
    """What the parent run's page says, as Markdown, below a link to the report."""
    points: Sequence[series.Point]
    datasets: Sequence[Dataset]
    stages: Sequence[StageEntry]
    files: Path
    """A directory whose files become the parent run's artifacts; hidden files and the progress stay."""


@dataclass(frozen=True)
class Recorded:
    """Where the experiment is in MLflow."""

    experiment_id: str
    run_id: str
    url: str


def record(tracking: contract.Tracking, entry: Entry, *, client: "MlflowClient") -> Recorded:
    """Write the entry to MLflow where it is not written yet; calling it again changes nothing."""
    with server.reaching(tracking.uri):
        experiment_id = runs.experiment(client, tracking)
        parent_id = runs.parent_run(client, tracking, experiment_id, started_ms=entry.started_ms)
        for stage in entry.stages:
            run_id = runs.child_run(client, tracking, experiment_id, parent_id, stage.name, started_ms=stage.started_ms)
            _fill(client, run_id, stage)
        _fill(client, parent_id, replace(entry, tags={**entry.tags, NOTE: _note(entry, experiment_id, parent_id)}))
        _artifacts(client, parent_id, entry.files)
        _end(client, client.get_run(parent_id), entry)
    return Recorded(experiment_id, parent_id, server.run_url(tracking.uri, experiment_id, parent_id))


def _note(entry: Entry, experiment_id: str, run_id: str) -> str:
    """Return the description of the parent run: where the page is, in MLflow's own words for it, and the result."""
    place = server.page_of(experiment_id, run_id, files.REPORT_PAGE)
    return f"[The whole report]({place}), {files.REPORT_PAGE} among the artifacts.\n\n{entry.description}"


def _fill(client: "MlflowClient", run_id: str, entry: Entry | StageEntry) -> None:
    """Write what one run does not have yet; a stage's run also ends here."""
    run = client.get_run(run_id)
    _describe(client, run, entry.params, entry.tags)
    series.send(client, run, entry.points)
    _inputs(client, run, entry.datasets)
    if isinstance(entry, StageEntry):
        _end(client, run, entry)


def _describe(client: "MlflowClient", run: "Run", params: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Write the parameters and tags that differ from what is there."""
    from mlflow.entities import Param, RunTag

    cut = {name: value[:PARAM_LIMIT] for name, value in params.items()}
    known = run.data.params
    fresh = [Param(name, value) for name, value in cut.items() if name not in known]
    changed = {f"ssd.changed.{name}": value for name, value in cut.items() if known.get(name, value) != value}
    wanted = {name: value[:TAG_LIMIT] for name, value in {**tags, **changed}.items()}
    labels = [RunTag(name, value) for name, value in wanted.items() if run.data.tags.get(name) != value]
    for start in range(0, max(len(fresh), len(labels)), PARAMS_AT_ONCE):
        stop = start + PARAMS_AT_ONCE
        client.log_batch(run.info.run_id, params=fresh[start:stop], tags=labels[start:stop])


def _inputs(client: "MlflowClient", run: "Run", datasets: Sequence[Dataset]) -> None:
    """Link the data sets that are not linked yet."""
    from mlflow.entities import Dataset as MlflowDataset
    from mlflow.entities import DatasetInput, InputTag

    known = {(each.dataset.name, each.dataset.digest) for each in run.inputs.dataset_inputs}
    missing = [
        DatasetInput(
            MlflowDataset(name=each.name, digest=each.digest[:DIGEST_LIMIT], source_type="ssd", source=each.source),
            [InputTag("mlflow.data.context", each.context), InputTag("ssd.digest", each.digest)],
        )
        for each in datasets
        if (each.name, each.digest[:DIGEST_LIMIT]) not in known
    ]
    if missing:
        client.log_inputs(run.info.run_id, datasets=missing)


def _end(client: "MlflowClient", run: "Run", entry: Entry | StageEntry) -> None:
    """Set the final state unless it is set."""
    if run.info.status != entry.status:
        client.set_terminated(run.info.run_id, status=entry.status, end_time=entry.finished_ms)


def _artifacts(client: "MlflowClient", run_id: str, directory: Path) -> None:
    """Send the report's files in one call, without what lives beside them."""
    with tempfile.TemporaryDirectory() as scratch:
        chosen = Path(scratch, "files")
        shutil.copytree(directory, chosen, ignore=shutil.ignore_patterns(".*", files.PROGRESS))
        client.log_artifacts(run_id, str(chosen))
