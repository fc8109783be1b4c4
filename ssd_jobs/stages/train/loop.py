"""The training loop: the same global batch at every step, on any number of ranks and in any packing.

The loss of a step is a sum over all loss tokens of the global batch with weights that add up to 1; ranks and packs
only decide who computes which part. After each step the ranks agree, by one reduction, on the loss, on stopping and
on saving, so that no rank ever does alone what all must do together.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ssd_jobs.contract import TrainConfig, files
from ssd_jobs.errors import BadInput, Terminated
from ssd_jobs.stages.train import batch, collecting, corpus, export, flops, optimizer, packing, schedule
from ssd_jobs.stages.train.budget import PackBudget
from ssd_jobs.stages.train.checkpoint import Checkpoints
from ssd_jobs.stages.train.layout import Pack
from ssd_jobs.stages.train.metrics import TrainingMetrics
from ssd_jobs.stages.train.model import Trainee
from ssd_jobs.stages.train.observer import Observer
from ssd_jobs.stages.train.ranks import Ranks, whole

__all__ = ["Agreed", "TrainState", "Trainer"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Agreed:
    """What all ranks know after a step."""

    loss: float
    stop: bool
    save: bool
    written: bool
    """Every rank has written its part of the pending checkpoint."""


@dataclass(frozen=True)
class TrainState:
    """What a checkpoint holds: weights, optimizer, and what is on record about the training."""

    trainee: Trainee
    optimizer: torch.optim.AdamW
    facts: dict[str, Any]


@dataclass
class Trainer:
    """Takes a training from one step to the last, on this rank."""

    config: TrainConfig
    ranks: Ranks
    corpus: corpus.Corpus
    budget: PackBudget
    state: TrainState
    checkpoints: Checkpoints
    metrics: TrainingMetrics
    observer: Observer
    stop: threading.Event

    def __post_init__(self) -> None:
        self.science, self.execution = self.config.science, self.config.execution
        self.trainee, self.optimizer = self.state.trainee, self.state.optimizer
        self._work = flops.Work(self.trainee)
        self._peak = flops.peak(self.ranks.device)
        self._saved_at = time.monotonic()

    def run(self, start: int) -> None:
        """Train from the step after `start` to the last one; leave with `Terminated` when asked to stop."""
        if start < self.science.steps:
            self._rehearse(start)
        with collecting.only_between_steps():
            agreed, saved = self._steps(start)
        self._settle()
        if agreed.stop and saved < self.science.steps:
            raise Terminated(f"stopped on request after step {saved}; its checkpoint is complete, run again to go on")

    def _steps(self, start: int) -> tuple[Agreed, int]:
        """Do the steps after `start`; return what was agreed on last, and the step of the last checkpoint."""
        saved = start
        agreed = self._agree(torch.zeros((), device=self.ranks.device), start)
        for step in range(start + 1, self.science.steps + 1):
            if agreed.stop:
                break
            agreed = self._timed_step(step)
            if agreed.written:
                self._settle()
            if self._exports(step):
                self._export(step)
            if agreed.save or agreed.stop or step == self.science.steps:
                self._save(step)
                saved = step
            collecting.after_step(step)
        return agreed, saved

    def _rehearse(self, start: int) -> None:
        """Run the largest pack of the run forward and backward on every rank, so that what does not fit shows now."""
        step, pack = max(
            ((step, pack) for step in range(start + 1, self.science.steps + 1) for pack in self._all_packs(step)),
            key=lambda each: self._tokens(*each),
        )
        try:
            same = self._laid_out(step, [[pack]] * self.ranks.world)
            batch.backward(self.trainee, same)
        except torch.OutOfMemoryError:
            raise self.budget.does_not_fit(self._tokens(step, pack)) from None
        self.optimizer.zero_grad(set_to_none=True)

    def _timed_step(self, step: int) -> Agreed:
        """Do one step, measure it, and return what the ranks agree on; refuse a loss that is not finite."""
        begun = time.monotonic()
        packs = self._packs(step)
        waited = time.monotonic() - begun
        loss, norm, rate = self._step(step, packs)
        agreed = self._agree(loss, step)
        if not torch.isfinite(torch.tensor([agreed.loss, norm])).all():
            raise BadInput(
                f"training diverged at step {step}: loss {agreed.loss}, gradient norm {norm}; lower training.lr"
            )
        self._measure(step, time.monotonic() - begun, waited, loss=agreed.loss, grad_norm=norm, learning_rate=rate)
        return agreed

    def _packs(self, step: int) -> list[Pack]:
        """Lay out this rank's part of the step."""
        return self._laid_out(step, self._assigned(step))

    def _assigned(self, step: int) -> list[list[list[int]]]:
        """Return, for every rank, its packs of the step."""
        lengths = [int(length) for length in self.corpus.lengths[list(self.corpus.batches[step - 1])]]
        return packing.assign(lengths, self.ranks.world, self.budget.tokens)

    def _all_packs(self, step: int) -> Iterator[list[int]]:
        """Yield the packs of all ranks."""
        return (pack for packs in self._assigned(step) for pack in packs)

    def _tokens(self, step: int, pack: Sequence[int]) -> int:
        """Return the length of a pack."""
        records = self.corpus.batches[step - 1]
        return int(self.corpus.lengths[[records[position] for position in pack]].sum())

    def _laid_out(self, step: int, assignment: Sequence[Sequence[Sequence[int]]]) -> list[Pack]:
        """Lay out this rank's packs of an assignment."""
        return batch.packs(
            self.corpus,
            self.corpus.batches[step - 1],
            assignment,
            weighting=self.science.loss_weighting,
            ranks=self.ranks,
        )

    def _step(self, step: int, packs: list[Pack]) -> tuple[torch.Tensor, float, float]:
        """Return this rank's part of the loss, the global gradient norm and the learning rate."""
        total = batch.backward(self.trainee, packs)
        norm = self._clip()
        rate = schedule.learning_rate(
            step,
            steps=self.science.steps,
            warmup=self.science.warmup_steps,
            peak=self.science.learning_rate,
            minimum=self.science.min_learning_rate,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total, norm, rate

    def _clip(self) -> float:
        """Clip if asked to, and return the norm before."""
        weights = list(self.trainee.trained_weights().values())
        norm = torch.nn.utils.clip_grad_norm_(weights, self.science.grad_clip or float("inf"))
        return float(whole(norm))

    def _agree(self, loss: torch.Tensor, step: int) -> Agreed:
        """Reduce everything that all ranks must know in one go."""
        due = self.ranks.first and self._due(step)
        flags = [float(self.stop.is_set()), float(due), float(self.checkpoints.ready())]
        vector = torch.cat([loss.double().view(1), torch.tensor(flags, dtype=torch.float64).to(loss.device)])
        dist.all_reduce(vector)
        total, stop, save, written = vector.tolist()
        return Agreed(total, stop > 0, save > 0, written == self.ranks.world)

    def _due(self, step: int) -> bool:
        """Whether a checkpoint is due by step or by time."""
        every, seconds = self.execution.checkpoint_every_steps, self.execution.checkpoint_every_s
        by_step = every > 0 and step > 0 and step % every == 0
        return by_step or (seconds > 0 and time.monotonic() - self._saved_at >= seconds)

    def _exports(self, step: int) -> bool:
        """Whether an intermediate export is due; the last step has the final one."""
        every = self.science.export_every_steps
        wanted = (every > 0 and step % every == 0) or step in (self.science.export_steps or ())
        return wanted and step < self.science.steps

    def _export(self, step: int) -> None:
        """Write the model as it is after a step."""
        workspace = Path(self.config.workspace)
        target = workspace / self.config.output / files.EXPORTS / files.step(step)
        export.write(self.trainee, workspace / self.config.model, target, self.ranks, adapters=self.science.lora)

    def _save(self, step: int) -> None:
        """Begin a checkpoint."""
        self._settle()
        self._saved_at = time.monotonic()
        self.checkpoints.start(step, optimizer.state(self.trainee, self.optimizer), self.state.facts)

    def _settle(self) -> None:
        """Complete the pending checkpoint, and write its metrics."""
        step = self.checkpoints.pending
        if step is None:
            return
        # Metrics first: a resume from this checkpoint finds the metrics of every step before it.
        if self.ranks.first:
            self.metrics.write(through=step)
        self.checkpoints.settle()
        if self.ranks.first:
            self.observer.metrics_durable()

    def _measure(self, step: int, seconds: float, waited: float, **values: float) -> None:
        """Record one step on rank 0."""
        if not self.ranks.first:
            return
        records = list(self.corpus.batches[step - 1])
        lengths = [int(length) for length in self.corpus.lengths[records]]
        loss_tokens = int(self.corpus.loss_lengths[records].sum())
        values |= {
            "tokens_per_s": sum(lengths) / seconds,
            "loss_tokens_per_s": loss_tokens / seconds,
            "data_wait_s": waited,
            "step_s": seconds,
        }
        if self._peak is not None:
            values["mfu"] = self._work.flops(lengths, loss_tokens) / seconds / (self._peak * self.ranks.world)
            values["memory_gb"] = torch.cuda.max_memory_reserved(self.ranks.device) / 1e9
        self.metrics.add(step, values)
        self.observer.step(step, values)
