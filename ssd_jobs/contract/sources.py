"""Where a model, a problem set and a benchmark come from.

Each source is a tagged union on `kind`. A source is *pinned* when the same text can only ever mean the same
bytes: a commit instead of a branch, something shipped in the package. Pinned sources need no look at the
network before the keys of later stages are known.
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Key, Model

__all__ = [
    "BenchmarkSource",
    "Builtin",
    "Columns",
    "ExportedModel",
    "HuggingFaceModel",
    "HuggingFaceRows",
    "LiveCodeBench",
    "ModelSource",
    "PathModel",
    "PathRows",
    "ProblemSource",
    "RegistryModel",
    "is_asserted",
    "is_pinned",
]

COMMIT = re.compile(r"[0-9a-f]{40}")


class HuggingFaceModel(Model):
    """A repository of the Hugging Face hub; the token, if any, is in the environment."""

    kind: Literal["huggingFace"]
    repo: str
    revision: str


class PathModel(Model):
    """A directory below the workspace, or an absolute path on one machine."""

    kind: Literal["path"]
    path: str


class RegistryModel(Model):
    """A version of an MLflow registry, such as `models:/name@champion`."""

    kind: Literal["registry"]
    uri: str


class ExportedModel(Model):
    """What a training of this workspace exported: its artifact, which must still be what it was."""

    kind: Literal["export"]
    path: ArtifactPath
    digest: Key
    """Of the whole artifact."""


class Builtin(Model):
    """Something that the package ships."""

    kind: Literal["builtin"]
    name: str


ModelSource = Annotated[
    HuggingFaceModel | PathModel | RegistryModel | ExportedModel | Builtin, Field(discriminator="kind")
]


class Columns(Model):
    """Which column of the user's table means what; an empty name means that there is none."""

    id: str
    statement: str
    starter_code: str
    difficulty: str
    tests: str
    sample_inputs: str


class HuggingFaceRows(Model):
    """Rows of a data set on the hub, read as parquet, only the mapped columns."""

    kind: Literal["huggingFace"]
    repo: str
    revision: str
    config: str
    split: str
    columns: Columns


class PathRows(Model):
    """A JSONL or parquet file, or a directory of them, below the workspace or absolute."""

    kind: Literal["path"]
    path: str
    columns: Columns


class LiveCodeBench(Model):
    """A release of LiveCodeBench, cut to a window of contest dates, both ends included."""

    kind: Literal["livecodebench"]
    release: str
    start: str
    end: str
    exclude_errata: bool
    repo: str
    revision: str
    path: str
    """A directory with the release files; empty: read them from the hub."""


ProblemSource = Annotated[HuggingFaceRows | PathRows | Builtin, Field(discriminator="kind")]
BenchmarkSource = Annotated[LiveCodeBench | HuggingFaceRows | PathRows | Builtin, Field(discriminator="kind")]


def is_asserted(source: BenchmarkSource) -> bool:
    """Return whether the tests are a program's assertions, of which some need the reference solution to be run."""
    return isinstance(source, Builtin) and source.name in ("humaneval", "mbpp")


def is_pinned(source: ModelSource | ProblemSource | BenchmarkSource) -> bool:
    """Return whether this source can only ever mean the same bytes."""
    match source:
        case Builtin() | ExportedModel():
            return True
        case LiveCodeBench():
            return not source.path and COMMIT.fullmatch(source.revision) is not None
        case HuggingFaceModel() | HuggingFaceRows():
            return COMMIT.fullmatch(source.revision) is not None
        case _:
            return False
