"""The GPU-hours that stages can take at most: arithmetic of tokens and of the model's size, for whoever must budget.

A token costs 6 operations per parameter in training and 2 in sampling. How many of them an H100 does in a second is a
round number, in training what was measured once (docs/benchmarks.md), in sampling, which waits for memory, a fifth of
that. Of a model with experts those parameters count that a token goes through.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from ssd_jobs import contract
from ssd_operator.plan.graph import Graph, Node

__all__ = ["hours", "most_tokens", "named_parameters", "planned", "text"]

Problems = Callable[[str], int | None]
"""From where prepare writes problems, below the workspace, to how many there are; None where that is not known yet."""
TRAINED, SAMPLED = (6, 2e14), (2, 4e13)
"""Operations per parameter and token, and how many a GPU does in a second."""
NAMED = re.compile(r"(?:^|[-_/])a?(\d+(?:\.\d+)?)b(?=$|[-_])", re.IGNORECASE)
"""A size in a model's name, such as 4B, or A3B for what a token goes through."""
SHOWN = 0.1
"""Less than that is not told apart."""


def hours(tokens: int, parameters: float, *, trained: bool) -> float:
    """Return the GPU-hours of so many tokens."""
    operations, rate = TRAINED if trained else SAMPLED
    return operations * parameters * tokens / rate / 3600


def named_parameters(graph: Graph) -> float | None:
    """Return how many parameters a token goes through by the model's name, None where that does not tell."""
    for node in graph.of(contract.PrepareConfig):
        assert isinstance(node.config, contract.PrepareConfig)
        source = node.config.model.science.source
        named = NAMED.findall(source.repo) if isinstance(source, contract.HuggingFaceModel) else []
        if named:
            return float(named[-1]) * 1e9
    return None


def planned(once: Sequence[Node], parameters: float | None, problems: Problems) -> float | None:
    """Return the most GPU-hours of stages, of which each is there once; None where something is not known."""
    total, expected = 0.0, _expected(once)
    for node in (each for each in once if each.gpus):
        for work, each, count in _tokens_of(node, expected, problems):
            if parameters is None or count is None:
                return None
            total += hours(each * count, parameters, trained=work == "train")
    return total


def most_tokens(once: Sequence[Node], problems: Problems) -> dict[str, list[tuple[int, int | None]]]:
    """Return work -> the most tokens of each problem, and how many problems there are, of every stage that does it."""
    found: defaultdict[str, list[tuple[int, int | None]]] = defaultdict(list)
    expected = _expected(once)
    for node in once:
        for work, each, count in _tokens_of(node, expected, problems):
            found[work].append((each, count))
    return dict(found)


def text(found: float) -> str:
    """Return GPU-hours as a person reads them."""
    return f"{found:,.1f}" if found >= SHOWN else f"under {SHOWN}" if found else "0"


def _tokens_of(node: Node, expected: Mapping[str, int], problems: Problems) -> Iterator[tuple[str, int, int | None]]:
    """Yield the work of a stage, the most tokens of each problem, and how many problems there are."""

    def count(prompts: str) -> int | None:
        known = problems(prompts)
        return expected.get(prompts) if known is None else known

    config = node.config
    if isinstance(config, contract.SampleConfig):
        each = config.science.samples_per_prompt * config.science.max_sequence_tokens
        yield "sample", each, count(config.prompts)
    elif isinstance(config, contract.TrainConfig):
        science = config.science
        yield "train", science.steps * science.global_batch_size * science.sequence_length, 1
    elif isinstance(config, contract.GenerateConfig):
        settings = 1 if config.selection else len(config.settings)
        each = settings * config.science.samples_per_problem * config.science.max_sequence_tokens
        yield f"generate on {config.purpose.lower()} problems", each, count(config.prompts)


def _expected(once: Sequence[Node]) -> dict[str, int]:
    """Return what a spec says of the number of problems before prepare has counted them: a limit, or an expectation."""
    found: dict[str, int] = {}
    for config in (node.config for node in once):
        if not isinstance(config, contract.PrepareConfig):
            continue
        if config.prompts.science.limit:
            found[config.prompts.output] = config.prompts.science.limit
        for part in config.benchmarks:
            whole, split = part.science.expect_problems, part.science.split
            if whole:
                share = 1.0 if split is None else split.share if split.purpose == "Select" else 1 - split.share
                found[part.output] = round(whole * share)
    return found
