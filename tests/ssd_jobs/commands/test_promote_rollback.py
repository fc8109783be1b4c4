"""promote and rollback as programs: one line of output, one sentence of error, the stages' exit codes."""

import json
import subprocess
import sys
import uuid

from ssd_jobs import tracking
from ssd_jobs.tracking import weights


def program(name: str, uri: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the programs."""
    command = [sys.executable, "-m", f"ssd_jobs.commands.{name}", f"--tracking-uri={uri}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_person_promotes_and_rolls_back(mlflow_server: str) -> None:
    """promote moves the alias and keeps the reason; rollback moves it back; a second rollback has nowhere to go.

    Programs are told the same.
    """
    client = tracking.connect(mlflow_server)
    name = f"m-{uuid.uuid4().hex[:8]}"
    client.create_registered_model(name)
    for number in ("1", "2"):
        client.create_model_version(name, source=weights.external_source("c", f"model-{number}"))
    client.set_registered_model_alias(name, "champion", "1")
    model = f"--model={name}"
    done = program("promote", mlflow_server, model, "--version=2", "--reason=better on our own tasks")
    assert (done.returncode, done.stdout) == (0, f"{name} version 2 is champion; version 1 was it before\n"), (
        done.stderr
    )
    assert client.get_model_version(name, "2").tags["ssd.override"] == "better on our own tasks"
    done = program("rollback", mlflow_server, model)
    assert (done.returncode, done.stdout) == (0, f"{name} version 1 is champion again, after version 2\n"), done.stderr
    again = json.loads(program("promote", mlflow_server, model, "--version=2", "--reason=r", "--form=json").stdout)
    assert again == {"model": name, "version": "2", "alias": "champion", "before": "1"}
    back = json.loads(program("rollback", mlflow_server, model, "--form=json").stdout)
    assert back == {"model": name, "version": "1", "alias": "champion", "before": "2"}
    done = program("rollback", mlflow_server, model)
    assert done.returncode == 64
    assert done.stderr.strip() == f"{name} version 1: replaced no champion; name a version with `ssd promote`"
