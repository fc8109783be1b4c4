"""The config of `select`, and the file that it leaves: the decode setting at which an arm is compared.

The stage reads verdicts on select problems and nothing else: its config holds no path to a verdict that a report
compares, so no choice can follow from one.
"""

from typing import Annotated, Literal

from pydantic import Field

from ssd_jobs.contract.base import ArtifactPath, Model, Name
from ssd_jobs.contract.config import Arm, Config, Decode, StageExecution

__all__ = ["Choice", "SelectConfig", "SelectScience", "SelectSetting", "Tried"]


class SelectScience(Model):
    """What decides the choice besides the verdicts."""

    k: Annotated[int, Field(ge=1)]
    """The setting with the highest pass@k is chosen."""
    samples_per_problem: Annotated[int, Field(ge=1)]


class SelectSetting(Model):
    """One of the settings to choose from, with the verdicts on it."""

    name: Name
    decode: Decode
    verdicts: ArtifactPath


class SelectConfig(Config):
    """Choose one arm's decode setting by its verdicts on select problems."""

    stage: Literal["select"]
    arm: Arm
    benchmark: Name
    """The benchmark that the choice is for."""
    select_benchmark: Name
    """The benchmark whose problems it is made on: the same one, or another."""
    science: SelectScience
    settings: Annotated[tuple[SelectSetting, ...], Field(min_length=1)]
    output: ArtifactPath
    execution: StageExecution


class Tried(Model):
    """What one setting scored on the select problems."""

    name: Name
    decode: Decode
    value: float


class Choice(Model):
    """The choice, as it is written: whoever generates, grades or reports at the chosen setting reads its name here."""

    arm: Arm
    chosen: Name
    benchmark: Name
    """The benchmark on whose problems it was chosen."""
    problems: int
    k: int
    tried: tuple[Tried, ...]
    """Every setting, in the order of the config."""
