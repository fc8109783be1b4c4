"""A second round of self-distillation starts from a registered version: `models:/NAME@ALIAS` as the base model."""

import json
import shutil
from pathlib import Path

import pytest

from configs.prepare import prepare_config
from configs.report import promotion_of
from ssd_jobs import artifacts, contract, tracking
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.models.model_files import exported_digest
from ssd_jobs.stages.prepare import stage as prepare
from ssd_jobs.toy import base_model
from ssd_jobs.tracking import Candidate, Recorded, runs
from tracking import mlflow_server
from workspaces.sampling import context


def register(uri: str, root: Path) -> tuple[str, str]:
    """Register the toy as a candidate that was promoted, and return its name and its digest."""
    wanted = mlflow_server.tracking(uri)
    client = tracking.connect(uri)
    shutil.copytree(base_model.directory(), root / "exported")
    digest = exported_digest(root / "exported")
    experiment = runs.experiment(client, wanted)
    where = Recorded(experiment, runs.parent_run(client, wanted, experiment), "")
    promotion = promotion_of(wanted.experiment)
    candidate = Candidate(directory=root / "exported", path="checkpoints/x/model", digest=digest, tags={})
    tracking.register(wanted, promotion, candidate, where=where, promote=True, replacing=None, client=client)
    return promotion.registered_model, digest


def test_a_champion_is_the_next_base(mlflow_server: str, tmp_path: Path) -> None:
    """Prepare fetches the version that the alias means, file by file what was exported, and records which it was."""
    name, digest = register(mlflow_server, tmp_path)
    source = contract.RegistryModel(kind="registry", uri=f"models:/{name}@champion")
    prepare.run(prepare_config(tmp_path, model=source, tracking_uri=mlflow_server, limit=3), context(tmp_path))
    base = artifacts.open_artifact(tmp_path / "models/base")
    assert base.manifest.facts["uri"] == source.uri
    assert (base.manifest.facts["version"], base.manifest.facts["digest"]) == ("1", digest)
    for path in base_model.directory().iterdir():
        if path.name in base.manifest.files:
            assert (tmp_path / "models/base" / path.name).read_bytes() == path.read_bytes()
    assert {"config.json", files.TOKENIZER} <= base.manifest.files.keys()
    assert json.loads((tmp_path / f"problems/prepare/{files.PREPARED}").read_text())["counts"]["prompts/kept"] == 3


def test_a_version_with_other_files_is_refused(mlflow_server: str, tmp_path: Path) -> None:
    """One flipped bit of the weights that MLflow holds ends prepare before the model is used."""
    name, _ = register(mlflow_server, tmp_path)
    client = tracking.connect(mlflow_server)
    model = client.get_model_version_by_alias(name, "champion").source.removeprefix("models:/")
    damaged = bytearray((tmp_path / "exported/model.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(damaged)
    client.log_model_artifact(model, str(tmp_path / "model.safetensors"))
    source = contract.RegistryModel(kind="registry", uri=f"models:/{name}@champion")
    words = rf"^models:/{name}@champion: the files that MLflow holds of version 1 are not those that were registered "
    with pytest.raises(BadInput, match=words):
        prepare.run(prepare_config(tmp_path, model=source, tracking_uri=mlflow_server, limit=3), context(tmp_path))
    assert not (tmp_path / f"models/base/{files.MANIFEST}").exists()


def test_an_alias_that_nobody_has_is_bad_input(mlflow_server: str, tmp_path: Path) -> None:
    """The sentence names the field, and nothing is left that looks complete."""
    source = contract.RegistryModel(kind="registry", uri="models:/nothing@champion")
    with pytest.raises(BadInput, match=r"model\.source\.registry: models:/nothing@champion is not in MLflow"):
        prepare.run(prepare_config(tmp_path, model=source, tracking_uri=mlflow_server), context(tmp_path))
    assert not (tmp_path / f"models/base/{files.MANIFEST}").exists()
