"""Laws of the lock of a registered model: one holder at a time, and nobody who dies keeps it."""

import dataclasses
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssd_jobs import tracking
from ssd_jobs.errors import Temporary
from ssd_jobs.tracking import lock
from tracking import alias_races, mlflow_server


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A local database."""
    return f"sqlite:///{tmp_path_factory.mktemp('db')}/mlflow.db"


@pytest.fixture(params=["server", "sqlite"])
def uri(request: pytest.FixtureRequest, mlflow_server: str, database: str) -> str:
    """The same laws hold on a server and on a local database."""
    return mlflow_server if request.param == "server" else database


@contextmanager
def process(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Start one of the processes of `alias_races`; kill it in the end."""
    command = [sys.executable, alias_races.__file__ or "", *arguments]
    support = str(Path(alias_races.__file__ or "").parents[1])
    environment = {**os.environ, **mlflow_server.QUIET, "PYTHONPATH": support}
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def line(child: "subprocess.Popen[str]") -> str:
    """Return the next line that a process prints."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def races(uris: list[str], rounds: int) -> None:
    """Two processes promote a candidate each to one model that has no champion, again and again."""
    clients = [tracking.connect(uri) for uri in uris]
    model = f"race-{uuid.uuid4().hex[:8]}"
    with (
        process("race", model, "a", str(rounds), *uris) as one,
        process("race", model, "b", str(rounds), *uris) as other,
    ):
        for number in range(rounds):
            assert (line(one), line(other)) == ("ready", "ready")
            for each in (one, other):
                assert each.stdin is not None
                each.stdin.write("go\n")
                each.stdin.flush()
            told = sorted((line(one), line(other)))
            found = clients[number % len(uris)].get_registered_model(f"model-{model}-{number}")
            assert told == ["lost", f"won {found.aliases['champion']}"]


def test_of_two_that_want_the_alias_one_gets_it(mlflow_server: str, database: str) -> None:
    """Two processes that both found no champion: one becomes it, the other is told, and the alias is the winner's."""
    races([mlflow_server, database], 10)


@pytest.mark.endurance
def test_two_hundred_races_have_one_winner_each(mlflow_server: str, database: str) -> None:
    """The same two hundred times on each."""
    races([mlflow_server, database], 400)


def test_what_a_killed_process_held_is_free_after_its_lease(mlflow_server: str, database: str) -> None:
    """SIGKILL leaves the lock held: others are told by whom, and the next one gets it when the lease has expired."""
    name = f"m-{uuid.uuid4().hex[:8]}"
    with process("hold", name, mlflow_server, database) as child:
        assert line(child) == "held"
        child.kill()
        child.wait()
    for client in map(tracking.connect, (mlflow_server, database)):
        with (
            pytest.raises(Temporary, match=rf"{name}\.lock: is held by the holder \(process {child.pid} on "),
            lock.held(client, name, owner="me", patience_s=0.2),
        ):
            raise AssertionError
        assert numbers(client, name) == [1], "who waited in vain leaves no ticket"
        client.set_model_version_tag(lock.name_of(name), "1", lock.LEASE, "0")
        with lock.held(client, name, owner="me"):
            assert numbers(client, name) == [3], "the ticket of the dead is gone, and mine is the only one"
        assert numbers(client, name) == [], "what was held is released"


def numbers(client: "tracking.server.Client", name: str) -> list[int]:
    """Return the tickets that there are."""
    found = client.search_model_versions(f"name = '{lock.name_of(name)}'")
    return sorted(int(each.version) for each in found)


def test_who_holds_it_too_long_changes_nothing(uri: str) -> None:
    """A holder whose lease is half used is stopped before its change: another may hold the lock by then."""
    client = tracking.connect(uri)
    name = f"m-{uuid.uuid4().hex[:8]}"
    with lock.held(client, name, owner="me", lease_s=60) as lease:
        lease.check()
        later = dataclasses.replace(lease, asked=lease.asked - 31)
        with pytest.raises(Temporary, match="the lock of the alias ran out; the same run goes on"):
            later.check()
    with lock.held(client, name, owner="me"):
        pass


def test_a_name_as_long_as_may_be_has_a_lock(uri: str) -> None:
    """The lock's name is one that every database of MLflow takes."""
    client = tracking.connect(uri)
    name = uuid.uuid4().hex * 8
    assert len(lock.name_of(name)) <= 256
    with lock.held(client, name, owner="me"):
        assert numbers(client, name) == [1]
