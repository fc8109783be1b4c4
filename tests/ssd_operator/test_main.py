"""Laws of the operator's program before it serves."""

import asyncio
import ssl
from asyncio import sslproto
from pathlib import Path

import pytest

from ssd_operator import __main__ as program
from ssd_operator.serve import process
from ssd_operator.settings import Settings


def test_a_connection_sets_little_memory_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """600 watches, as 200 namespaces have, would hold 150 MB of buffers if asyncio's own size stood."""
    monkeypatch.setattr(sslproto.SSLProtocol, "max_size", sslproto.SSLProtocol.max_size)
    found: list[int] = []

    async def serve(_settings: Settings, *, kubeconfig: Path | None) -> int:
        loop = asyncio.get_running_loop()
        connection = sslproto.SSLProtocol(
            loop, asyncio.Protocol(), ssl.create_default_context(), loop.create_future(), server_hostname="x"
        )
        found.append(len(vars(connection)["_ssl_buffer"]))
        return 0

    monkeypatch.setattr(process, "run", serve)
    monkeypatch.setattr("os.environ", {})
    assert program.main() == 0
    assert found == [program.TLS_BUFFER]


def test_what_no_pod_can_have_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pod of the chart's values that cannot be ends the program with 64 and a sentence that names the value."""
    monkeypatch.setattr("os.environ", {"SSD_WORKER_POD": '{"imag": "x"}'})
    assert program.main() == 64
    assert capsys.readouterr().err == "workers.pod.imag: no such field\n"
