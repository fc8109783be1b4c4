"""One rank's part of the train stage, from loading to the last export."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from ssd_jobs.artifacts import open_artifact
from ssd_jobs.contract import TrainConfig, files
from ssd_jobs.errors import JobError
from ssd_jobs.models.model_files import model_files
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.train import attention, corpus, export, guard, model, nll, observer, optimizer, verifying
from ssd_jobs.stages.train.budget import PackBudget
from ssd_jobs.stages.train.checkpoint import Checkpoints
from ssd_jobs.stages.train.loop import Trainer, TrainState
from ssd_jobs.stages.train.metrics import TrainingMetrics
from ssd_jobs.stages.train.ranks import Ranks

__all__ = ["Training", "TrainingResult"]


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves for the manifest of its artifact."""

    counts: dict[str, int | float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Training:
    """One training on this rank; its inputs are read and checked when it is made."""

    def __init__(self, config: TrainConfig, ranks: Ranks) -> None:
        workspace = Path(config.workspace)
        self._config, self._science, self._ranks = config, config.science, ranks
        self._base, self._output = workspace / config.model, workspace / config.output
        self._data = corpus.load(
            open_artifact(workspace / config.records),
            steps=self._science.steps,
            global_batch_size=self._science.global_batch_size,
            sequence_length=self._science.sequence_length,
        )
        self._settings = model.ModelSettings.of(config)
        self._budget = PackBudget.of(
            asked=config.execution.pack_tokens,
            longest=int(self._data.lengths.max()),
            sequence_length=self._science.sequence_length,
            directory=self._output / files.CHECKPOINTS,
        )

    def run(self, progress: Progress, stop: threading.Event) -> TrainingResult:
        """Train, resuming from what is there, export, and open the export again."""
        verifying.verify(model_files(self._base), self._ranks, hashed=progress.megabytes("hashed"))
        trainee = model.load(self._base, self._settings, self._ranks)
        start, facts = self._train(trainee, progress, stop)
        records = nll.chosen(self._data, count=16, tokens=2 * self._science.sequence_length)
        trained = self._mean_nll(trainee, records)
        target, written = self._output / files.EXPORT, progress.megabytes("exported")
        export.write(trainee, self._base, target, self._ranks, adapters=self._science.lora, written=written)
        del trainee
        return TrainingResult(self._counts(), facts | self._reload(records, trained) | self._chosen(start))

    def _train(self, trainee: model.Trainee, progress: Progress, stop: threading.Event) -> tuple[int, dict[str, Any]]:
        """Train from the newest checkpoint, or from step 0 after the guard, to the last step."""
        adamw = optimizer.build(trainee, self._science)
        keep = self._config.execution.checkpoint_keep
        checkpoints = Checkpoints(self._output / files.CHECKPOINTS, self._ranks, keep=keep)
        start, facts = self._resume(trainee, adamw, checkpoints)
        with observer.observing(self._config, self._ranks, progress, stop) as watching:
            trainer = Trainer(
                config=self._config,
                ranks=self._ranks,
                corpus=self._data,
                budget=self._budget,
                state=TrainState(trainee, adamw, facts),
                checkpoints=checkpoints,
                metrics=TrainingMetrics(self._output),
                observer=watching,
                stop=stop,
            )
            try:
                trainer.run(start)
            except torch.OutOfMemoryError:
                raise self._budget.ran_out() from None
        return start, facts

    def _resume(
        self, trainee: model.Trainee, adamw: torch.optim.AdamW, checkpoints: Checkpoints
    ) -> tuple[int, dict[str, Any]]:
        """Fill weights and optimizer from the newest checkpoint; return its step, or 0, and what is on record."""
        start, facts = checkpoints.restore(optimizer.state(trainee, adamw))
        optimizer.set_step(adamw, start)
        return start, (facts if start else self._guard(trainee))

    def _guard(self, trainee: model.Trainee) -> dict[str, Any]:
        """Verify by its NLLs that this model is the one that sampled."""
        return guard.check(
            self._data,
            lambda documents: self._score(trainee, documents),
            tolerance=self._science.nll_tolerance,
            vocabulary=trainee.causal_lm.config.vocab_size,
            budget=self._science.sequence_length,
        )

    def _score(self, trainee: model.Trainee, documents: Sequence[nll.Document]) -> npt.NDArray[np.float64]:
        """Return the NLL of documents under the current weights."""
        return nll.nll(trainee, documents, self._ranks, budget=self._budget.tokens)

    def _mean_nll(self, trainee: model.Trainee, records: list[int]) -> float:
        """Return the mean NLL per loss token of some records."""
        documents = [(self._data.document(record), int(self._data.prompt_lengths[record])) for record in records]
        return float(self._score(trainee, documents).sum() / self._data.loss_lengths[records].sum())

    def _reload(self, records: list[int], trained: float) -> dict[str, Any]:
        """Open the export as a stranger would, and compare its NLL with the trained weights'."""
        path = self._output / files.EXPORT
        dist.barrier()
        exported = self._mean_nll(model.load(path, self._settings.finished(), self._ranks), records)
        agreement = guard.compare(exported, trained, self._science.nll_tolerance)
        if not agreement.holds:
            raise JobError(
                f"{path}: the exported model gives stored samples a mean NLL of {agreement.ours:.4f}, the trained one"
                f" {agreement.theirs:.4f} (tolerance {agreement.tolerance:.4f}); the export is not the trained model"
            )
        return agreement.facts("export")

    def _counts(self) -> dict[str, int | float]:
        """Return what was seen, in numbers."""
        data = self._data
        seen = [record for batch in data.batches for record in batch]
        return {
            "steps": self._science.steps,
            "records": len(data.lengths),
            "samples_seen": len(seen),
            "epochs": len(seen) / len(data.lengths),
            "tokens_seen": int(data.lengths[seen].sum()),
            "loss_tokens_seen": int(data.loss_lengths[seen].sum()),
        }

    def _chosen(self, resumed: int) -> dict[str, Any]:
        """Return what was chosen for this device."""
        device = self._ranks.device
        return {
            "attention": attention.choose(device, self._settings.compute),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "world_size": self._ranks.world,
            "master_dtype": str(self._settings.master).removeprefix("torch."),
            "weight_decay_on": "matrices",
            "activation_checkpointing": self._settings.activation_checkpointing,
            "compile": self._settings.compile,
            "kernels": self._settings.chosen_kernels(device),
            "pack_tokens": self._budget.tokens,
            "resumed_from_step": resumed,
        }
