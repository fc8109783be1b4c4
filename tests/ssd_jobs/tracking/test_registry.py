"""Laws of the registry: one version per candidate, and an alias that only the gate or a person moves."""

import json
from pathlib import Path
from typing import Any

import mlflow
import pytest

from configs.report import promotion_of
from ssd_jobs import tracking
from ssd_jobs.errors import BadInput, Temporary
from ssd_jobs.models.model_files import exported_digest
from ssd_jobs.tracking import Candidate, Recorded, Registered, flavor, runs, weights
from tracking import mlflow_server
from workspaces import reported


class Registry:
    """A registered model of its own, and candidates for it."""

    def __init__(self, uri: str, root: Path) -> None:
        self.tracking = mlflow_server.tracking(uri)
        self.client = tracking.connect(uri)
        self.root = root
        self.description = "# Held\n\n* why"
        self.sent: list[tuple[int, int]] = []
        experiment = runs.experiment(self.client, self.tracking)
        self.where = Recorded(experiment, runs.parent_run(self.client, self.tracking, experiment), "")
        self.name = promotion_of(self.tracking.experiment).registered_model
        reported.stand_in(root / "model")

    def register(self, digest: str, *, promote: bool, replacing: str | None = None, **changes: Any) -> Registered:
        """Register a candidate."""
        promotion = promotion_of(self.tracking.experiment, **changes)
        found = Candidate(
            directory=self.root / "model",
            path="checkpoints/x/model",
            digest=digest,
            tags={"a": digest},
            description=self.description,
            sent=lambda done, total: self.sent.append((done, total)),
        )
        return tracking.register(
            self.tracking, promotion, found, where=self.where, promote=promote, replacing=replacing, client=self.client
        )

    def aliases(self) -> dict[str, str]:
        """Return alias -> version."""
        model = self.client.get_registered_model(self.name)
        return {alias: str(version) for alias, version in model.aliases.items()}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A local database."""
    return f"sqlite:///{tmp_path_factory.mktemp('db')}/mlflow.db"


@pytest.fixture(params=["server", "sqlite"])
def registry(request: pytest.FixtureRequest, mlflow_server: str, database: str, tmp_path: Path) -> Registry:
    """The same laws hold on a server and on a local database."""
    uri = mlflow_server if request.param == "server" else database
    return Registry(uri, tmp_path)


def test_versions_and_aliases(registry: Registry) -> None:
    """Same digest, same version; promotion moves the alias and remembers; a held one is challenger; rollback."""
    assert registry.register("d1", promote=True) == Registered("1", "")
    done, totals = zip(*registry.sent, strict=True)
    assert list(done) == sorted(done)
    assert {done[-1]} == set(totals), "how many of how many bytes are sent was told to the last"
    assert registry.aliases() == {"champion": "1"}
    assert registry.register("d1", promote=True) == Registered("1", "")
    assert registry.register("d2", promote=False) == Registered("2", "")
    assert registry.aliases() == {"champion": "1", "challenger": "2"}
    assert registry.register("d2", promote=True) == Registered("2", "1")
    assert registry.aliases() == {"champion": "2"}
    assert registry.register("d2", promote=False) == Registered("2", ""), "a champion is never demoted to challenger"
    assert registry.aliases() == {"champion": "2"}
    assert registry.register("d3", promote=True) == Registered("3", "2")
    uri, name = registry.tracking.uri, registry.name
    assert tracking.roll_back(uri, name, "champion", client=registry.client) == ("3", "2")
    assert tracking.roll_back(uri, name, "champion", client=registry.client) == ("2", "1")
    with pytest.raises(BadInput, match="version 1: replaced no champion"):
        tracking.roll_back(uri, name, "champion", client=registry.client)
    forced = tracking.force(uri, name, "3", "champion", "measured by hand", client=registry.client)
    assert forced == Registered("3", "1")
    assert registry.client.get_model_version(name, "3").tags["ssd.override"] == "measured by hand"


def test_a_candidate_replaces_only_whom_it_was_compared_with(registry: Registry) -> None:
    """A champion that came meanwhile stays, and the report must be made again; what was promoted stays promoted."""
    assert registry.register("d1", promote=True, replacing="") == Registered("1", "")
    with pytest.raises(Temporary, match="version 1 is champion by now, and version 2 was not compared with it"):
        registry.register("d2", promote=True, replacing="")
    assert registry.aliases() == {"champion": "1"}
    assert registry.register("d2", promote=True, replacing="1") == Registered("2", "1")
    assert registry.register("d2", promote=True, replacing="1") == Registered("2", "1")
    assert registry.aliases() == {"champion": "2"}


def test_weights_may_stay_outside(registry: Registry, tmp_path: Path) -> None:
    """Without upload the version's source names claim and path, and a download says where the weights are."""
    registry.register("d1", promote=True, upload_weights=False, claim="experiments")
    version = registry.client.get_model_version(registry.name, "1")
    assert version.source == "ssd-pvc://experiments/checkpoints/x/model"
    assert (version.tags["weights"], version.tags[weights.DIGEST]) == ("external", "d1")
    with pytest.raises(BadInput, match="not in MLflow but at checkpoints/x/model on the claim experiments"):
        tracking.download_model(f"models:/{registry.name}@champion", tmp_path / "target", registry.tracking.uri)


def test_a_registered_version_comes_back_as_the_directory_that_was_exported(registry: Registry, tmp_path: Path) -> None:
    """download_model returns the exported files, nothing that MLflow added, and the digest that was registered."""
    digest = exported_digest(registry.root / "model")
    registry.register(digest, promote=True)
    target = tmp_path / "target"
    found = tracking.download_model(f"models:/{registry.name}@champion", target, registry.tracking.uri)
    assert (found["version"], found["digest"]) == ("1", digest)
    exported = {path.name: path.read_bytes() for path in (registry.root / "model").iterdir()}
    assert {path.name: path.read_bytes() for path in target.iterdir()} == exported


@pytest.mark.parametrize("uri", ["models:/{name}@nobody", "models:/{name}/9", "models:/nothing/1"])
def test_an_address_that_means_nothing_is_an_error(registry: Registry, tmp_path: Path, uri: str) -> None:
    """An unknown name, alias or version is one sentence."""
    registry.register("d1", promote=True)
    with pytest.raises(BadInput, match="is not in MLflow; check name, alias and version"):
        tracking.download_model(uri.format(name=registry.name), tmp_path / "target", registry.tracking.uri)


def test_a_versions_page_says_what_it_is_and_how_it_is_served(registry: Registry) -> None:
    """The result and a command stand in its description; it is written again where it changed, and never too long."""
    registry.register("d1", promote=False)
    described = registry.client.get_model_version(registry.name, "1").description
    assert described.startswith("# Held\n\n* why\n\n**Serve it:**")
    assert f"models:/{registry.name}/1 " in described
    registry.description = "x" * 9000
    registry.register("d1", promote=False)
    described = registry.client.get_model_version(registry.name, "1").description
    assert described.startswith("xxx")
    assert "vllm serve DIR" in described
    registry.register("d2", promote=False, upload_weights=False, claim="experiments")
    described = registry.client.get_model_version(registry.name, "2").description
    assert "claim experiments" in described
    assert "vllm serve DIR/checkpoints/x/model" in described


def test_a_version_says_what_it_takes_and_what_it_may_be_asked(registry: Registry) -> None:
    """MLflow finds a signature, text in and text out, and reads the example that fits it."""
    registry.register("d1", promote=True)
    place = f"models:/{registry.name}/1"
    folder = mlflow.artifacts.download_artifacts(place, tracking_uri=registry.tracking.uri)
    model = mlflow.models.Model.load(folder)
    assert [each.type.name for each in model.signature.inputs] == ["string"]
    example = model.load_input_example(folder)
    assert example == flavor.EXAMPLE
    assert json.loads(model.get_serving_input(folder)) == {"inputs": example}


def test_the_experiment_opens_as_the_training_of_a_model(registry: Registry) -> None:
    """Its kind is set when it is made, and where an older one has none; another one that somebody chose stays."""
    client, experiment = registry.client, registry.where.experiment_id
    assert client.get_experiment(experiment).tags[runs.KIND[0]] == runs.KIND[1]
    client.set_experiment_tag(experiment, runs.KIND[0], "regression")
    assert runs.experiment(client, registry.tracking) == experiment
    assert client.get_experiment(experiment).tags[runs.KIND[0]] == "regression"
    client.delete_experiment_tag(experiment, runs.KIND[0])
    runs.experiment(client, registry.tracking)
    assert client.get_experiment(experiment).tags[runs.KIND[0]] == runs.KIND[1]
