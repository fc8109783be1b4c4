"""Requests about the Job that removes from a claim what nothing names; a person's command makes it, no operator."""

from __future__ import annotations

from ssd_operator import naming
from ssd_operator.cluster.api import Api
from ssd_operator.cluster.transport import Raw
from ssd_operator.cluster.views import view_job
from ssd_operator.lifecycle import JobView

__all__ = ["CollectingJobs"]


class CollectingJobs:
    """Finds, makes and deletes such Jobs of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def pods_on(self, claim: str) -> dict[str, Raw]:
        """Return the pod of each stage whose Job is still there and has this claim."""
        found = {}
        async for raw in self._api.list("Job", self._namespace, selector=f"{naming.LABEL_MANAGED}={naming.MANAGED_BY}"):
            pod, stage = raw["spec"]["template"]["spec"], raw["metadata"]["labels"].get(naming.LABEL_STAGE, "")
            claims = [each.get("persistentVolumeClaim", {}).get("claimName") for each in pod.get("volumes", [])]
            if claim in claims:
                found[stage] = pod
        return found

    async def find(self, name: str) -> JobView | None:
        """Read a Job, or return None when there is none of that name."""
        raw = await self._api.find("Job", self._namespace, name)
        return None if raw is None else view_job(raw)

    async def create(self, body: Raw) -> JobView:
        """Make a Job; its name is the lock."""
        return view_job(await self._api.create(body))

    async def delete(self, job: JobView) -> None:
        """Delete a Job with its pods."""
        await self._api.delete("Job", self._namespace, job.name, preconditions={"uid": job.uid}, foreground=False)
