"""The complete description of one experiment: what the plan reads.

Absence carries meaning in three kinds of places only: an alternative that was not chosen (`source`, `storage`), a
stage that is off (`analysis`), and a registration that is not wanted (`promotion`). Everything else has a value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from ssd_jobs import contract
from ssd_operator.spec.analysis import Analysis
from ssd_operator.spec.base import Section
from ssd_operator.spec.curation import Curation
from ssd_operator.spec.evaluation import Evaluation
from ssd_operator.spec.marks import Execution, Place, Steering
from ssd_operator.spec.model import Model
from ssd_operator.spec.pod import Pod
from ssd_operator.spec.promotion import Promotion
from ssd_operator.spec.prompts import Prompts
from ssd_operator.spec.rounds import Round
from ssd_operator.spec.sampling import Sampling
from ssd_operator.spec.scalars import Duration, LabelValue, Line, OptionalDuration
from ssd_operator.spec.scheduling import Scheduling
from ssd_operator.spec.storage import Storage, Tracking
from ssd_operator.spec.training import Training

__all__ = ["Rerun", "ResolvedSpec"]

KINDS = {row.title: kind for kind, row in contract.STAGES.items()}
if TYPE_CHECKING:
    StageTitle = str
else:
    StageTitle = Literal[("", *KINDS)]


class Rerun(Section):
    """Do it again from here: the nonce enters the key of that stage, and so of everything after it."""

    mark = Steering

    start: Annotated[StageTitle, Field(alias="from")] = ""
    """First stage to do again."""
    nonce: LabelValue = ""
    """Any new value, such as "2"."""

    def added_to(self, earlier: Mapping[str, str]) -> dict[str, str]:
        """Return kind of stage -> last nonce, this one among them: a rerun keeps what an earlier one made."""
        return {**earlier, KINDS[self.start]: self.nonce} if self.start else dict(earlier)


class ResolvedSpec(Section):
    """One self-distillation experiment: which model, which problems, how to sample, train, evaluate and promote."""

    always_written: ClassVar[frozenset[str]] = frozenset({"storage"})
    only_resolved: ClassVar[frozenset[str]] = frozenset({"preset_digest"})

    mode: Annotated[Literal["Run", "Plan"], Steering] = "Run"
    """Run does the work; Plan writes the graph, its keys and the quota check into status and starts nothing."""
    suspend: Annotated[bool, Steering] = False
    """Stop after saving, and free the hardware; false goes on from there."""
    preset: Annotated[Line, Place] = ""
    """Start from the numbers of a published experiment, see `ssd presets`; what is written here overrides them."""
    preset_digest: Annotated[Line, Place] = ""
    """Digest of the preset's file."""
    model: Model
    """The base model and how it is spoken to."""
    prompts: Prompts
    """The problems to sample solutions for."""
    sampling: Sampling
    """How the training samples are drawn from the base model: the paper's T_train and truncation."""
    curation: Curation = Curation()
    """What is dropped between sampling and training."""
    training: Training = Field(default_factory=Training)
    """The fine-tuning run."""
    evaluation: Evaluation
    """The comparison of base and candidate."""
    analysis: Analysis | None = None
    """Lock and fork statistics; {} turns the stage on, absent leaves it off."""
    promotion: Promotion | None = None
    """Registration in the MLflow model registry; {} registers under the resource's name, absent registers nothing."""
    round: Round | None = None
    """Where the run stands in a chain of rounds; a sweep with spec.rounds writes it."""
    tracking: Tracking
    """Where runs are recorded in MLflow."""
    storage: Storage
    """The volume with every artifact."""
    scheduling: Scheduling = Scheduling()
    """How pods get their place."""
    pod: Pod = Pod()
    """Defaults for the pods of all stages."""
    deadline: Annotated[Duration, Execution] = "72h"
    """Longest time from the first Job to the end, suspension not counted."""
    ttl_after_finished: Annotated[OptionalDuration, Execution] = ""
    """Delete the resource so long after its end; empty keeps it."""
    rerun: Rerun = Rerun()
    """Do it again from a stage on."""

    def digest(self) -> str:
        """Return what identifies this description: the hash of its canonical JSON."""
        canonical = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
