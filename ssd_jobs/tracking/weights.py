"""Where a registered version's weights are: in MLflow, or on the claim where training left them.

An upload that was interrupted goes on where it stopped: the model is found by digest, and only files that are not
there in full are sent. MLflow refuses a plain path as a source, and its check decodes `+` into a blank, so that no
scheme with a plus passes (3.17): weights that stay outside are `ssd-pvc://CLAIM/PATH`.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ssd_jobs.artifacts.counting import Counted, piecewise
from ssd_jobs.tracking import flavor, runs

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["DIGEST", "EXTERNAL", "external_source", "parse_external", "upload"]

DIGEST = "ssd.digest"
EXTERNAL = "ssd-pvc"


def external_source(claim: str, path: str) -> str:
    """Return the source of a version whose weights stay on a claim, or on one machine's disk."""
    return f"{EXTERNAL}://{claim or 'local'}/{path.strip('/')}"


def parse_external(source: str) -> tuple[str, str] | None:
    """Return claim and path of such a source, or None for any other."""
    scheme, _, rest = source.partition("://")
    if scheme != EXTERNAL:
        return None
    claim, _, path = rest.partition("/")
    return claim, path


def upload(
    client: "MlflowClient",
    *,
    experiment_id: str,
    run_id: str,
    name: str,
    digest: str,
    directory: Path,
    tags: Mapping[str, str],
    sent: Counted,
) -> str:
    """Return the id of the logged model that holds these weights, sent when they are not there."""
    filter_string = f"tags.`{DIGEST}` = {runs.quoted(digest)}"
    found = sorted(client.search_logged_models([experiment_id], filter_string), key=lambda model: model.model_id)
    model = (
        found[0]
        if found
        else client.create_logged_model(experiment_id, name=name, source_run_id=run_id, tags={**tags, DIGEST: digest})
    )
    if str(model.status) != "READY":
        _send(client, model.model_id, directory, sent)
        with tempfile.TemporaryDirectory() as scratch:
            description = Path(scratch, flavor.DESCRIPTION)
            description.write_text(
                flavor.describe(name=name, model_id=model.model_id, run_id=run_id, labels={DIGEST: digest}),
                encoding="utf-8",
            )
            client.log_model_artifact(model.model_id, str(description))
            for file, example in flavor.EXAMPLES.items():
                Path(scratch, file).write_text(json.dumps(example), encoding="utf-8")
                client.log_model_artifact(model.model_id, str(Path(scratch, file)))
        client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def _send(client: "MlflowClient", model_id: str, directory: Path, sent: Counted) -> None:
    """Send the files that are not there in full."""
    wanted = flavor.uploads(directory)
    there: dict[str, int] = {}
    for folder in {each.folder for each in wanted}:
        listed = client.list_logged_model_artifacts(model_id, folder)
        there |= {info.path: info.file_size for info in listed if not info.is_dir}
    sizes = [each.source.stat().st_size for each in wanted]
    one_is_sent = piecewise(sizes, sent)
    for each, size in zip(wanted, sizes, strict=True):
        if there.get(each.target) != size:
            client.log_model_artifact(model_id, str(each.source), each.folder)
        one_is_sent()
