"""The base model as a directory of its own: from the hub, a path, a registry, or the package.

Weights are safetensors only; a pickle is never read. Nothing of a repository is taken that a model directory does
not need, and Python files only when the user trusts them.
"""

import json
import os
import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from safetensors import SafetensorError, safe_open

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft
from ssd_jobs.artifacts.counting import Counted, piecewise
from ssd_jobs.contract import Builtin, ExportedModel, HuggingFaceModel, ModelScience, PathModel, RegistryModel, files
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput, first_line
from ssd_jobs.stages.prepare.sources import hub
from ssd_jobs.toy import base_model

__all__ = ["materialize"]

WANTED = (f"*{files.WEIGHTS}", "*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")
CODE = ("*.py",)
SETTINGS = (files.MODEL_CONFIG, files.GENERATION_CONFIG, files.TOKENIZER_CONFIG, files.WEIGHTS_INDEX)
CACHE = ".cache"
"""Where the hub's library remembers what of a file it has."""
UNWANTED = (files.MANIFEST, files.PROGRESS, base_model.DIGESTS, "training_args.json", "*.md")


def materialize(
    science: ModelScience, draft: Draft, *, workspace: Path, offline: bool, tracking_uri: str, fetched: Counted
) -> dict[str, JsonValue]:
    """Copy the model into the draft's directory and return what is known of its source.

    `fetched` hears how many of its bytes are there; of a registry's it is not known how many there are.
    An earlier attempt may have had another source. Only what the hub's library can use again is kept of it.
    """
    patterns = WANTED + (CODE if science.trust_remote_code else ())
    match science.source:
        case HuggingFaceModel() as source:
            facts = _from_hub(source, draft, patterns, fetched, offline=offline)
        case PathModel(path=path):
            facts = _from_path(workspace / path, draft, patterns, fetched)
        case RegistryModel(uri=uri):
            facts = _from_registry(uri, draft, patterns, tracking_uri)
        case ExportedModel() as export:
            facts = _from_export(export, workspace, draft, patterns, fetched)
        case Builtin(name=name):
            facts = _builtin(name, draft, patterns, fetched)
    _check(draft.path)
    return facts


def _from_hub(
    source: HuggingFaceModel, draft: Draft, patterns: tuple[str, ...], fetched: Counted, *, offline: bool
) -> dict[str, JsonValue]:
    """Fetch a snapshot, or link it from the cache."""
    field = "model.source.huggingFace"
    repository = hub.resolve(source.repo, source.revision, kind="model", offline=offline, field=field)
    draft.clear(keep=(CACHE, *repository.files))
    names = [name for name in repository.files if "/" not in name and _is_wanted(name, patterns)]
    if repository.cached is None:
        repository.download(names, draft.path, fetched)
        shutil.rmtree(draft.path / CACHE, ignore_errors=True)
    else:
        for name in names:
            _link((repository.cached / name).resolve(), draft.path / name)
    return {"repo": source.repo, "revision": source.revision, "commit": repository.commit}


def _from_path(path: Path, draft: Draft, patterns: tuple[str, ...], fetched: Counted) -> dict[str, JsonValue]:
    """Copy a directory: its owner may change it later."""
    if not path.is_dir():
        raise BadInput(f"model.source.path: {path} is no directory; give one in Hugging Face layout")
    draft.clear()
    wanted = [file for file in sorted(path.iterdir()) if file.is_file() and _is_wanted(file.name, patterns)]
    one_is_fetched = piecewise((file.stat().st_size for file in wanted), fetched)
    for file in wanted:
        draft.copy(file.name, file)
        one_is_fetched()
    return {"path": str(path)}


def _from_export(
    source: ExportedModel, workspace: Path, draft: Draft, patterns: tuple[str, ...], fetched: Counted
) -> dict[str, JsonValue]:
    """Copy what a training exported, if it is what was asked for, byte for byte."""
    trained = artifacts.open_artifact(workspace / source.path)
    if trained.digest != source.digest:
        raise BadInput(
            f"model.source.export: {source.path} has the digest {trained.digest[:12]}, not {source.digest[:12]}: "
            f"it was trained again since; name the digest that it has now"
        )
    trained.verify([name for name in trained.manifest.files if name.startswith(f"{files.EXPORT}/")])
    _from_path(workspace / files.export(source.path), draft, patterns, fetched)
    return {"export": source.path, "export_digest": source.digest}


def _from_registry(uri: str, draft: Draft, patterns: tuple[str, ...], tracking_uri: str) -> dict[str, JsonValue]:
    """Fetch a registered version."""
    from ssd_jobs import tracking

    draft.clear()
    scratch = draft.path / ".tmp-registry"
    scratch.mkdir()
    found = tracking.download_model(uri, scratch, tracking_uri)
    for file in sorted(scratch.iterdir()):
        if file.is_file() and _is_wanted(file.name, patterns):
            file.rename(draft.path / file.name)
    shutil.rmtree(scratch)
    return {"uri": uri, **found}


def _builtin(name: str, draft: Draft, patterns: tuple[str, ...], fetched: Counted) -> dict[str, JsonValue]:
    """Copy what the package ships."""
    if name not in base_model.SHIPPED:
        shipped = " and ".join(base_model.SHIPPED)
        raise BadInput(f"model.source.builtin: there is no model {brief(repr(name))}; the package ships {shipped}")
    _from_path(base_model.directory(base_model.SHIPPED[name]), draft, patterns, fetched)
    return {"builtin": name}


def _is_wanted(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a file belongs to a model."""
    fits = any(fnmatch(name, pattern) for pattern in patterns)
    return fits and not name.startswith(".") and not any(fnmatch(name, pattern) for pattern in UNWANTED)


def _link(source: Path, target: Path) -> None:
    """Link a file of the cache, whose files are named by content and never change; copy across file systems."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _check(path: Path) -> None:
    """Refuse what no engine could open."""
    if not (path / files.MODEL_CONFIG).is_file():
        raise BadInput(f"model.source: there is no {files.MODEL_CONFIG}; give a model directory in Hugging Face layout")
    settings = {name: _object(path / name) for name in SETTINGS if (path / name).is_file()}
    _check_weights(path, settings.get(files.WEIGHTS_INDEX))
    if not any(
        (path / name).is_file() for name in (files.TOKENIZER, files.TOKENIZER_MODEL, files.TOKENIZER_VOCABULARY)
    ):
        raise BadInput("model.source: there is no tokenizer; give a model directory with its tokenizer")
    for file in path.iterdir():
        if file.is_file():
            file.chmod(0o644)


def _check_weights(path: Path, index: dict[str, Any] | None) -> None:
    """Refuse weights of which a file, or a part of one, is missing."""
    weights = sorted(path.glob(f"*{files.WEIGHTS}"))
    if not weights:
        raise BadInput("model.source: there are no safetensors weights; convert the model, pickles are never read")
    if index is not None:
        places = index.get("weight_map")
        if not isinstance(places, dict):
            raise BadInput(f"model.source: {files.WEIGHTS_INDEX} has no weight_map; get the model again")
        missing = sorted(set(places.values()) - {file.name for file in weights})
        if missing:
            raise BadInput(f"model.source: {missing[0]} is missing, though the index names it; get the model again")
    for file in weights:
        try:
            with safe_open(file, framework="numpy"):
                continue
        except SafetensorError as error:
            raise BadInput(
                f"model.source: {file.name} is no whole file of weights ({first_line(error)}); get it again"
            ) from None


def _object(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file of the model."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"model.source: {file.name} is no JSON ({first_line(error)}); get the model again") from None
    if not isinstance(found, dict):
        raise BadInput(f"model.source: {file.name} holds no JSON object; get the model again")
    return found
