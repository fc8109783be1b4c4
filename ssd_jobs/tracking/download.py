"""From the registry back to a directory: a second round of self-distillation starts from a registered version."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ssd_jobs.artifacts import atomic
from ssd_jobs.contract import files
from ssd_jobs.errors import BadInput
from ssd_jobs.models.model_files import exported_digest
from ssd_jobs.tracking import flavor, server, weights

__all__ = ["Downloaded", "download_model"]

EXTRAS = (
    flavor.DESCRIPTION,
    "registered_model_meta",
    flavor.COMPONENTS,
    *flavor.EXAMPLES,
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
)


class Downloaded(dict[str, str]):
    """What was found: `name`, `version`, `source`, and `digest` when we registered it."""


def download_model(uri: str, target: Path, tracking_uri: str) -> Downloaded:
    """Fetch `models:/NAME@ALIAS` or `models:/NAME/VERSION` as a Hugging Face directory; return what it was."""
    client = server.connect(tracking_uri)
    with server.reaching(tracking_uri):
        version = _resolve(client, uri)
        outside = weights.parse_external(version.source)
        if outside is not None:
            claim, path = outside
            raise BadInput(
                f"{uri}: the weights of version {version.version} are not in MLflow but at {path} on the claim "
                f"{claim}; use model.source.path on that claim"
            )
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=atomic.TEMPORARY) as scratch:
            _download(f"models:/{version.name}/{version.version}", Path(scratch))
            _move(_weights_directory(Path(scratch), uri), target)
    registered = version.tags.get(weights.DIGEST, "")
    if registered and exported_digest(target) != registered:
        raise BadInput(
            f"{uri}: the files that MLflow holds of version {version.version} are not those that were registered "
            f"({weights.DIGEST} {registered[:12]}); register it again, or name another version"
        )
    return Downloaded(
        name=version.name,
        version=str(version.version),
        source=version.source,
        digest=registered,
    )


def _resolve(client: Any, uri: str) -> Any:
    """Return the version that the address means now."""
    from mlflow.exceptions import MlflowException

    name, at, alias = uri.removeprefix("models:/").partition("@")
    try:
        if at:
            return server.verified(client.get_model_version_by_alias(name, alias))
        name, _, version = name.rpartition("/")
        return server.verified(client.get_model_version(name, version))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise BadInput(f"model.source.registry: {uri} is not in MLflow; check name, alias and version") from error
        raise


def _download(uri: str, scratch: Path) -> None:
    """Fetch all files of a version."""
    import mlflow

    mlflow.artifacts.download_artifacts(uri, dst_path=str(scratch))


def _weights_directory(root: Path, uri: str) -> Path:
    """Return the Hugging Face directory inside an MLflow model."""
    try:
        description = yaml.safe_load((root / flavor.DESCRIPTION).read_text(encoding="utf-8"))
        inside = description["flavors"]["transformers"]["model_binary"]
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        raise BadInput(f"{uri}: is no model of MLflow's transformers flavor; register one that is") from None
    found = (root / str(inside)).resolve()
    if root.resolve() not in (found, *found.parents) or not (found / files.MODEL_CONFIG).is_file():
        raise BadInput(f"{uri}: has no {files.MODEL_CONFIG} where its MLmodel says; register it again")
    return found


def _move(found: Path, target: Path) -> None:
    """Move the model's own files to the target, without what MLflow added; a tokenizer beside the weights comes too."""
    target.mkdir(parents=True, exist_ok=True)
    tokenizer = found.parent / flavor.TOKENIZER_COPY
    extra = sorted(tokenizer.iterdir()) if tokenizer.is_dir() else []
    for path in [*extra, *sorted(found.iterdir())]:
        if path.name not in EXTRAS:
            shutil.move(str(path), target / path.name)
