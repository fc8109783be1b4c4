"""A stage's progress as Prometheus metrics, over a real port."""

import socket
import urllib.request

import pytest

from processes import ports
from ssd_jobs.errors import BadInput
from ssd_jobs.progress import metrics_server
from ssd_jobs.progress.recorder import Progress


def test_a_scrape_shows_what_the_stage_says_now() -> None:
    """Done and total with their unit, every other number under its own name, at each scrape anew."""
    progress = Progress()
    port = ports.free_port()
    metrics_server.serve(progress, port)
    for done in (1, 2):
        progress.update(done=done, total=5, unit="steps", loss=0.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        assert f'ssd_progress_done{{unit="steps"}} {done}.0' in lines
        assert 'ssd_progress_total{unit="steps"} 5.0' in lines
        assert "ssd_loss 0.5" in lines


def test_a_scrape_reaches_every_address_of_the_pod() -> None:
    """The server answers on IPv4 and, where the kernel has it, on IPv6: a cluster may have either alone."""
    port = ports.free_port()
    metrics_server.serve(Progress(), port)
    for host in ("127.0.0.1", "[::1]") if socket.has_dualstack_ipv6() else ("127.0.0.1",):
        with urllib.request.urlopen(f"http://{host}:{port}/metrics") as answer:
            assert answer.status == 200


def test_a_port_in_use_is_told_in_one_sentence() -> None:
    """The message has the field and the port."""
    with (
        ports.taken_port() as port,
        pytest.raises(BadInput, match=rf"^execution.metrics_port: cannot listen on port {port} \("),
    ):
        metrics_server.serve(Progress(), port)
