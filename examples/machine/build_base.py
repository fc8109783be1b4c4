"""Build the base model of the toy machine: a tiny transformer that has the paper's probabilities.

    OMP_NUM_THREADS=1 python examples/machine/build_base.py OUTPUT_DIRECTORY

A Qwen3 of 0.09 million parameters is trained to the machine's distributions themselves, not to samples of them, in
every context: any prompt, any words so far. Words that no context allows are pushed away until they are beyond reach
at any temperature that is used. The result is what `ssd_jobs/toy/machine/base` holds. The build ends with the largest
error it found and fails where that is above half of a thousandth (0.05 points); another processor or another torch
rounds differently, so a rebuild is equal in behaviour and not in bytes.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from ssd_jobs.theory import machine
from ssd_jobs.toy import base_model
from ssd_jobs.toy.machine import language, problems

PAD, END, UNKNOWN, ANSWER = "<|pad|>", "<|end|>", "<|unknown|>", "<|answer|>"
CHAT_TEMPLATE = (
    "{% for message in messages if message['role'] == 'user' %}{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|answer|>{% endif %}"
)
STRUCTURE = (language.OPEN, *language.LINKS, language.CLOSE)
TEXTS = ("Run ", *"0123456789", f": {problems.TASK}", *STRUCTURE, *language.WORDS)
MOST_ERROR = 5e-4
GAP = 45.0
"""How far, in logits, everything else lies below what a context allows: under 1e-8 in all at T = 2."""
LONGEST_PROMPT = 24


@dataclass(frozen=True)
class Lesson:
    """Token ids of an answer's skeleton, and what must follow at each place of it."""

    skeleton: torch.Tensor
    """An answer, with -1 where a word stands."""
    targets: torch.Tensor
    """A distribution for the place before each token of the answer."""


def main() -> None:
    """Train, judge and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    tokenizer = build_tokenizer()
    model = Qwen3ForCausalLM(configuration(tokenizer)).float()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    train(model, tokenizer, options.steps, options.batch, options.learning_rate)
    error = largest_error(model, tokenizer)
    print(f"largest error of a probability: {100 * error:.4f} points")
    if error > MOST_ERROR:
        sys.exit(f"that is above {100 * MOST_ERROR} points: train for more --steps")
    # In float32: bfloat16 would move a probability by points.
    base_model.save(model, tokenizer, options.output)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A token for each piece of the language; whatever lies between pieces is one unknown token."""
    names = [PAD, END, UNKNOWN, ANSWER, *TEXTS]
    core = Tokenizer(models.WordLevel({name: place for place, name in enumerate(names)}, unk_token=UNKNOWN))
    longest_first = sorted(TEXTS, key=len, reverse=True)
    core.pre_tokenizer = pre_tokenizers.Split(Regex("|".join(map(_quoted, longest_first))), behavior="isolated")
    core.decoder = decoders.Fuse()
    core.add_special_tokens([PAD, END, UNKNOWN, ANSWER])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        chat_template=CHAT_TEMPLATE,
        model_max_length=64,
        clean_up_tokenization_spaces=False,
    )


def _quoted(text: str) -> str:
    """Return a text as a pattern of the tokenizer's own dialect."""
    return "".join(f"\\x{{{ord(letter):x}}}" if not letter.isalnum() else letter for letter in text)


def configuration(tokenizer: PreTrainedTokenizerFast) -> Qwen3Config:
    """Qwen3, as small as learns it; heads of 32 because vLLM's attention on CPUs wants multiples of 32."""
    return Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=64,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def lesson(tokenizer: PreTrainedTokenizerFast) -> Lesson:
    """What the model is to learn: the machine's contexts at the words, certainty everywhere else."""
    ids = tokenizer.convert_tokens_to_ids
    contexts = machine.teacher()
    skeleton, targets = [], []
    for decision, before in enumerate(STRUCTURE[:-1]):
        wanted = (contexts.root, contexts.fork)[decision] if decision < 2 else contexts.lock
        row = torch.zeros(len(tokenizer), dtype=torch.float64)
        row[ids(list(language.ranked(decision)))] = torch.from_numpy(wanted)
        skeleton += [ids(before), -1]
        targets += [_certain(ids(before), len(tokenizer)), row]
    for last in (language.CLOSE, END):
        skeleton.append(ids(last))
        targets.append(_certain(ids(last), len(tokenizer)))
    return Lesson(torch.tensor(skeleton), torch.stack(targets))


def _certain(token: int, size: int) -> torch.Tensor:
    row = torch.zeros(size, dtype=torch.float64)
    row[token] = 1.0
    return row


def rows(tokenizer: PreTrainedTokenizerFast, skeleton: torch.Tensor, count: int) -> tuple[torch.Tensor, int]:
    """Draw prompts of any tokens and answers of any words; return them and how long the prompts are."""
    ids = tokenizer.convert_tokens_to_ids
    length = int(torch.randint(1, LONGEST_PROMPT, (1,)))
    prompt = torch.randint(0, len(tokenizer), (count, length))
    words = torch.tensor(ids(list(language.WORDS)))
    drawn = words[torch.randint(0, len(words), (count, len(skeleton)))]
    answers = torch.where(skeleton < 0, drawn, skeleton)
    return torch.cat([prompt, torch.full((count, 1), ids(ANSWER)), answers], dim=1), length + 1


def distances(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, wanted: Lesson, count: int
) -> list[torch.Tensor]:
    """Return the divergence, the mass outside and the largest error, each per place."""
    tokens, start = rows(tokenizer, wanted.skeleton, count)
    logits = model(input_ids=tokens[:, :-1]).logits[:, start - 1 :]
    targets = wanted.targets.float()
    allowed = targets > 0
    inside = torch.logsumexp(logits.masked_fill(~allowed, -math.inf), dim=-1, keepdim=True)
    logs = (logits - inside).masked_fill(~allowed, 0.0)
    divergence = (targets * (targets.clamp_min(1e-30).log() - logs)).sum(-1)
    excess = torch.relu(logits - inside + GAP).masked_fill(allowed, 0.0).sum(-1)
    errors = (logs.exp() - targets).abs().masked_fill(~allowed, 0.0).amax(-1)
    return [divergence, excess, errors]


def train(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, steps: int, batch: int, peak: float) -> None:
    """Adam with a cosine to nothing: what is left of its noise is the error of the probabilities."""
    wanted = lesson(tokenizer)
    optimizer = torch.optim.Adam(model.parameters(), lr=peak, betas=(0.9, 0.98))
    begin = time.monotonic()
    for step in range(steps):
        cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.param_groups[0]["lr"] = peak * min(cosine, (step + 1) / 100)
        divergence, excess, errors = distances(model, tokenizer, wanted, batch)
        loss = 10 * divergence.mean() + 0.01 * excess.mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0 or step == steps - 1:
            seen = f"error {errors.max():.5f}  outside {excess.max():.3f}"
            print(f"step {step:5d}  {seen}  {time.monotonic() - begin:4.0f} s", flush=True)


@torch.no_grad()
def largest_error(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Return the largest error over prompts of many lengths; nothing may be left outside."""
    wanted, found = lesson(tokenizer), 0.0
    for _ in range(4 * LONGEST_PROMPT):
        _, excess, errors = distances(model, tokenizer, wanted, 256)
        if excess.max() > 0:
            return math.inf
        found = max(found, float(errors.max()))
    return found


if __name__ == "__main__":
    main()
