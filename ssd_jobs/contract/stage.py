"""What the configs of all stages have in common."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import Key, Model, Name

__all__ = ["Decode", "Engine", "Stage", "StageExecution"]


class StageExecution(Model):
    """How a stage runs; nothing here may change what it produces."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)]
    """Serves progress as Prometheus metrics; 0: no server."""
    image: str
    """The image this config was written for; recorded in the manifest, empty on one machine."""


class Stage(Model):
    """One stage of one experiment."""

    version: Literal[1]
    name: Name
    """Its name in the graph, such as `generate-base-lcb-v6`."""
    key: Key
    workspace: str
    """The absolute path below which every artifact path is found."""


class Decode(Model):
    """One complete decoding setting; temperature first, then top-k, then top-p inside the top-k survivors."""

    temperature: Annotated[float, Field(ge=0)]
    """0 is greedy."""
    top_k: Annotated[int, Field(ge=0)]
    """0 keeps every token."""
    top_p: Annotated[float, Field(gt=0, le=1)]
    """1 keeps every token."""


class Engine(Model):
    """Which engine samples, and what it is told beyond our own settings."""

    name: Literal["VLLM", "Transformers"]
    args: dict[str, bool | int | float | str]
    trust_remote_code: bool
