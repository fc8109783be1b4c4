"""One arm of TRL's SFTTrainer, in an environment of its own; `benchmarks/train.py` runs it.

`python train_trl.py FOLDER ARM`: FOLDER holds `model/` and `documents.json`; ARM is `padded-B` (batches of B documents,
grouped by length) or `packed` (TRL's best-fit packing). The clock runs from the end of the first step, which warms
up, to the end of the last. Prints one JSON object.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import SFTConfig, SFTTrainer

TOLERANCE = 1e-3


class Trainer(SFTTrainer):
    """Counts the useful tokens that pass through."""

    useful = 0

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Count one micro-batch; what is packed has no padding and no mask."""
        mask = inputs.get("attention_mask")
        self.useful += int(inputs["input_ids"].numel() if mask is None else mask.sum())
        return super().training_step(model, inputs, *args, **kwargs)


class Stopwatch(TrainerCallback):
    """Remembers when each step ended, by the clock and by this process's CPU time, and the tokens until then."""

    def __init__(self) -> None:
        self.trainer: Trainer | None = None
        self.steps: list[tuple[float, float, int]] = []

    def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
        """Note one step."""
        assert self.trainer is not None
        self.steps.append((time.monotonic(), time.process_time(), self.trainer.useful))

    def rates(self) -> dict[str, float | None]:
        """Return useful tokens per second, without the first step."""
        if not self.steps:
            return {"tokens_per_s": None, "tokens_per_cpu_s": None}
        (begun, begun_cpu, before), *_, (ended, ended_cpu, after) = self.steps
        tokens = after - before
        return {"tokens_per_s": tokens / (ended - begun), "tokens_per_cpu_s": tokens / (ended_cpu - begun_cpu)}


def main(folder: Path, arm: str) -> dict[str, Any]:
    """Train one epoch and return useful tokens per second, and whether the arm computes the right loss."""
    plan = json.loads((folder / "documents.json").read_text())
    rows = [
        {"input_ids": tokens, "labels": [-100] * prompt + tokens[prompt:]}
        for tokens, prompt in zip(plan["documents"], plan["prompts"], strict=True)
    ]
    packed = arm == "packed"
    size = 1 if packed else int(arm.removeprefix("padded-"))
    stopwatch = Stopwatch()
    trainer = Trainer(
        model=AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32),
        args=_settings(folder, plan, packed=packed, size=size),
        train_dataset=Dataset.from_list(rows),
        processing_class=_tokenizer(plan["vocabulary"]),
        callbacks=[stopwatch],
    )
    stopwatch.trainer = trainer
    valid = not packed or _isolated(trainer)
    if valid:
        trainer.train()
        everything = sum(len(tokens) for tokens in plan["documents"])
        assert trainer.useful == everything, f"{trainer.useful} of {everything} tokens were trained on"
    return {"arm": f"trl {arm}", "valid": valid, **stopwatch.rates()}


def _settings(folder: Path, plan: dict[str, Any], *, packed: bool, size: int) -> SFTConfig:
    """Return the same recipe as ours."""
    return SFTConfig(
        output_dir=str(folder / "trl"),
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
        per_device_train_batch_size=size,
        gradient_accumulation_steps=plan["rows_per_step"] if packed else plan["global_batch_size"] // size,
        num_train_epochs=1,
        max_length=plan["sequence_length"],
        packing=packed,
        train_sampling_strategy="random" if packed else "group_by_length",
        gradient_checkpointing=False,
        learning_rate=1e-4,
        weight_decay=0.1,
        adam_beta2=0.95,
        max_grad_norm=1.0,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_steps=1000,
        dataset_num_proc=None,
    )


def _tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer that only names the special tokens; all documents are token ids already."""
    words = {f"t{index}": index for index in range(vocabulary)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="t0")), pad_token="t0", eos_token="t2", unk_token="t0"
    )


@torch.no_grad()
def _isolated(trainer: SFTTrainer) -> bool:
    """Whether the packed loss at step 0 equals that of the same documents alone."""
    batch = next(iter(trainer.get_train_dataloader()))
    batch = {name: value.to(trainer.model.device) for name, value in batch.items() if torch.is_tensor(value)}
    together = trainer.model(**batch, use_cache=False).loss
    starts = [*(batch["position_ids"][0] == 0).nonzero().flatten().tolist(), batch["input_ids"].shape[1]]
    total, count = 0.0, 0
    for start, end in itertools.pairwise(starts):
        ids, labels = batch["input_ids"][:, start:end], batch["labels"][:, start:end].clone()
        tokens = int((labels[:, 1:] != -100).sum())
        if tokens:
            total += float(trainer.model(input_ids=ids, labels=labels, use_cache=False).loss) * tokens
            count += tokens
    return abs(float(together) - total / count) <= TOLERANCE


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2])) + "\n")
