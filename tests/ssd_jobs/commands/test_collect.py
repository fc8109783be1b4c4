"""Laws of what is removed from a volume: only what nothing names, nobody writes, and no registered version needs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from configs.report import promotion_of
from processes import artifact_writer, ports
from ssd_jobs import artifacts, contract, tracking
from ssd_jobs.artifacts import Artifact, Provenance
from ssd_jobs.commands import collect
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.tracking import runs
from tracking import mlflow_server as servers

ROOTS = ("models", "problems", "tests", "samples", "records", "checkpoints", "generations", "verdicts", "reports")


def path_of(root: str, letter: str) -> str:
    """Return the directory of an artifact."""
    return f"{root}/{letter * 32}"


def store(workspace: Path, root: str, letter: str, *inputs: Artifact | str, shard: int | None = None) -> Artifact:
    """Write an artifact, or a shard of two, that was made from others, each itself or by its digest."""
    path = workspace / path_of(root, letter)
    path = path if shard is None else files.shard(path, shard, 2)
    output = artifacts.Output(path=path, stage=root, name=root, key=letter * 64, shard=shard, shards=2)
    read = {str(number): each if isinstance(each, str) else each.digest for number, each in enumerate(inputs)}
    with output.claim() as draft:
        draft.write_text("content", f"{root} {letter} {shard}")
        return draft.finish(Provenance(science={}, inputs=read, counts={}, facts={}, image=""))


def experiment(workspace: Path, letter: str, model: Artifact) -> Artifact:
    """Write what one experiment leaves behind, on a base model, and return its candidate."""
    problems, tests = store(workspace, "problems", letter), store(workspace, "tests", letter)
    samples = [store(workspace, "samples", letter, model, problems, shard=shard) for shard in (0, 1)]
    records = store(workspace, "records", letter, artifacts.joint_digest(samples))
    candidate = store(workspace, "checkpoints", letter, model, records)
    generations = store(workspace, "generations", letter, candidate, problems)
    verdicts = store(workspace, "verdicts", letter, generations, problems, tests)
    store(workspace, "reports", letter, verdicts)
    return candidate


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two experiments on one base model, and what a person has put beside them."""
    model = store(tmp_path, "models", "0")
    for letter in "ab":
        experiment(tmp_path, letter, model)
    (tmp_path / "models" / "mine").mkdir()
    return tmp_path


def all_of(letter: str) -> set[str]:
    """Return the directories of one experiment, without the base model."""
    return {path_of(root, letter) for root in ROOTS if root != "models"}


def there(workspace: Path) -> set[str]:
    """Return the artifacts that are complete."""
    found = {path.parent.relative_to(workspace) for path in workspace.rglob(files.MANIFEST)}
    return {"/".join(path.parts[:2]) for path in found}


def run(
    workspace: Path,
    *options: str,
    named: set[str],
    results_of: frozenset[str] = frozenset(),
    uris: tuple[str, ...] = (),
) -> str:
    """Run the program."""
    names = contract.NamedArtifacts(
        named=tuple(sorted(named)), results_of=tuple(sorted(results_of)), claim="local", tracking_uris=uris
    )
    (workspace / "names.json").write_text(names.model_dump_json())
    return collect.main(["--workspace", str(workspace), "--names", str(workspace / "names.json"), *options])


def test_nothing_is_removed_until_it_is_asked_for(workspace: Path) -> None:
    """A dry run names each directory with its bytes and changes nothing; --remove removes those, whole."""
    named = {path_of("models", "0"), *all_of("a")}
    before = there(workspace)
    said = run(workspace, named=named)
    assert there(workspace) == before
    assert all(f"{path}\t" in said for path in all_of("b"))
    assert "8 directories would be removed; nothing was, --remove does it" in said
    told = json.loads(run(workspace, "--form=json", named=named))
    assert {each["path"] for each in told["directories"]} == set(all_of("b"))
    assert (told["removed"], told["beingWritten"]) == (False, 0)
    assert told["bytes"] == sum(each["bytes"] for each in told["directories"]) > 0
    assert there(workspace) == before
    assert "removed" in run(workspace, "--remove", named=named)
    assert there(workspace) == named
    assert not any((workspace / path).exists() for path in all_of("b"))
    assert (workspace / "models" / "mine").is_dir()


def test_what_is_left_unfinished_goes_as_well(workspace: Path) -> None:
    """A directory without a manifest that nothing names and nobody writes is removed."""
    (workspace / path_of("samples", "d")).mkdir()
    run(workspace, "--remove", named=there(workspace))
    assert not (workspace / path_of("samples", "d")).exists()


def test_of_a_run_that_keeps_its_results_the_rest_goes(workspace: Path) -> None:
    """Reports, verdicts and every manifest stay; what lost its content is complete no more, and others keep theirs."""
    mine = frozenset({path_of("models", "0"), *all_of("b")})
    run(workspace, "--remove", named={path_of("models", "0"), *all_of("a")}, results_of=mine)
    kept = {path_of("verdicts", "b"), path_of("reports", "b")}
    assert there(workspace) == {path_of("models", "0"), *all_of("a"), *kept}
    for path in all_of("b") - kept - {path_of("samples", "b")}:
        assert (workspace / path / files.COLLECTED).is_file()
        assert not (workspace / path / "content").exists()
    for shard in (0, 1):
        directory = files.shard(workspace / path_of("samples", "b"), shard, 2)
        assert {each.name for each in directory.iterdir()} == {files.COLLECTED, ".lock"}


def test_what_lost_its_content_can_be_made_again(workspace: Path) -> None:
    """The manifest that was left behind is no part of what is made in its place."""
    run(workspace, "--remove", named=set(), results_of=frozenset({path_of("problems", "b")}))
    again = store(workspace, "problems", "b")
    assert set(again.manifest.files) == {"content"}
    artifacts.open_artifact(again.path).verify()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Have a process write an artifact."""
    command = [sys.executable, artifact_writer.__file__, str(path), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while not (path / ".lock").exists() or not list(path.glob("part-*")):
            assert process.poll() is None
        yield
        process.kill()


def test_what_is_being_written_stays(workspace: Path) -> None:
    """A directory that a process holds is left alone, and said to be; the rest goes."""
    busy = workspace / path_of("checkpoints", "e")
    with writing(busy):
        said = run(workspace, "--remove", named=set())
        assert list(busy.glob("part-*"))
    assert "1 that are being written were left alone" in said
    assert there(workspace) == set()


def test_an_mlflow_that_is_away_keeps_everything(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as one server does not answer nothing is removed: it may know of weights here."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = there(workspace)
    with pytest.raises(Temporary, match="does not answer"):
        run(workspace, "--remove", named=set(), uris=(f"http://127.0.0.1:{ports.free_port()}",))
    assert there(workspace) == before


def test_a_registered_version_keeps_its_weights_and_what_grades_them(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of a version whose weights are here all stays from which they and their verdicts were made, named or not."""
    where = servers.tracking(f"sqlite:///{tmp_path_factory.mktemp('db')}/mlflow.db")
    client = tracking.connect(where.uri)
    experiment_id = runs.experiment(client, where)
    recorded = tracking.Recorded(experiment_id, runs.parent_run(client, where, experiment_id), "")
    promotion = promotion_of(where.experiment, upload_weights=False)
    path = f"{path_of('checkpoints', 'a')}/model"
    candidate = tracking.Candidate(directory=workspace, path=path, digest="d", tags={})
    tracking.register(where, promotion, candidate, where=recorded, promote=False, replacing="", client=client)
    run(workspace, "--remove", named=set(), uris=(where.uri,))
    assert there(workspace) == {path_of("models", "0"), *all_of("a")}


def test_a_list_that_cannot_be_read_is_one_sentence(workspace: Path) -> None:
    """Without knowing what is named nothing is touched."""
    with pytest.raises(BadInput, match=r"nothing\.json: does not say what is named"):
        collect.main(["--workspace", str(workspace), "--names", str(workspace / "nothing.json"), "--remove"])
