"""`ssd gc`: remove the artifacts that no experiment and no registered version names."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ssd_jobs import contract
from ssd_operator.cli import document, worker
from ssd_operator.cli.claim_names import ARTIFACT
from ssd_operator.cli.output import OutputOption, is_json
from ssd_operator.cli.place import checked_uri
from ssd_operator.errors import Busy, InvalidInput
from ssd_operator.lifecycle.stage import ENDED
from ssd_operator.local import workdir
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState
from ssd_operator.local.workdir import Workdir, mlflow_database
from ssd_operator.plan import Graph, named

__all__ = ["register"]

SQLITE = "sqlite:///"
LOCAL = "local"
"""The claim, in the source of a registered version, of weights on one machine."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("gc")(collect)


def collect(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where experiments were run.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove it; without this nothing is changed.")] = False,
    mlflow: Annotated[
        list[str] | None, typer.Option(metavar="URI", help="One more MLflow server that knows weights in DIR.")
    ] = None,
    form: OutputOption = "text",
) -> int:
    """Show what no experiment of DIR and no registered version names, with its size, or remove it."""
    is_json(form)
    names = workdir.names(directory)
    if not names:
        raise InvalidInput(f"{directory}: no experiment was run here, so nothing tells what is to stay")
    place = Workdir(directory, names[0])
    with place.naming():
        found = _names(directory, names, more={checked_uri(uri) for uri in mlflow or ()})
        file = place.root / ".ssd" / ".names.json"
        file.write_text(found.model_dump_json(), encoding="utf-8")
        where = ("--workspace", str(place.root), "--names", str(file), "--form", form)
        return worker.call("ssd_jobs.commands.collect", *where, *(("--remove",) if remove else ()), needs="mlflow")


def _names(directory: Path, names: list[str], *, more: set[str]) -> contract.NamedArtifacts:
    """Return what the experiments of a directory name."""
    whole, results, uris = set[str](), set[str](), set(more)
    for name in names:
        place = Workdir(directory, name)
        experiment = LocalExperiment(*document.read(place.source_file), directory, tracking_uri="")
        state = experiment.recorded() or RunState(name, "")
        graph = experiment.graph(state)
        _check_is_known(graph, name, directory)
        over = named.keeps_results_alone(experiment.spec.storage, over_for_s=_over_for(state, graph, place))
        (results if over else whole).update(named.paths(graph), _recorded(place))
        uris.update(_tracked(place))
    if mlflow_database(directory).exists():
        uris.add(place.tracking_uri)
    return contract.NamedArtifacts(
        named=tuple(sorted(whole)), results_of=tuple(sorted(results)), claim=LOCAL, tracking_uris=tuple(sorted(uris))
    )


def _check_is_known(graph: Graph, name: str, directory: Path) -> None:
    """Refuse while prepare has yet to say what an experiment is about: what it will find here is not known."""
    if any(node.provisional for node in graph):
        raise Busy(
            f"{name}: what it names in {directory} is known once prepare is done; run it that far, or, if it is "
            f"wanted no more, remove {directory / '.ssd' / name}"
        )


def _over_for(state: RunState, graph: Graph, place: Workdir) -> float | None:
    """Return for how long an experiment is over, None while it is not."""
    stages = [state.stages.get(node.name) for node in graph]
    if place.owner() or not all(stage is not None and stage.phase in ENDED for stage in stages):
        return None
    return time.time() - max(stage.finished for stage in stages if stage is not None)


def _recorded(place: Workdir) -> Iterator[str]:
    """Yield the artifacts that the configs of an experiment name: what it did, and what grading it again reads.

    Another version of this program may plan other names for the same experiment.
    """
    for file in (place.private / "configs").glob("*.json"):
        yield from ARTIFACT.findall(file.read_text(encoding="utf-8"))


def _tracked(place: Workdir) -> Iterator[str]:
    """Yield the MLflow servers to which an experiment has reported."""
    for file in (place.private / "configs").glob("*.json"):
        execution = json.loads(file.read_text(encoding="utf-8")).get("execution", {})
        uri = (execution.get("tracking") or {}).get("uri", "")
        if uri and (not uri.startswith(SQLITE) or Path(uri.removeprefix(SQLITE)).exists()):
            yield uri
