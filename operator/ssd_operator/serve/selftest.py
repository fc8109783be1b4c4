"""`helm test`: submit the toy in Plan mode and wait for the plan.

Shows that the CustomResourceDefinition is served, that the operator runs, sees the namespace and may write status,
without starting a single pod or touching a volume.
"""

import argparse
import asyncio
import sys
import uuid
from typing import Any

from kubernetes import aio

from ssd_operator import naming

__all__ = ["main"]

PATIENCE_S = 120.0
INTERVAL_S = 1.0


async def main(namespace: str, claim: str) -> int:
    """Return 0 when the operator has planned a resource."""
    aio.config.load_incluster_config()
    name = f"helm-test-{uuid.uuid4().hex[:8]}"
    async with aio.client.ApiClient() as client:
        api = aio.client.CustomObjectsApi(client)
        where: tuple[Any, ...] = (naming.GROUP, naming.VERSION, namespace, naming.PLURAL)
        await api.create_namespaced_custom_object(*where, _toy(name, claim))
        try:
            planned = await _planned(api, where, name)
        finally:
            await api.delete_namespaced_custom_object(*where, name)
    if planned is None:
        print(f"the operator did not plan {name} within {PATIENCE_S:g} s; look at its log", file=sys.stderr)  # noqa: T201
        return 1
    print("planned: " + ", ".join(stage["name"] for stage in planned))  # noqa: T201
    return 0


async def _planned(api: Any, where: tuple[Any, ...], name: str) -> list[dict[str, Any]] | None:
    """Wait for the stages in status."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while loop.time() < end:
        found = await api.get_namespaced_custom_object(*where, name)
        status = found.get("status") or {}
        if status.get("phase") == "Planned":
            return list(status.get("stages") or [])
        await asyncio.sleep(INTERVAL_S)
    return None


def _toy(name: str, claim: str) -> dict[str, Any]:
    """Return the shortest useful resource."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": naming.KIND,
        "metadata": {"name": name},
        "spec": {"preset": "toy", "mode": "Plan", "storage": {"claimName": claim}},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--claim", required=True)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.namespace, arguments.claim)))
