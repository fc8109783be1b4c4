"""A round starts from what a training of the same workspace exported, by its digest, and on problems of its own."""

import shutil
from pathlib import Path

import pytest

from configs.parts import key
from configs.prepare import prepare_config
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.toy import base_model
from workspaces.sampling import context

TRAINED = "checkpoints/trained"


def trained(root: Path) -> str:
    """Leave the toy as a training's export, and return the digest of the artifact."""
    output = artifacts.Output(path=root / TRAINED, stage="train", name="train", key=key("7"))
    with output.claim() as draft:
        shutil.copytree(base_model.directory(), draft.path / files.EXPORT)
        done = draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image=""))
    return done.digest


def source(digest: str) -> contract.ExportedModel:
    """Name the export with this digest."""
    return contract.ExportedModel(kind="export", path=TRAINED, digest=digest)


def test_an_export_is_the_next_base(tmp_path: Path) -> None:
    """Prepare copies it file by file, and records which one it was."""
    digest = trained(tmp_path)
    prepare.run(prepare_config(tmp_path, model=source(digest), limit=3), context(tmp_path))
    base = artifacts.open_artifact(tmp_path / "models/base")
    assert base.manifest.facts["export_digest"] == digest
    for name in base.manifest.files:
        assert (base.path / name).read_bytes() == (base_model.directory() / name).read_bytes()


def test_another_export_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    """A training that was done again since, and weights that were changed since, are no base."""
    digest = trained(tmp_path)
    with pytest.raises(BadInput, match=r"^model\.source\.export: checkpoints/trained has the digest .* trained again"):
        prepare.run(prepare_config(tmp_path, model=source("1" * 64), limit=3), context(tmp_path))
    weights = tmp_path / TRAINED / files.EXPORT / "model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(BadInput, match="differs from its manifest"):
        prepare.run(prepare_config(tmp_path, model=source(digest), limit=3), context(tmp_path))


def kept(root: Path) -> set[str]:
    """Return the problems that prepare chose."""
    table = artifacts.open_artifact(root / "problems/pool").table(files.PROBLEMS, tables.PROBLEMS)
    return set(table["problem_id"].to_pylist())


def test_rounds_take_problems_of_their_own(tmp_path: Path) -> None:
    """What is skipped is what a round before took; a pool that is used up is refused in a sentence."""
    parts = []
    for number in range(3):
        root = tmp_path / str(number)
        root.mkdir()
        prepare.run(prepare_config(root, limit=5, skip=5 * number or None), context(root))
        parts.append(kept(root))
    assert all(len(part) == 5 for part in parts)
    assert len(set.union(*parts)) == 15
    with pytest.raises(BadInput, match=r"^prompts\.skip: after 100,000,000 problems of "):
        prepare.run(prepare_config(tmp_path, limit=5, skip=100_000_000), context(tmp_path))
