"""The database in a file is whole whenever anybody opens it, whatever was killed before."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import alembic.command
import pytest

from processes import disks
from ssd_jobs import contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.tracking import database, runs
from tracking import mlflow_server

SCRIPT = Path(mlflow_server.__file__).with_name("database_kills.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the processes of `database_kills` found, by one run of it: importing MLflow takes seconds."""
    folder = str(tmp_path_factory.mktemp("kills"))
    points = ("ours-0.5", "ours-rename", "mlflow-0.5", "together-3")
    done = subprocess.run([sys.executable, str(SCRIPT), folder, *points], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("point", ["0.5", "rename"])
def test_killed_while_it_is_made_it_is_made_again(found: Any, point: str) -> None:
    """Killed amid the migrations or before the rename, the next opening works and nothing half made stays."""
    expected = {"codes": [0], "files": [".mlflow.db.lock", "mlflow.db", "second.jsonl"], "runs": 2}
    assert found[f"ours-{point}"] == expected


def test_what_mlflow_itself_left_half_made_is_mended(found: Any) -> None:
    """Killed in the middle of what MLflow does in place, as an older version of this project did, the next works."""
    assert found["mlflow-0.5"]["codes"] == [0]
    assert found["mlflow-0.5"]["runs"] == 2


def test_several_open_a_new_one_at_once(found: Any) -> None:
    """All of them work, and what each records is there: a run and its stage's."""
    assert found["together-3"]["codes"] == [0, 0, 0]
    assert found["together-3"]["runs"] == 6


def _log(root: Path, name: str) -> list[str]:
    """Log a file to a new run of a directory's database, and return where the artifacts of all its runs are."""
    wanted = contract.Tracking(uri=f"sqlite:///{root}/mlflow.db", experiment="e", run_key=name, run_name="n")
    client = tracking.connect(wanted.uri)
    experiment = runs.experiment(client, wanted)
    client.log_text(runs.parent_run(client, wanted, experiment), "text", name)
    return [run.info.artifact_uri for run in client.search_runs([experiment])]


def test_a_copied_and_a_moved_directory_keep_their_own_artifacts(tmp_path: Path) -> None:
    """What is logged in a copy lies in the copy, and what is logged after a move where the directory is now."""
    original, copy, moved = (tmp_path / name for name in ("original", "a copy", "moved"))
    original.mkdir()
    _log(original, "first.txt")
    shutil.copytree(original, copy)
    found = {copy: _log(copy, "second.txt")}
    original.rename(moved)
    found[moved] = _log(moved, "third.txt")
    for root, addresses in found.items():
        assert len(addresses) == 2
        assert all(address.startswith(f"{(root / 'mlartifacts').as_uri()}/") for address in addresses)
        assert len(list((root / "mlartifacts").rglob("*.txt"))) == 2
    assert not original.exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database."""
    path = tmp_path_factory.mktemp("whole") / "mlflow.db"
    tracking.connect(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """One of its copies."""
    return Path(shutil.copy(whole, tmp_path))


def change(path: Path, *statements: str) -> None:
    """Change a database behind MLflow's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def schema(path: Path) -> str:
    """Return the name of a database's schema."""
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def record(path: Path) -> None:
    """Record one metric."""
    metrics = path.with_name(files.METRICS)
    if not metrics.exists():
        metrics.write_text('{"step": 1, "key": "loss", "value": 1.0, "time_ms": 1}\n')
    tracking.replay(mlflow_server.tracking(f"sqlite:///{path}"), "train", metrics)


HALF_MADE = "UPDATE alembic_version SET version_num = '17e22815139b'"
"""The next migration finds its column there."""


def test_a_half_made_one_without_runs_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It gets a name that nothing has, its bytes stay as they are, and a new one takes its place."""
    path.with_name("mlflow.db.broken-1").touch()
    change(path, HALF_MADE)
    before = path.read_bytes()
    record(path)
    assert path.with_name("mlflow.db.broken-2").read_bytes() == before
    assert f"{path}: was left half made and holds no runs; it is now {path}.broken-2" in caplog.text


def test_a_half_made_one_with_runs_is_left_to_the_user(path: Path) -> None:
    """Nobody's runs are moved: the file is named, what to do is said, and not a byte changes."""
    record(path)
    change(path, HALF_MADE)
    before = path.read_bytes()
    with pytest.raises(
        BadInput, match=rf"^{path}: holds runs, and MLflow cannot bring it .*duplicate column name: creator.*move it"
    ):
        tracking.connect(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*broken*"))


def test_an_older_one_is_brought_up_to_date_with_its_runs(whole: Path, tmp_path: Path) -> None:
    """A whole database of an older MLflow keeps what it holds."""
    from mlflow.store.db.utils import InitialBase, _get_alembic_config
    from sqlalchemy import create_engine

    old = tmp_path / "mlflow.db"
    engine = create_engine(f"sqlite:///{old}")
    InitialBase.metadata.create_all(engine)
    alembic.command.upgrade(_get_alembic_config(str(engine.url)), "451aebb31d03")
    engine.dispose()
    change(
        old,
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (0, 'Default', 'active')",
        "INSERT INTO runs (run_uuid, experiment_id, user_id, lifecycle_stage, status, start_time) "
        "VALUES ('a', 0, 'u', 'active', 'FINISHED', 1)",
    )
    client = tracking.connect(f"sqlite:///{old}")
    assert schema(old) == schema(whole)
    assert [run.info.run_id for run in client.search_runs(["0"])] == ["a"]


def garbage(path: Path) -> None:
    path.write_bytes(b"no database\n" * 1000)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:8192])


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [garbage, torn, folder])
def test_what_is_no_database_is_named_with_a_remedy(path: Path, harm: Callable[[Path], None]) -> None:
    """One sentence says which file, what is wrong with it and what to do; nothing is overwritten."""
    harm(path)
    with pytest.raises(
        BadInput, match=rf"^{path}: (is damaged|cannot be opened for writing) \(.*\); .*(move it|make) "
    ):
        tracking.connect(f"sqlite:///{path}")
    assert sorted(file.name for file in path.parent.iterdir() if "lock" not in file.name) == ["mlflow.db"]


def test_damage_that_is_found_later_is_named_as_well(path: Path) -> None:
    """A page that is broken behind a good beginning is met by a request of MLflow's."""
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'experiments'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(BadInput, match=rf"^{path}: is damaged \(database disk image is malformed\)"):
        record(path)


def test_a_full_disk_is_waited_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither a new database nor a new row finds space: one sentence says it, and with more room the call works."""
    with disks.small(tmp_path / "small", megabytes=2) as disk:
        path, ballast = disk / "mlflow.db", disk / "ballast"
        ballast.write_bytes(b"x" * (2**21 - 300_000))
        with pytest.raises(Temporary, match=rf"^{path}: no space left on the volume"):
            tracking.connect(f"sqlite:///{path}")
        assert not path.exists()
        ballast.unlink()
        record(path)
        with suppress(OSError):
            ballast.write_bytes(b"x" * 2**21)
        with pytest.raises(Temporary, match=rf"^{path}: no space left on the volume"):
            record(path)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:////a/mlflow.db", "/a/mlflow.db"),
        ("sqlite+pysqlite:////a/b c%20/mlflow.db?timeout=3", "/a/b c%20/mlflow.db"),
        ("sqlite:///:memory:", None),
        ("http://host:5000", None),
        ("postgresql://host/name", None),
        ("databricks", None),
    ],
)
def test_only_a_database_in_a_file_is_looked_after(uri: str, path: str | None) -> None:
    """A server looks after its own."""
    assert database.path_of(uri) == (Path(path) if path else None)
