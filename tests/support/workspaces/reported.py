"""A whole synthetic experiment as artifacts: two arms, a sweep, a guard, a trained candidate."""

import functools
import json
import math
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from configs.report import CHOSEN, DECODES, GENERATED, KEY, SAMPLES, SELECTED, SETTINGS
from populations import arms
from ssd_jobs import artifacts, contract
from ssd_jobs.artifacts import tables
from ssd_jobs.context import Context
from ssd_jobs.contract import files
from ssd_jobs.progress.recorder import Progress
from ssd_jobs.stages.analyze import factors, measurement, statistics, target
from ssd_jobs.stages.analyze.measurement import Arm, Positions
from ssd_jobs.stages.analyze.resampling import Resampling
from workspaces.tables import ROWS

GAIN = 0.08
ELSEWHERE = 60
"""Problems on which settings are chosen."""


def workspace(root: Path, *, gain: float = GAIN, seed: int = 0, lcb: bool = True, weights: bytes = b"weights") -> Path:
    """Write the artifacts of an experiment in which the candidate is truly better by `gain`."""
    rng = np.random.default_rng(seed)
    names = arms.difficulties()
    for benchmark, size in (("lcb-v6", len(names)), ("humaneval", 30)):
        chosen = names if benchmark == "lcb-v6" else ("",) * size
        base = arms.rates(rng)[:size]
        room = 1 - base
        better = base + gain * size / room.sum() * room if gain else base
        for arm, rates in (("base", base), ("candidate", better)):
            for setting in SETTINGS:
                worse = 0.93 if setting == "greedy" else 1.0
                rows = _verdicts(rng, np.clip(rates, 0, 1) * worse, chosen)
                _evaluation(root, benchmark, arm, setting, rows, rng, lcb=lcb)
                if benchmark == "lcb-v6":
                    rows = _verdicts(rng, np.clip(rates, 0, 1)[:ELSEWHERE] * worse, chosen[:ELSEWHERE])
                    _evaluation(root, "lcb-v6-select", arm, setting, rows, rng, lcb=False)
    for arm in get_args(contract.Arm):
        select(root, arm)
    _train(root, weights)
    return root


def select(root: Path, arm: contract.Arm, benchmark: str = "lcb-v6", chosen: str = "") -> None:
    """Write down which setting was chosen for an arm."""
    path = root / SELECTED.format(arm=arm.lower(), benchmark=benchmark)
    tried = tuple(contract.Tried(name=name, decode=decode, value=0.5) for name, decode in DECODES.items())
    found = contract.Choice(
        arm=arm, chosen=chosen or CHOSEN[arm], benchmark=benchmark, problems=ELSEWHERE, k=1, tried=tried
    )
    with artifacts.Output(path=path, stage="select", name="select", key=KEY).claim() as draft:
        draft.write_text(files.SELECTION, found.model_dump_json())
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={}, image=""))


def analysed(root: Path) -> contract.StageArtifact:
    """Write the curves of a candidate whose locks are sharper than the base's, and name their artifact."""
    rng = np.random.default_rng(0)
    logits = -np.sort(rng.exponential(rng.choice([0.4, 12.0], (600, 1)), (600, 90)), axis=1).cumsum(axis=1) / 4
    truncation, temperatures = contract.Truncation(top_k=20, top_p=0.95), (0.6, 1.0, 1.4, 1.8)
    problem = np.repeat(np.arange(30), 20)
    following = rng.geometric(0.8, len(logits)) - 1
    classes = tuple(rng.choice(["name", "operator", "layout", "text"], len(logits)))
    positions = Positions(problem, problem % 2 == 0, following, classes)
    aim = target.of(torch.from_numpy(logits), contract.Decode(temperature=1.6, top_k=20, top_p=0.8))

    def sharpened(factor: float) -> Arm:
        logprobs = logits * factor
        logprobs -= np.log(np.exp(logprobs).sum(axis=1, keepdims=True))
        entropy = -(np.exp(logprobs) * logprobs).sum(axis=1)
        known = torch.from_numpy(logprobs)
        return measurement.measure(
            known,
            entropy=entropy,
            followed=measurement.followed(known, torch.from_numpy(following), aim, temperatures=temperatures),
            distance=target.distance(known, aim),
            truncation=truncation,
            temperatures=temperatures,
        )

    base, candidate = sharpened(1.0), sharpened(1.35)
    curves = statistics.summary(
        base,
        candidate,
        aim,
        positions,
        factors.of(base, candidate, aim, positions, temperatures),
        truncation=truncation,
        temperatures=temperatures,
        resampling=Resampling(problem, replicates=200, seed=0),
    )
    curves["greedy"] = {"contexts": 2, "contexts_that_part": 1, "points": [_POINT]}
    curves["program"] = {
        "problem_id": "p0",
        "written_by": "Base",
        "passed": True,
        "tokens": ["x", " = ", "$1$", "\n\t", "\x07<b>" * 30],
        **{arm: {"entropy": [0.1, 0.5, 1.0, 0.2, 0.0], "rank": [1, 1, 2, 1, 1]} for arm in ("base", "candidate")},
    }
    with artifacts.Output(path=root / "reports/curves", stage="analyze", name="analyze", key=KEY).claim() as draft:
        draft.write_text(files.STATISTICS, json.dumps(curves))
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={"positions": 600}, facts={}, image=""))
    return contract.StageArtifact(stage="analyze", kind="analyze", path="reports/curves", sharded=False)


_CHOICE = {"token": "\n $", "probability": 0.5}
_POINT = {
    "problem_id": "p0",
    "written_by": "Base",
    "place": 3,
    "before": "a\n\t",
    "base": _CHOICE,
    "candidate": _CHOICE,
}


def context(root: Path) -> Context:
    """The surroundings of a report."""
    return Context(workspace=root, index=0, progress=Progress())


@functools.cache
def tiny_model(path: Path) -> Path:
    """A causal language model with a byte-level tokenizer; its heads are as wide as vLLM's CPU kernels ask for."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = {letter: i + 3 for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab={**letters, "<unk>": 0, "<s>": 1, "</s>": 2}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    shown = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    torch.manual_seed(0)
    shape = LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=128,
    )
    LlamaForCausalLM(shape).save_pretrained(path)
    shown.save_pretrained(path)
    return path


def stand_in(path: Path, weights: bytes = b"weights") -> None:
    """The files of a model that nobody opens."""
    path.mkdir(exist_ok=True)
    for name in (files.MODEL_CONFIG, files.TOKENIZER, files.TOKENIZER_CONFIG):
        (path / name).write_text("{}")
    (path / "model.safetensors").write_bytes(weights)


def _verdicts(rng: np.random.Generator, rates: arms.Floats, names: tuple[str, ...]) -> list[dict[str, Any]]:
    right = rng.random((len(names), SAMPLES)) < rates[:, None]
    cut = rng.random((len(names), SAMPLES)) < 0.01
    lengths = rng.lognormal(6, 0.5, (len(names), SAMPLES)).astype(int)
    return [
        {
            **ROWS["verdicts"][0],
            "problem_id": f"p{i:03d}",
            "sample_index": j,
            "difficulty": names[i],
            "verdict": "pass" if right[i, j] else "wrong",
            "reason": "" if right[i, j] else "the output is not the expected one",
            "truncated": bool(cut[i, j]),
            "completion_tokens": int(lengths[i, j]),
            "normal_sha256": f"{rng.integers(0, 8) if right[i, j] else rng.integers(0, 10**6)}",
        }
        for i in range(len(names))
        for j in range(SAMPLES)
    ]


def _evaluation(
    root: Path,
    benchmark: str,
    arm: str,
    setting: str,
    rows: list[dict[str, Any]],
    rng: np.random.Generator,
    *,
    lcb: bool,
) -> None:
    """Write the verdicts of one setting in both modes, and a few generations."""
    for mode in ("process", "lcb") if lcb and benchmark == "lcb-v6" else ("process",):
        stricter = [{**row, "verdict": "wrong"} if mode == "lcb" and i % 97 == 0 else row for i, row in enumerate(rows)]
        path = files.shard(root / f"verdicts/{arm}-{benchmark}-{setting}-{mode}", 0, 1)
        with artifacts.Output(path=path, stage="grade", name="grade", key=KEY, shard=0).claim() as draft:
            draft.write_table(files.VERDICTS, tables.VERDICTS, tables.table(tables.VERDICTS, stricter))
            counts = {"verdicts": len(rows), "completion_tokens": sum(row["completion_tokens"] for row in rows)}
            draft.finish(
                artifacts.Provenance(
                    science={"mode": mode}, inputs={}, counts=counts, facts={"canaries": "passed"}, image="grader:1"
                )
            )
    generations = files.shard(root / GENERATED.format(arm=arm, benchmark=benchmark, setting=setting), 0, 1)
    with artifacts.Output(path=generations, stage="generate", name="generate", key=KEY, shard=0).claim() as draft:
        samples = [_sample(row, rng) for row in rows]
        draft.write_table(files.part(0), tables.SAMPLES, tables.table(tables.SAMPLES, samples))
        draft.finish(artifacts.Provenance(science={}, inputs={}, counts={}, facts={"gpus": 0}, image=""))


def _sample(row: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    length = 4
    return {
        **ROWS["samples"][0],
        "problem_id": row["problem_id"],
        "sample_index": row["sample_index"],
        "completion_token_ids": list(range(length)),
        "logprobs": [-0.5] * length,
        "logprob_sum": -length * float(rng.gamma(4, 0.08)),
        "text": "Let me think.\n\n```python\nprint(2 * int(input()))  # <script>alert(1)</script>\n```",
    }


def _train(root: Path, weights: bytes) -> None:
    """Write a trained candidate with its loss."""
    path = root / "checkpoints/train"
    with artifacts.Output(path=path, stage="train", name="train", key=KEY).claim() as draft:
        stand_in(path / files.EXPORT, weights)
        points = [
            {"step": step, "key": key, "value": value, "time_ms": 1_760_000_000_000 + 1000 * step}
            for step in range(1, 41)
            for key, value in (("train/loss", 0.6 + math.exp(-step / 9)), ("train/lr", 1e-5))
        ]
        draft.write_text(files.METRICS, "".join(f"{json.dumps(point)}\n" for point in points))
        counts = {"steps": 40, "tokens_seen": 123456}
        draft.finish(
            artifacts.Provenance(
                science={"steps": 40}, inputs={}, counts=counts, facts={"device": "cpu", "world_size": 1}, image=""
            )
        )
