"""Kills at random moments change no distribution, though every start of the engine draws afresh."""

import random
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
from scipy.stats import ks_2samp

from configs.parts import key
from ssd_jobs import artifacts, contract
from ssd_jobs.engine import Completion, PartialCompletion, Request
from ssd_jobs.models.answers import CompletionText
from ssd_jobs.sampling.loop import Loop, Task
from ssd_jobs.sampling.store import Store
from ssd_jobs.sampling.units import Prompt
from workspaces import shards
from workspaces.sampling import STOP

UNITS = 600
LIMIT = 400
STEP_SECONDS = 0.11
SHORT, LONG = 5, 6
HAZARD = {SHORT: 1 / 8, LONG: 1 / 90}


class Killed(BaseException):
    """What a SIGKILL is to this process: nothing of it is caught, closed or flushed."""


class ChainEngine:
    """Draws from one stream, a token per sequence and step; the first token decides whether the text is long."""

    def __init__(self, seed: int, *, lifetime: float, keeps_beginnings: bool) -> None:
        self.window = 16
        self.tokens = 0
        self.facts: contract.JsonMap = {}
        self.now = 0.0
        self._random = random.Random(seed)
        self._lifetime = lifetime
        self._keeps_beginnings = keeps_beginnings
        self._rows: dict[int, tuple[Request, list[int]]] = {}

    def begin(self, decode: contract.Decode) -> None:
        """Nothing to set."""

    def submit(self, request: Request) -> None:
        """Start where it was left."""
        self._rows[request.id] = request, list(request.beginning.token_ids)

    def step(self) -> list[Completion]:
        """Add a token to every sequence; die when it is time."""
        self.now += STEP_SECONDS
        if self.now > self._lifetime:
            raise Killed
        finished = []
        for number, (request, tokens) in list(self._rows.items()):
            tokens.append(self._token(tokens))
            if tokens[-1] == STOP or len(tokens) == request.max_tokens:
                why: Literal["stop", "length"] = "stop" if tokens[-1] == STOP else "length"
                finished.append(Completion(number, tokens, [-0.5] * len(tokens), why, 0.0, 0.0, seeded=False))
                del self._rows[number]
        return finished

    def _token(self, tokens: list[int]) -> int:
        if not tokens:
            return self._random.choice([SHORT, LONG])
        return STOP if self._random.random() < HAZARD[tokens[0]] else 7

    def begun(self, known: Mapping[int, int]) -> dict[int, PartialCompletion]:
        """Return what was added."""
        if not self._keeps_beginnings:
            return {}
        grown = {number: self._rows[number][1][skipped:] for number, skipped in known.items()}
        return {number: PartialCompletion(tokens, [-0.5] * len(tokens)) for number, tokens in grown.items() if tokens}


def lengths(path: Path, *, mean_lifetime: float, seed: int, keeps_beginnings: bool) -> list[int]:
    """Sample everything, killed after lifetimes without memory, and return the lengths."""
    draw = random.Random(seed)
    prompts = [Prompt(f"p{number}", [1]) for number in range(UNITS)]
    while not run(path, prompts, draw, mean_lifetime, keeps_beginnings=keeps_beginnings):
        pass
    found = [len(row["completion_token_ids"]) for row in shards.rows(path)]
    assert len(found) == UNITS
    return found


def run(path: Path, prompts: list[Prompt], draw: random.Random, mean: float, *, keeps_beginnings: bool) -> bool:
    """Start once; return whether it came to the end."""
    with artifacts.Output(path=path, stage="sample", name="s", key=key("a")).claim() as draft:
        store = Store(draft, chunk=10**9)
        start = store.count_start()
        engine = ChainEngine(
            draw.randrange(2**60), lifetime=draw.expovariate(1 / mean), keeps_beginnings=keeps_beginnings
        )
        task = Task(
            identity=key("a"),
            seed=0,
            engine_seed=start,
            start=start,
            max_sequence_tokens=LIMIT,
            read=lambda prompt, tokens: CompletionText(str(tokens), 0),
            stop=threading.Event(),
        )
        loop = Loop(engine, store, task, lambda rows: None, lambda flying: None, clock=lambda: engine.now)
        try:
            loop.run(pending(store, prompts))
        except Killed:
            return False
    return True


def pending(store: Store, prompts: list[Prompt]) -> Iterator[tuple[Prompt, int]]:
    """Yield what is not sampled, what was begun first, as the stage does."""
    begun = {problem_id for problem_id, _ in store.begun}
    yield from ((prompt, 0) for prompt in prompts if prompt.problem_id in begun)
    for prompt in prompts:
        if not store.has((prompt.problem_id, 0)) and prompt.problem_id not in begun:
            yield prompt, 0


@pytest.mark.parametrize("mean_lifetime", [4.0, 12.0])
def test_kills_do_not_prefer_short_samples(tmp_path: Path, mean_lifetime: float) -> None:
    """Killed dozens of times, sometimes before the first commit, lengths are those of undisturbed runs."""
    killed = lengths(tmp_path / "killed", mean_lifetime=mean_lifetime, seed=1, keeps_beginnings=True)
    whole = lengths(tmp_path / "whole", mean_lifetime=1e9, seed=2, keeps_beginnings=True)
    assert ks_2samp(killed, whole).pvalue > 0.01


def test_without_beginnings_short_samples_would_win(tmp_path: Path) -> None:
    """The same comparison sees the bias of drawing what was in flight again: it is not blind."""
    redrawn = lengths(tmp_path / "redrawn", mean_lifetime=12.0, seed=1, keeps_beginnings=False)
    whole = lengths(tmp_path / "whole", mean_lifetime=1e9, seed=2, keeps_beginnings=False)
    assert ks_2samp(redrawn, whole).pvalue < 1e-6
    assert sum(redrawn) < 0.8 * sum(whole)
