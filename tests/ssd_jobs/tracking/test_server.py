"""What failures of MLflow mean: away is temporary, refused is the user's to correct."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from processes import ports
from ssd_jobs import tracking
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.tracking import runs, server
from tracking import mlflow_server, password_door


@contextmanager
def answers(status: int, body: bytes = b"") -> Iterator[str]:
    """Answer every request alike; yield host and port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the library looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


@pytest.fixture
def answering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that answers everything with one status."""
    for name, value in mlflow_server.QUIET.items():
        monkeypatch.setenv(name, value)

    with answers(request.param) as host:
        yield f"http://user:secret@{host}"


def ask(uri: str, path: Path) -> None:
    """Send one metric."""
    path.write_text('{"step": 1, "key": "loss", "value": 1.0, "time_ms": 1}\n')
    tracking.replay(mlflow_server.tracking(uri), "train", path)


@pytest.mark.parametrize("answering", [401, 403], indirect=True)
def test_wrong_credentials_are_the_users_to_correct(answering: str, tmp_path: Path) -> None:
    """401 and 403 are bad input; the message names address and variables and never the password."""
    with pytest.raises(BadInput, match=r"refuses the credentials .*check MLFLOW_TRACKING_USERNAME") as caught:
        ask(answering, tmp_path / "m")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_a_real_server_opens_for_the_right_password_only(mlflow_server: str, tmp_path: Path) -> None:
    """The same request is recorded with the right password, and bad input with a wrong one or with none."""
    from tracking.mlflow_server import tracking as fresh

    (tmp_path / "m").write_text('{"step": 1, "key": "loss", "value": 1.0, "time_ms": 1}\n')
    with password_door.guarded(mlflow_server, "right") as door:
        for who in (f"{password_door.USER}:wrong-secret@", ""):
            with pytest.raises(BadInput, match=r"refuses the credentials .*check MLFLOW_TRACKING_USERNAME") as caught:
                tracking.replay(fresh(f"http://{who}{door}"), "train", tmp_path / "m")
            assert "wrong-secret" not in str(caught.value)
        known = fresh(f"http://{password_door.USER}:right@{door}")
        tracking.replay(known, "train", tmp_path / "m")
    client = tracking.connect(mlflow_server)
    (run,) = client.search_runs(
        [client.get_experiment_by_name(known.experiment).experiment_id],
        f"tags.`{runs.RUN_KEY}` = '{known.run_key}/train'",
    )
    assert run.data.metrics == {"loss": 1.0}


@pytest.fixture(params=["{}", '{"status": "ok"}', "", "[]", "<html>Sign in</html>"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that is not MLflow and answers everything well."""
    for name, value in mlflow_server.QUIET.items():
        monkeypatch.setenv(name, value)
    with answers(200, request.param.encode()) as host:
        yield f"http://user:secret@{host}"


CALLS: dict[str, Callable[[str, Path], object]] = {
    "replay": lambda uri, path: ask(uri, path / "m"),
    "promote": lambda uri, _: tracking.force(uri, "m", "1", "champion", reason="", client=tracking.connect(uri)),
    "rollback": lambda uri, _: tracking.roll_back(uri, "m", "champion", client=tracking.connect(uri)),
    "alias": lambda uri, path: tracking.download_model("models:/m@champion", path, uri),
    "version": lambda uri, path: tracking.download_model("models:/m/1", path, uri),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_is_not_mlflow_is_named(elsewhere: str, call: Callable[[str, Path], object], tmp_path: Path) -> None:
    """Whatever else answers with 200 is the wrong address, and never a finished record or promotion."""
    with pytest.raises(BadInput, match=r"^tracking\.uri: what answers at http://127\.0\.0\.1:\d+ is not MLflow"):
        call(elsewhere, tmp_path)


@pytest.mark.parametrize("answering", [500, 502, 503], indirect=True)
def test_a_server_in_trouble_is_temporary(answering: str, tmp_path: Path) -> None:
    """A 5xx that outlives the retries is temporary."""
    with pytest.raises(Temporary, match="does not answer") as caught:
        ask(answering, tmp_path / "m")
    assert "secret" not in str(caught.value)


def test_no_server_is_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is temporary."""
    for name, value in mlflow_server.QUIET.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Temporary, match="does not answer"):
        ask(f"http://127.0.0.1:{ports.free_port()}", tmp_path / "m")


def test_no_address_is_an_error_of_the_spec() -> None:
    """An empty address is bad input that names the field."""
    with pytest.raises(BadInput, match=r"^tracking\.uri: is empty"):
        tracking.connect("")


def test_a_deleted_experiment_is_named(mlflow_server: str) -> None:
    """An experiment in MLflow's trash is not silently replaced."""
    from tracking.mlflow_server import tracking as fresh

    wanted = fresh(mlflow_server)
    client = tracking.connect(mlflow_server)
    client.delete_experiment(client.create_experiment(wanted.experiment))
    with pytest.raises(BadInput, match="is deleted in MLflow; restore it there or name another one"):
        runs.experiment(client, wanted)


def test_artifacts_of_a_local_database_lie_beside_it(tmp_path: Path) -> None:
    """Without a server nothing is written into the current directory."""
    wanted = mlflow_server.tracking(f"sqlite:///{tmp_path}/db/mlflow.db")
    client = tracking.connect(wanted.uri)
    experiment = client.get_experiment(runs.experiment(client, wanted))
    assert experiment.artifact_location.startswith((tmp_path / "db" / "mlartifacts").as_uri())
    assert server.run_url(wanted.uri, "1", "2") == ""
