"""What training is measured on: a random model and documents of realistic lengths, as the train stage reads them.

Lengths of documents are log-normal, and the first quarter of each is its prompt.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.contract import files

__all__ = ["TrainingLoad"]

EMPTY = artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image="")


@dataclass(frozen=True, kw_only=True)
class TrainingLoad:
    """Sizes of a Qwen3 and of its documents."""

    hidden: int
    layers: int
    heads: int
    head_size: int
    vocabulary: int
    sequence: int
    """Tokens of the longest document that there may be."""
    batch: int
    documents: int
    """A multiple of `batch`."""
    median: int
    sigma: float
    shortest: int
    initializer_range: float

    @property
    def steps(self) -> int:
        """Steps in which each document is seen once."""
        return self.documents // self.batch

    def write_model(self, directory: Path, *, device: str = "cpu", dtype: str = "float32") -> None:
        """Write a random model."""
        import torch
        from transformers import AutoModelForCausalLM, Qwen3Config

        torch.manual_seed(0)
        config = Qwen3Config(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=3 * self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads // 2,
            head_dim=self.head_size,
            tie_word_embeddings=True,
            pad_token_id=0,
            eos_token_id=2,
            initializer_range=self.initializer_range,
        )
        with torch.device(device):
            model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
        model.save_pretrained(directory)

    def write_documents(self, folder: Path) -> None:
        """Write the documents, for us as an artifact and for others as JSON."""
        documents = self._documents()
        prompts = [len(tokens) // 4 for tokens in documents]
        plan = {
            "documents": documents,
            "prompts": prompts,
            "vocabulary": self.vocabulary,
            "sequence_length": self.sequence,
            "global_batch_size": self.batch,
            "rows_per_step": max(1, round(sum(map(len, documents)) / self.steps / self.sequence)),
        }
        (folder / "documents.json").write_text(json.dumps(plan))
        _write_records(folder / "records/plan", documents, prompts, self._order())

    def _documents(self) -> list[list[int]]:
        """Return random tokens."""
        random = np.random.default_rng(0)
        lengths = random.lognormal(np.log(self.median), self.sigma, self.documents)
        lengths = np.clip(lengths, self.shortest, self.sequence).astype(int)
        return [random.integers(3, self.vocabulary, length).tolist() for length in lengths]

    def _order(self) -> list[list[int]]:
        """Return the documents of each step."""
        order: list[list[int]] = (
            np.random.default_rng(1).permutation(self.documents).reshape(self.steps, self.batch).tolist()
        )
        return order

    def config(
        self,
        folder: Path,
        *,
        compute: Literal["BFloat16", "Float32"],
        gpus: int,
        execution: dict[str, Any] | None = None,
    ) -> contract.TrainConfig:
        """Return the recipe that TRL gets as well; `execution` are fields of the stage's own execution."""
        return contract.TrainConfig(
            version=1,
            stage="train",
            name="train",
            key="c" * 64,
            workspace=str(folder),
            model="models/base",
            records="records/plan",
            output="checkpoints/run",
            science=contract.TrainScience(
                steps=self.steps,
                global_batch_size=self.batch,
                sequence_length=self.sequence,
                learning_rate=1e-4,
                min_learning_rate=0.0,
                warmup_steps=0,
                weight_decay=0.1,
                betas=(0.9, 0.95),
                grad_clip=1.0,
                seed=0,
                loss_weighting="Token",
                compute_dtype=compute,
                lora=None,
                export_every_steps=0,
                export_steps=None,
                nll_tolerance=0.02,
                trust_remote_code=False,
            ),
            execution=_execution(gpus, execution or {}),
        )


def _execution(gpus: int, changes: dict[str, Any]) -> contract.TrainExecution:
    """Return how the stage runs: no checkpoint is written before the end."""
    fields = {
        "metrics_port": 0,
        "image": "",
        "nodes": 1,
        "gpus_per_node": gpus,
        "activation_checkpointing": "None",
        "pack_tokens": 0,
        "compile": False,
        "attempt": 1,
        "master_address": "127.0.0.1",
        "master_port": 29500,
        "rendezvous_timeout_s": 60.0,
        "grace_period_s": 60.0,
        "checkpoint_every_steps": 0,
        "checkpoint_every_s": 0.0,
        "checkpoint_keep": 1,
        "tracking": None,
        "kernels": "Plain",  # the operations that a CPU has; an arm says where it wants others
    }
    return contract.TrainExecution.model_validate(fields | changes)


def _write_records(path: Path, documents: list[list[int]], prompts: list[int], order: list[list[int]]) -> None:
    """Write what curate would; nothing is known of who sampled it."""
    records = [
        {
            "record_id": index,
            "problem_id": str(index),
            "sample_index": 0,
            "token_ids": tokens,
            "prompt_length": prompt,
            "finished": True,
            "logprob_sum": float("nan"),
        }
        for index, (tokens, prompt) in enumerate(zip(documents, prompts, strict=True))
    ]
    batches = [{"step": step, "record_ids": ids} for step, ids in enumerate(order, start=1)]
    with artifacts.Output(path=path, stage="curate", name="curate", key="b" * 64).claim() as draft:
        draft.write_table(files.RECORDS, tables.RECORDS, tables.table(tables.RECORDS, records))
        draft.write_table(files.BATCHES, tables.BATCHES, tables.table(tables.BATCHES, batches))
        draft.finish(EMPTY)
