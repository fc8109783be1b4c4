"""What the configs of all stages have in common."""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import Key, Model, Name

__all__ = ["Arm", "Config", "Decode", "EngineArgs", "EngineConfig", "GangExecution", "Purpose", "StageExecution"]

Arm = Literal["Base", "Candidate"]
Purpose = Literal["Select", "Report"]
"""What problems are for: decode settings are selected on some, and models compared on the others."""


class StageExecution(Model):
    """How a stage runs; nothing here may change what it produces."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)]
    """Serves progress as Prometheus metrics; 0: no server."""
    image: str
    """The image this config was written for; recorded in the manifest, empty on one machine."""


class GangExecution(StageExecution):
    """How the processes of a gang find each other; who starts the gang again says which attempt that is."""

    nodes: Annotated[int, Field(ge=1)]
    attempt: Annotated[int, Field(ge=1)]
    master_address: str
    master_port: Annotated[int, Field(ge=1, le=65535)]


class Config(Model):
    """The config of one stage of one experiment; each kind of stage has a class of its own."""

    version: Literal[1]
    stage: str
    """Its kind, such as `generate`."""
    name: Name
    """Its name in the graph, such as `generate-base-lcb-v6`."""
    key: Key
    workspace: str
    """The absolute path below which every artifact path is found."""
    execution: StageExecution


class Decode(Model):
    """One complete decoding setting; temperature first, then top-k, then top-p inside the top-k survivors."""

    temperature: Annotated[float, Field(ge=0)]
    """0 is greedy."""
    top_k: Annotated[int, Field(ge=0)]
    """0 keeps every token."""
    top_p: Annotated[float, Field(gt=0, le=1)]
    """1 keeps every token."""


EngineArgs = dict[str, bool | int | float | str]


class EngineConfig(Model):
    """Which engine samples, and what it is told beyond our own settings."""

    name: Literal["VLLM", "Transformers"]
    args: EngineArgs
    """Those that may change what is sampled; the others are execution."""
    trust_remote_code: bool
