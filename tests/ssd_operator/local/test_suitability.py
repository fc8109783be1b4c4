"""A model that cannot do what the spec asks is refused before prepare, wherever its config is on this machine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ssd_jobs import contract
from ssd_jobs.contract import demands, estimates, files
from ssd_operator.cli import app, document
from ssd_operator.errors import InvalidSpec
from ssd_operator.local import suitability
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph

TOY = Path(__file__).parents[3] / "examples/toy/selfdistill.yaml"
SETTINGS: dict[str, Any] = {"model_type": "qwen3", "max_position_embeddings": 64, "num_experts": 8}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
Place = Callable[[Path, Path], dict[str, Any]]
"""Writes the config somewhere below a workspace or a cache, and returns the source that the spec names."""


def _path(workspace: Path, _cache: Path) -> dict[str, Any]:
    _write(workspace / "own/model", SETTINGS)
    return {"path": "own/model"}


def _branch(_workspace: Path, cache: Path) -> dict[str, Any]:
    _write(cache / "models--org--model/snapshots" / COMMIT, SETTINGS)
    (cache / "models--org--model/refs").mkdir()
    (cache / "models--org--model/refs/main").write_text(COMMIT)
    return {"huggingFace": {"repo": "org/model", "revision": "main"}}


def _commit(_workspace: Path, cache: Path) -> dict[str, Any]:
    _write(cache / "models--org--model/snapshots" / COMMIT, SETTINGS)
    return {"huggingFace": {"repo": "org/model", "revision": COMMIT}}


PLACES: dict[str, Place] = {"path": _path, "branch": _branch, "commit": _commit}


def _write(directory: Path, settings: object) -> None:
    directory.mkdir(parents=True)
    (directory / files.MODEL_CONFIG).write_text(json.dumps(settings))


def _document(source: dict[str, Any]) -> dict[str, Any]:
    """Return the toy experiment on another model, with adapters beside every linear layer."""
    written: dict[str, Any] = yaml.safe_load(TOY.read_text())
    written["spec"]["model"] = {"source": source}
    written["spec"]["training"] = {**written["spec"].get("training", {}), "lora": {"rank": 8}}
    return written


def _graph(workspace: Path, source: dict[str, Any]) -> Graph:
    """Plan the experiment."""
    name, spec = document.understood(yaml.safe_dump(_document(source)), origin="x.yaml")
    return LocalExperiment(name, spec, workspace, tracking_uri="").graph(RunState(name, ""))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache of the hub's library."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("place", PLACES)
def test_every_demand_that_cannot_be_met_is_named(tmp_path: Path, cache: Path, place: str) -> None:
    """All of them at once, in the words in which prepare says the first one."""
    graph = _graph(tmp_path, PLACES[place](tmp_path, cache))
    (config,) = (node.config for node in graph if isinstance(node.config, contract.PrepareConfig))
    due = list(demands.refusals(SETTINGS, config.demands, config.execution.gpus))
    assert [sentence.split(":")[0] for sentence in due] == [
        "sampling.maxSequenceTokens",
        "evaluation.benchmarks[toy].maxSequenceTokens",
        "training.lora.targets",
    ]
    with pytest.raises(InvalidSpec) as caught:
        suitability.check(graph, tmp_path)
    assert {problem.message for problem in caught.value.problems} == set(due)


def test_what_prepare_made_comes_first(tmp_path: Path) -> None:
    """A source that has changed since is not what later stages use."""
    graph = _graph(tmp_path, _path(tmp_path, tmp_path))
    (config,) = (node.config for node in graph if isinstance(node.config, contract.PrepareConfig))
    _write(tmp_path / config.model.output, {"model_type": "qwen3", "max_position_embeddings": 512})
    (tmp_path / config.model.output / files.MANIFEST).write_text("{}")
    suitability.check(graph, tmp_path)


@pytest.mark.parametrize("content", [None, "", "[]", "{", "\udcff"])
def test_what_cannot_be_read_is_left_to_prepare(tmp_path: Path, content: str | None) -> None:
    """No config, or none that is one, is no reason to end here: prepare says what is wrong with it."""
    if content is not None:
        (tmp_path / "own/model").mkdir(parents=True)
        (tmp_path / "own/model" / files.MODEL_CONFIG).write_bytes(content.encode(errors="surrogateescape"))
    suitability.check(_graph(tmp_path, {"path": "own/model"}), tmp_path)


def test_what_a_model_needs_is_told_where_its_config_is(tmp_path: Path) -> None:
    """With the config on this machine parameters, memory and disk are told, before prepare that they are unknown."""
    graph = _graph(tmp_path, {"path": "own/model"})
    assert suitability.needs(graph, tmp_path) == [estimates.UNKNOWN]
    sizes = {"num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 100, "num_attention_heads": 4}
    _write(tmp_path / "own/model", {"model_type": "qwen3", "intermediate_size": 128, "head_dim": 16, **sizes})
    told = suitability.needs(graph, tmp_path)
    assert told[0] == "model: 95,104 parameters, 2 layers, vocabulary 100 (qwen3)"
    assert [sentence.split(":")[0] for sentence in told] == ["model", "train", "disk"]


@pytest.mark.parametrize("command", ["plan", "run"])
def test_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Both commands end with 64 and the sentence, and leave nothing behind."""
    workspace = tmp_path / "work"
    file = tmp_path / "x.yaml"
    file.write_text(yaml.safe_dump(_document(_path(workspace, tmp_path))))
    monkeypatch.setattr("sys.argv", ["ssd", command, str(file), "--workdir", str(workspace)])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "sampling.maxSequenceTokens: 160 is more than the model's 64 positions; lower it" in said
    assert [path.name for path in workspace.iterdir()] == ["own"]
