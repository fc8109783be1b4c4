"""`helm test`: submit the toy in Plan mode and wait for the plan.

Shows that the CustomResourceDefinition is served, that the operator runs, sees the namespace and may write status,
without starting a single pod or touching a volume.
"""

import argparse
import asyncio
import sys
import uuid
from typing import Any

from ssd_operator import naming
from ssd_operator.cluster import Api, Key, Run, connect, read_run, run_key

__all__ = ["main", "planned"]

PATIENCE_S = 120.0
INTERVAL_S = 1.0


async def main(namespace: str, claim: str) -> int:
    """Return 0 when the operator has planned a resource."""
    key = run_key(namespace, f"helm-test-{uuid.uuid4().hex[:8]}")
    api = await connect()
    try:
        stages = await planned(api, key, claim)
    finally:
        await api.close()
    if stages is None:
        print(f"the operator did not plan {key} within {PATIENCE_S:g} s; look at its log", file=sys.stderr)  # noqa: T201
        return 1
    print("planned: " + ", ".join(stages))  # noqa: T201
    return 0


async def planned(api: Api, key: Key, claim: str) -> list[str] | None:
    """Return the stages that the operator plans for the toy, None if it does not; the resource is gone afterwards."""
    await api.create(_toy(key, claim))
    try:
        return await _stages(api, key)
    finally:
        await api.delete(key.kind, key.namespace, key.name, preconditions={}, foreground=False)


async def _stages(api: Api, key: Key) -> list[str] | None:
    """Wait for the stages in status."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while loop.time() < end:
        run = await read_run(api, key)
        if isinstance(run, Run) and run.status.phase == "Planned":
            return [stage.name for stage in run.status.stages]
        await asyncio.sleep(INTERVAL_S)
    return None


def _toy(key: Key, claim: str) -> dict[str, Any]:
    """Return the shortest useful resource."""
    return {
        "apiVersion": naming.API_VERSION,
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"preset": "toy", "mode": "Plan", "storage": {"claimName": claim}},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--claim", required=True)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.namespace, arguments.claim)))
