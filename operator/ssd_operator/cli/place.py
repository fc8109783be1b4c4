"""Finding an experiment that ran: by its file, or by the directory it ran in."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ssd_operator.cli import document
from ssd_operator.errors import InvalidInput
from ssd_operator.local import workdir
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.spec import patterns, scalars
from ssd_operator.spec.resolved import ResolvedSpec

__all__ = [
    "DEFAULT_WAIT",
    "DEFAULT_WORKDIR",
    "FileArgument",
    "FoundExperiment",
    "NameOption",
    "PlaceArgument",
    "WorkdirOption",
    "checked_duration",
    "checked_uri",
    "find",
]

DEFAULT_WORKDIR = Path("work")
DEFAULT_WAIT = "5m"
"""How long a run waits, in all, for what is away."""
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file with one SelfDistillation.")]
PlaceArgument = Annotated[
    Path, typer.Argument(metavar="FILE|DIR", help="The experiment's file, or the directory in which it ran.")
]
WorkdirOption = Annotated[
    Path, typer.Option("--workdir", metavar="DIR", help="Where everything is kept, by several experiments if you like.")
]
NameOption = Annotated[str, typer.Option("--name", help="Which experiment, when a DIR holds several.")]


@dataclass(frozen=True)
class FoundExperiment:
    """What was found: a name, its complete spec, and the directory it runs in."""

    name: str
    spec: ResolvedSpec
    directory: Path

    def experiment(self, *, tracking_uri: str = "") -> LocalExperiment:
        """Return it as an experiment that can be looked at and run."""
        return LocalExperiment(self.name, self.spec, self.directory, tracking_uri=tracking_uri)


def find(place: Path, directory: Path, name: str = "") -> FoundExperiment:
    """Return the experiment that a person means, or say what to name instead."""
    if not place.is_dir():
        found = FoundExperiment(*document.read(place), directory)
        if name not in ("", found.name):
            raise InvalidInput(f"--name {name}: {place} is the file of {found.name}; name its directory to choose")
        return found
    names = workdir.names(place)
    if not names:
        raise InvalidInput(f"{place}: no experiment was run here; start one with: ssd run FILE --workdir {place}")
    if not name and len(names) > 1:
        raise InvalidInput(f"{place}: holds {', '.join(names)}; choose one with --name")
    if name and name not in names:
        raise InvalidInput(f"--name {name}: {place} holds {', '.join(names)}")
    source = workdir.Workdir(place, name or names[0]).source_file
    return FoundExperiment(*document.read(source), place)


def checked_duration(text: str, option: str) -> float:
    """Return a duration's seconds, which may be 0s, or refuse what is none."""
    if text != "0s" and not re.fullmatch(patterns.DURATION, text):
        raise InvalidInput(f"{option} {text}: not a duration; write hours, minutes and seconds, such as 5m or 1h30m")
    return float(scalars.seconds(text))


def checked_uri(mlflow: str) -> str:
    """Return the address of an MLflow server; without this a typing error would be found after hours."""
    if "@" in mlflow:
        raise InvalidInput("--mlflow: holds credentials, which would be written to disk; set MLFLOW_TRACKING_USERNAME")
    if mlflow and ":" not in mlflow and mlflow != "databricks":
        raise InvalidInput(f"--mlflow {mlflow}: is no address; write http://HOST:PORT or sqlite:////PATH/mlflow.db")
    return mlflow
