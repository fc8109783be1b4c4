"""Build the toy base model that the package ships: tokenizer, weights and digests, from nothing but a seed.

    OMP_NUM_THREADS=1 python examples/toy/build_base.py OUTPUT_DIRECTORY

A Qwen3 of 0.85 million parameters learns to answer toy problems from solutions that are deliberately spoiled: about one
in four has a wrong line, constant, operator or ending. It therefore knows what is right and, sampled as it is, often
says something else. The result is what `ssd_jobs/toy/base` holds; another processor or another torch rounds
differently, so a rebuild is equal in behaviour and not in bytes, and the digests beside the weights name the build
that is shipped.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from ssd_jobs.toy import base_model, solutions, tasks

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages if message['role'] != 'system' %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MISTAKES = solutions.Mistakes(step=0.06, digit=0.06, operator=0.03, reduction=0.06, skip=0.02, repeat=0.01)
VOCABULARY = 512


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    tokenizer = build_tokenizer()
    model = Qwen3ForCausalLM(configuration(tokenizer))
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters")
    train(model, batches(tokenizer, options.batch, options.seed), options.steps, options.learning_rate)
    base_model.save(model.to(torch.bfloat16), tokenizer, options.output)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE on toy text: every text has an encoding, and encoding then decoding returns it."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(itertools.islice(texts(seed=-1), 4000), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, eos_token=END, chat_template=CHAT_TEMPLATE, model_max_length=512
    )


def texts(seed: int) -> Iterator[str]:
    """Statements and right solutions, for the tokenizer."""
    rng = random.Random(seed)  # noqa: S311 - noise for training, not keys
    for recipe in tasks.recipes(part="pool", seed=seed):
        yield recipe.statement
        yield solutions.completion(recipe, rng)


def configuration(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    """Qwen3, very small; heads of 32 because vLLM's attention on CPUs wants multiples of 32."""
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def batches(tokenizer: PreTrainedTokenizerFast, size: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Endless batches of (tokens, labels); rows of like length together, so that little is padding."""
    rng = random.Random(seed)  # noqa: S311 - noise for training, not keys
    stream = rows(tokenizer, seed)
    while True:
        drawn = sorted(itertools.islice(stream, 8 * size), key=lambda row: len(row[0]) + len(row[1]))
        groups = [drawn[start : start + size] for start in range(0, len(drawn), size)]
        rng.shuffle(groups)
        for group in groups:
            width = max(len(before) + len(after) for before, after in group)
            tokens = torch.full((size, width), tokenizer.pad_token_id)
            labels = torch.full((size, width), -100)
            for row, (before, after) in enumerate(group):
                end = len(before) + len(after)
                tokens[row, :end] = torch.tensor(before + after)
                labels[row, len(before) : end] = torch.tensor(after)
            yield tokens, labels


def rows(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Endless (prompt, spoiled completion) pairs as token ids; only completions are learned."""
    rng = random.Random(seed)  # noqa: S311 - noise for training, not keys
    for recipe in tasks.recipes(part="pool", seed=seed):
        chat = [{"role": "user", "content": recipe.statement}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        after = solutions.completion(recipe, rng, MISTAKES) + END
        yield tokenizer(prompt).input_ids, tokenizer(after).input_ids


def train(model: Qwen3ForCausalLM, data: Iterator[tuple[Any, Any]], steps: int, peak: float) -> None:
    """AdamW, a short warm-up, a cosine to a twentieth."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.95), weight_decay=0.1)
    begin = time.monotonic()
    for step, (tokens, labels) in enumerate(itertools.islice(data, steps)):
        cosine = 0.05 + 0.475 * (1 + math.cos(math.pi * step / steps))
        optimizer.param_groups[0]["lr"] = peak * min(cosine, (step + 1) / 50)
        loss = model(input_ids=tokens, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step:5d}  loss {loss.item():.4f}  {time.monotonic() - begin:6.0f} s", flush=True)


if __name__ == "__main__":
    main()
