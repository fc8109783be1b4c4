"""No stage opens a model that is not what its manifest vouches for, whichever file is wrong and however."""

import pickle
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processes import hashing, ranks
from ssd_jobs import artifacts
from ssd_jobs.artifacts import manifest
from ssd_jobs.errors import BadInput, JobError
from ssd_jobs.models.model_files import model_files, shares
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import job, verifying
from ssd_jobs.stages.train.ranks import Ranks
from workspaces import model_users
from workspaces.model_users import BASE, USERS
from workspaces.provenance import EMPTY

WEIGHTS = "model.safetensors"
EXTRA = "model-00002-of-00002.safetensors"


def _flip(file: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _cut(file: Path) -> None:
    """Lose the last byte."""
    file.write_bytes(file.read_bytes()[:-1])


DIFFERS = r"differs from its manifest; remove {artifact} and run its stage again"
DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a flipped bit": (WEIGHTS, _flip, DIFFERS),
    "a truncated file": (WEIGHTS, _cut, DIFFERS),
    "a pickle": (WEIGHTS, lambda file: file.write_bytes(pickle.dumps({})), DIFFERS),
    "a missing file": (WEIGHTS, Path.unlink, r"missing, though the manifest lists it; remove {artifact} and run its"),
    "more weights": (EXTRA, lambda file: file.write_bytes(b"{}"), r"is not in the manifest.*; remove this file"),
}
SETTINGS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "another config": ("config.json", lambda file: file.write_text(file.read_text() + "\n"), DIFFERS),
    "another tokenizer": ("tokenizer.json", _flip, DIFFERS),
    "another template": ("chat_template.jinja", _cut, DIFFERS),
    "an adapter": ("adapter_config.json", lambda file: file.write_text("{}"), r"is not in the manifest.*; remove this"),
}
EVERY = {**DAMAGES, **SETTINGS}
CASES = [(user, damage) for user in USERS for damage in EVERY if user != "curate" or EVERY[damage][0] != WEIGHTS]
"""Curate reads the stop tokens of the settings, and no weights."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_users.workspace(tmp_path_factory.mktemp("users"))


@contextmanager
def _damaged(root: Path, model: str, damage: str) -> Iterator[str]:
    """Damage a file of a model, give the pattern of the sentence that is due, and mend it again."""
    name, harm, sentence = EVERY[damage]
    file = root / model / name
    before = file.read_bytes() if file.exists() else None
    harm(file)
    artifact = root / model if model == BASE else (root / model).parent
    try:
        yield f"^{re.escape(str(file))}: {sentence.format(artifact=re.escape(str(artifact)))}"
    finally:
        file.unlink(missing_ok=True)
        if before is not None:
            file.write_bytes(before)


@pytest.mark.parametrize(("user", "damage"), CASES)
def test_a_model_that_is_not_what_was_written_ends_its_user(root: Path, user: str, damage: str) -> None:
    """Before anything of it is opened, with exit code 64, the file's name and what to do."""
    run, model = USERS[user]
    with _damaged(root, model, damage) as sentence, pytest.raises(BadInput, match=sentence):
        run(root)


@pytest.mark.parametrize("damage", [*DAMAGES, "another tokenizer"])
def test_every_rank_hears_of_a_file_that_one_of_them_found(root: Path, damage: str) -> None:
    """Two ranks share the files out, and both end with the same sentence."""
    with _damaged(root, BASE, damage) as sentence:
        one, other = ranks.on_ranks(2, _refusal, root)
    assert re.match(sentence, one)
    assert one == other


def _refusal(place: Ranks, root: Path) -> str:
    """Return why this rank does not train."""
    with pytest.raises(BadInput) as caught:
        job.Training(model_users.one_step(root), place).run(Progress(), threading.Event())
    return str(caught.value)


def test_ranks_hash_every_file_once(root: Path) -> None:
    """What each rank hashes is its share, and the shares are all files."""
    hashed = ranks.on_ranks(2, _hashed, root)
    names = model_files(root / BASE).names
    assert sorted(hashed[0] + hashed[1]) == names
    assert hashed[0] == [WEIGHTS], "the weights are larger than all the rest"


def _hashed(place: Ranks, root: Path) -> list[str]:
    """Return what this rank hashes of the base."""
    with pytest.MonkeyPatch.context() as patch:
        found = hashing.recorded(patch)
        verifying.verify(model_files(root / BASE), place)
    return [path.name for path in found]


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40), st.integers(1, 9))
def test_no_rank_waits_long_for_another(sizes: list[int], count: int) -> None:
    """Shares are all the files, each once, and no share exceeds the mean by more than the largest file."""
    entries = {f"f{i}": manifest.FileEntry(sha256="", bytes=size) for i, size in enumerate(sizes)}
    found = shares(entries, count)
    assert len(found) == count
    assert sorted(name for share in found for name in share) == sorted(entries)
    assert max(sum(entries[name].bytes for name in share) for share in found) <= sum(sizes) / count + max(sizes)


def test_what_generates_two_settings_hashes_the_model_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is hashed once per process, however often it is used."""
    hashed = hashing.recorded(monkeypatch)
    model_users.generate_candidate(root, "one", "two")
    assert sorted(path.name for path in hashed if not path.name.endswith((".parquet", ".jsonl"))) == sorted(
        path.name for path in (root / model_users.CANDIDATE).iterdir()
    )


def test_the_digest_of_a_candidate_is_that_of_its_files_alone(root: Path) -> None:
    """The rest of the training's artifact, such as its metrics, is no part of the model that is registered."""
    files = model_files(root / model_users.CANDIDATE)
    assert files.artifact.path == root / "checkpoints/c"
    assert "metrics.jsonl" in files.artifact.manifest.files
    assert files.names == sorted(f"model/{path.name}" for path in files.directory.iterdir())
    assert files.digest == manifest.content_digest({name: files.artifact.manifest.files[name] for name in files.names})


def test_hidden_files_are_nobodys(root: Path) -> None:
    """What a volume or a desktop leaves, and no library opens, refuses nothing."""
    left = root / BASE / ".nfs0000000000000001"
    left.touch()
    model_files(root / BASE).verify()
    left.unlink()


def test_a_model_of_no_artifact_is_not_opened(tmp_path: Path) -> None:
    """A directory that no manifest vouches for is named, and so is one of which its manifest knows nothing."""
    (tmp_path / "checkpoints/c/model").mkdir(parents=True)
    with pytest.raises(JobError, match="not complete"):
        model_files(tmp_path / "checkpoints/c/model")
    with artifacts.Output(path=tmp_path / "checkpoints/c", stage="train", name="train", key="e" * 64).claim() as draft:
        draft.finish(EMPTY)
    with pytest.raises(BadInput, match="lists no file"):
        model_files(tmp_path / "checkpoints/c/model").verify()
