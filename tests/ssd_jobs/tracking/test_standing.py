"""Laws of a look: it is counted once, before anything is judged, and finds the champion with its scores."""

import hashlib
import multiprocessing
from typing import Any

import pytest

from configs.report import promotion_of
from ssd_jobs import contract, tracking
from ssd_jobs.tracking import SCORECARD, Champion, Standing, runs, weights
from ssd_jobs.tracking.standing import PREVIOUS
from tracking import mlflow_server

SCORES = '{"format": 1, "benchmarks": []}'


class Registry:
    """A registered model of its own."""

    def __init__(self, uri: str) -> None:
        self.tracking = mlflow_server.tracking(uri)
        self.client = tracking.connect(uri)
        self.promotion = promotion_of(self.tracking.experiment)
        self.name = self.promotion.registered_model

    def look(self, digest: str, *, window: str = "7e57") -> Standing:
        """Look at a candidate."""
        return tracking.look(self.tracking, self.promotion, window=window, digest=digest, client=self.client)

    def version(self, digest: str, **tags: str) -> str:
        """Register a champion with scores; return its number."""
        name = f"scorecards/{hashlib.sha256(SCORES.encode()).hexdigest()}.json"
        experiment = runs.experiment(self.client, self.tracking)
        run_id = runs.parent_run(self.client, self.tracking, experiment)
        self.client.log_text(run_id, SCORES, name)
        labels = {weights.DIGEST: digest, SCORECARD: f"runs:/{run_id}/{name}", **tags}
        source = weights.external_source("c", "model")
        made = self.client.create_model_version(self.name, source=source, tags=labels, await_creation_for=0)
        self.client.set_registered_model_alias(self.name, self.promotion.alias, made.version)
        return str(made.version)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A local database."""
    return f"sqlite:///{tmp_path_factory.mktemp('db')}/mlflow.db"


@pytest.fixture(params=["server", "sqlite"])
def registry(request: pytest.FixtureRequest, mlflow_server: str, database: str) -> Registry:
    """The same laws hold on a server and on a local database."""
    return Registry(mlflow_server if request.param == "server" else database)


def test_a_candidate_is_one_look_at_a_window(registry: Registry) -> None:
    """Candidates are numbered at each window; looking again at one is no look, whatever came between."""
    assert registry.look("d1") == Standing(1, None)
    assert [registry.look(digest).look for digest in ("d2", "d3", "d1", "d2")] == [2, 3, 1, 2]
    assert registry.look("d2", window="0f0f").look == 1, "another window is looked at for the first time"


def count(uri: str, model: str, digest: str) -> int:
    """Look from a process of its own."""
    tracked = contract.Tracking(uri=uri, experiment=model, run_key=digest, run_name=digest)
    client = tracking.connect(uri)
    return tracking.look(tracked, promotion_of(model), window="7e57", digest=digest, client=client).look


@pytest.mark.endurance
def test_looks_at_the_same_moment_have_different_numbers(registry: Registry) -> None:
    """Twenty candidates from four processes are the looks 1 to 20."""
    wanted = [(registry.tracking.uri, registry.tracking.experiment, f"d{number}") for number in range(20)]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert sorted(pool.starmap(count, wanted)) == list(range(1, 21))


def test_the_champion_comes_with_the_scores_it_was_registered_with(registry: Registry) -> None:
    """A candidate is compared with the champion, the champion itself with the one before, and the first with none."""
    registry.look("d1")
    first = registry.version("d1")
    assert registry.look("d1").champion is None
    assert registry.look("d2").champion == Champion(first, SCORES, "")
    registry.version("d2", **{PREVIOUS: first})
    assert registry.look("d2").champion == Champion(first, SCORES, "")
    registry.client.delete_model_version(registry.name, first)
    assert registry.look("d2").champion is None


@pytest.mark.parametrize(
    ("place", "trouble"),
    [
        ("", "was registered without its scores"),
        ("anything", "was registered without its scores"),
        ("runs:/{run}/scorecards/{other}.json", "has lost its scores ({place} is gone)"),
        ("runs:/{other}/scorecards/{digest}.json", "has lost its scores ({place} is gone)"),
        ("runs:/{run}/changed/{digest}.json", "has other scores than it was registered with ({place})"),
    ],
    ids=["none", "no place", "no file", "no run", "changed"],
)  # fmt: skip
def test_scores_that_are_not_those_are_not_used(registry: Registry, place: str, trouble: str) -> None:
    """A version from before, a lost file, a lost run and a changed file are each said as what they are."""
    registry.look("d1")
    number = registry.version("d1")
    run_id = registry.client.get_model_version(registry.name, number).tags[SCORECARD].split("/")[1]
    words: dict[str, Any] = {"run": run_id, "other": "0" * 64, "digest": hashlib.sha256(SCORES.encode()).hexdigest()}
    registry.client.log_text(run_id, "{}", f"changed/{words['digest']}.json")
    written = place.format(**words)
    registry.client.set_model_version_tag(registry.name, number, SCORECARD, written)
    assert registry.look("d2").champion == Champion(number, "", trouble.format(place=written))
