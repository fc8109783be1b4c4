"""Fixtures of tests that run the operator's code against the real API server and the real Job controller."""

from collections.abc import AsyncIterator

import pytest

from cluster.world import World
from controlplane.plane import ControlPlane
from ssd_operator.cluster import Api, connect


@pytest.fixture
async def api(job_controller: ControlPlane) -> AsyncIterator[Api]:
    """A connection as the administrator."""
    connection = await connect(job_controller.kubeconfig)
    yield connection
    await connection.close()


@pytest.fixture
async def world(api: Api, namespace: str) -> World:
    """A namespace with a claim in it."""
    made = World(api, namespace)
    await made.make_claim()
    return made
