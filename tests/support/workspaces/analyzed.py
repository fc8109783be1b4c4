"""What both arms have generated and how it was judged, as artifacts that analyze reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from configs.analyze import GENERATIONS, VERDICTS
from ssd_jobs import artifacts
from ssd_jobs.contract import files
from ssd_jobs.stages.analyze.contexts import Generations
from workspaces import graded, training
from workspaces.provenance import EMPTY
from workspaces.tables import ROWS

Arm = Literal["Base", "Candidate"]
ARMS: tuple[Arm, ...] = ("Base", "Candidate")
PROMPT = [1, 2]


def answer(problem: str, index: int, completion: list[int], *, passed: bool = False, **other: Any) -> dict[str, Any]:
    """Return one generation with its verdict."""
    sample = graded.sample(problem, index, "", completion_token_ids=completion, prompt_token_ids=PROMPT, **other)
    return {"sample": {**sample, "logprobs": []}, "verdict": "pass" if passed else "wrong"}


def write(root: Path, arm: Arm, answers: Sequence[dict[str, Any]]) -> Generations:
    """Write what an arm has generated, and open it."""
    verdicts = [
        {
            **ROWS["verdicts"][0],
            "problem_id": each["sample"]["problem_id"],
            "sample_index": each["sample"]["sample_index"],
            "verdict": each["verdict"],
        }
        for each in answers
    ]
    made = {
        GENERATIONS.format(arm=arm): {files.part(0): ("samples", [each["sample"] for each in answers])},
        VERDICTS.format(arm=arm): {files.VERDICTS: ("verdicts", verdicts)},
    }
    for path, content in made.items():
        graded.write(files.shard(root / path, 0, 1), content, shard=0)
    generated, judged = (artifacts.open_shards(root / path) for path in made)
    return Generations(arm, generated, judged)


def models(root: Path) -> None:
    """Write a base and a candidate of other weights, with a tokenizer whose tokens are letters."""
    for path, seed in (("models/base", 0), ("checkpoints/c", 1)):
        with artifacts.Output(path=root / path, stage="train", name="train", key="e" * 64).claim() as draft:
            folder = draft.path / "model" if seed else draft.path
            training.write_model(folder, seed=seed)
            _letters().save_pretrained(folder)
            draft.finish(EMPTY)


def _letters() -> Any:
    """Return a tokenizer with a token per letter, as many as the model has."""
    from tokenizers import Tokenizer, decoders
    from tokenizers import models as tokenizer_models
    from transformers import PreTrainedTokenizerFast

    names = ["<unk>", "<s>", "</s>", "\n", *map(chr, range(ord(" "), ord("~") + 1))][: training.VOCABULARY]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(tokenizer_models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
