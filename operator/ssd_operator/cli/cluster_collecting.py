"""`kubectl sd gc`: remove from a run's claim the artifacts that nothing names, by a Job that mounts it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ssd_jobs import contract
from ssd_operator import naming
from ssd_operator.cli import claim_names, cluster_plan, job_logs, terminal
from ssd_operator.cli.connection import ContextOption, KubeconfigOption, NamespaceOption, Target, ask
from ssd_operator.cli.output import NameArgument, OutputOption, is_json
from ssd_operator.cli.place import checked_uri
from ssd_operator.errors import Busy, InvalidInput
from ssd_operator.manifests import collecting

if TYPE_CHECKING:
    from ssd_operator.cluster import Api, CollectingJobs
    from ssd_operator.lifecycle import JobView

__all__ = ["register"]

HEARD_S = 5.0
"""So long after the Job is there every operator that is alive has seen it, and begins nothing on the claim."""
LOOK_S = 1.0
PATTERNS = ("report", "prepare", "train")
"""Stages whose pods may talk to MLflow, in the order in which one is taken as the pattern."""


@dataclass(frozen=True)
class Wishes:
    """What a person asks for."""

    remove: bool
    mlflow: frozenset[str]
    image: str
    secret: str
    form: str
    """In which the Job says what it found."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gc")(collect)


def collect(
    name: NameArgument,
    namespace: NamespaceOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove it; without this nothing is changed.")] = False,
    mlflow: Annotated[
        list[str] | None, typer.Option(metavar="URI", help="One more MLflow server that knows weights on the claim.")
    ] = None,
    image: Annotated[str, typer.Option(help="Worker image; by default that of a Job which is still there.")] = "",
    secret: Annotated[str, typer.Option(help="Secret with MLflow's login; by default that of the same Job.")] = "",
    form: OutputOption = "text",
) -> int:
    """Show what no run and no registered version names on NAME's claim, with its size, or remove it."""
    is_json(form)
    target = Target.chosen(namespace, kubeconfig, context)
    wishes = Wishes(remove, frozenset(checked_uri(uri) for uri in mlflow or ()), image, secret, form)
    job, succeeded = ask(
        target, f"{target.namespace}/{name}", lambda api: _collected(api, target.namespace, name, wishes)
    )
    subprocess.run([*job_logs.kubectl(target), "logs", f"job/{job}"], check=False)
    if not succeeded:
        raise Busy(f"Job {job} has failed: nothing more was removed; kubectl describe job {job} says how it ended")
    return 0


async def _collected(api: Api, namespace: str, name: str, wishes: Wishes) -> tuple[str, bool]:
    """Return the Job, and whether it succeeded, once it has ended."""
    from ssd_operator.cluster import CollectingJobs, owner_job

    claim, claim_uid = await _claim(api, namespace, name)
    jobs = CollectingJobs(api, namespace)
    pattern = _pattern(await jobs.pods_on(claim), claim, wishes)
    called = naming.collecting_job_name(claim_uid, remove=wishes.remove)
    await _make_way(jobs, called)
    # Only where it is wanted: the image may be of a version that knows no other form.
    form = ("--form", wishes.form) if wishes.form == "json" else ()
    arguments = (*form, *(("--remove",) if wishes.remove else ()))
    made = await jobs.create(
        collecting.job(pattern, arguments, name=called, namespace=namespace, claim=claim, remove=wishes.remove)
    )
    try:
        await asyncio.sleep(HEARD_S if wishes.remove else 0)
        named = await claim_names.named_on(api, namespace, claim, uris=wishes.mlflow)
        _check_servers(named)
        await api.create(collecting.names(named, called, namespace=namespace), owner=owner_job(made))
    except BaseException:
        await jobs.delete(made)
        raise
    terminal.errors().print(f"Job {called} looks at claim {claim}")
    return called, await _succeeds(jobs, made)


async def _claim(api: Api, namespace: str, name: str) -> tuple[str, str]:
    """Return name and uid of a run's claim."""
    from ssd_operator.cluster import Claims, Run, read_run, run_key

    run = await read_run(api, run_key(namespace, name))
    if not isinstance(run, Run):
        raise run.error
    claim = cluster_plan.claim_of(run)
    uid = await Claims(api).uid(namespace, claim)
    if uid is None:
        raise InvalidInput(f"{name}: its claim {claim} is not in namespace {namespace}, so there is nothing to remove")
    return claim, uid


def _pattern(pods: Mapping[str, Any], claim: str, wishes: Wishes) -> collecting.Pattern:
    """Return image, login and place of a Job that is still there, or what the person says instead."""
    pod: Mapping[str, Any] = next((pods[stage] for stage in PATTERNS if stage in pods), {})
    if not pod and not wishes.image:
        raise InvalidInput(
            f"{claim}: no Job of a run on it is left to take the image and MLflow's login from; "
            "name them with --image and --secret"
        )
    return collecting.Pattern(wishes.image or pod["containers"][0]["image"], dict(pod), wishes.secret)


def _check_servers(named: contract.NamedArtifacts) -> None:
    """Refuse while nobody knows who may have registered weights that are on the claim."""
    if not named.tracking_uris:
        raise InvalidInput(
            f"{named.claim}: no run on it says which MLflow server may know of weights there; name it with --mlflow"
        )


async def _make_way(jobs: CollectingJobs, name: str) -> None:
    """Take away what is left of an earlier collection, or say that one is going on."""
    while (job := await jobs.find(name)) is not None:
        if not job.end and not job.deleting:
            raise Busy(f"Job {name} is at work on this claim; wait until it has ended")
        if not job.deleting:
            await jobs.delete(job)
        await asyncio.sleep(LOOK_S)


async def _succeeds(jobs: CollectingJobs, made: JobView) -> bool:
    """Wait for the end of a Job, and tell whether that is a success."""
    while True:
        job = await jobs.find(made.name)
        if job is None or job.end:
            return job is not None and job.end == "Complete"
        await asyncio.sleep(LOOK_S)
