"""Keeping an engine busy with pending units until none is left, or until asked to stop.

Commits, and why lengths are not biased. A process can be killed at any moment, and vLLM draws afresh in the next
one. Were a sample kept as soon as it finishes, those in flight at a kill would be the long ones, and drawing them
again would give each a second chance to be short: with a kill every minute no sample longer than a minute would ever
be kept. So nothing is kept on its own. Once a second, by the clock, one commit keeps the whole state: what has
finished, and the tokens so far of everything in flight, from which the next start goes on. A kill throws away all
that was drawn since, short and long, finished or not, and the moment of a commit does not depend on what is drawn
after the one before; a sampled text is a Markov chain in its tokens, so what follows a commit has the distribution
that it would have had without the kill. Only the last commit of a shard comes early, with its last sample.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ssd_jobs.engine import Completion, Engine, Refused, Request
from ssd_jobs.errors import Terminated
from ssd_jobs.models.answers import CompletionText
from ssd_jobs.sampling.store import Row, Store
from ssd_jobs.sampling.units import TOO_LONG, Prompt, derived_seed

__all__ = ["COMMIT_SECONDS", "Loop", "Task", "failure"]

COMMIT_SECONDS = 1.0
"""What a kill costs at most."""


@dataclass(frozen=True)
class Task:
    """What is the same for all units of a shard."""

    identity: str
    """Separates the draws of two artifacts: the key."""
    seed: int
    engine_seed: int
    start: int
    max_sequence_tokens: int
    read: Callable[[Sequence[int], Sequence[int]], CompletionText]
    """From the tokens of prompt and completion to the completion's text."""
    stop: threading.Event

    def room(self, prompt: Prompt) -> int:
        """Return how many tokens a completion may have."""
        return self.max_sequence_tokens - len(prompt.token_ids)


@dataclass
class Loop:
    """One engine, one store, one stream of pending units."""

    engine: Engine
    store: Store
    task: Task
    on_rows: Callable[[Sequence[Row]], None]
    """Told about every row that was kept."""
    on_step: Callable[[int], None]
    """Told how many units are with the engine or finished but not committed, after every step."""
    clock: Callable[[], float] = time.monotonic
    _flying: dict[int, tuple[Prompt, int]] = field(default_factory=dict)
    _finished: list[Row] = field(default_factory=list)
    _next: int = 0

    def run(self, pending: Iterator[tuple[Prompt, int]]) -> None:
        """Sample all pending units; on a request to stop keep what is there and leave the rest pending."""
        exhausted, due = False, self.clock() + COMMIT_SECONDS
        while self._flying or not exhausted:
            if self.task.stop.is_set():
                self._commit()
                raise Terminated("stopped on request; what was sampled is kept, run again for the rest")
            exhausted = exhausted or self._submit(pending)
            self._finished += [self._row(completion) for completion in self.engine.step()]
            if self.clock() >= due:
                self._commit()
                due = self.clock() + COMMIT_SECONDS
            self.on_step(len(self._flying) + len(self._finished))
        self._commit()
        self.on_step(0)

    def _submit(self, pending: Iterator[tuple[Prompt, int]]) -> bool:
        """Fill the window; return whether nothing is pending any more."""
        while len(self._flying) < self.engine.window:
            try:
                prompt, index = next(pending)
            except StopIteration:
                return True
            self._launch(prompt, index)
        return False

    def _launch(self, prompt: Prompt, index: int) -> None:
        """Give one unit to the engine, or record why it cannot be sampled."""
        room = self.task.room(prompt)
        if room < 1:
            self._finished.append(failure(self.task, prompt, index, TOO_LONG))
            return
        seed = derived_seed(self.task.identity, self.task.seed, prompt.problem_id, index)
        beginning = self.store.beginning((prompt.problem_id, index))
        try:
            self.engine.submit(Request(self._next, prompt.token_ids, room, seed, beginning))
        except Refused as error:
            self._finished.append(failure(self.task, prompt, index, f"refused: {error}"))
            return
        self._flying[self._next] = prompt, index
        self._next += 1

    def _commit(self) -> None:
        """Make the state as it is now survive, then tell."""
        units = {number: (prompt.problem_id, index) for number, (prompt, index) in self._flying.items()}
        grown = self.engine.begun({number: self.store.known(unit) for number, unit in units.items()})
        self.store.commit(self._finished, {units[number]: more for number, more in grown.items()})
        self.on_rows(self._finished)
        self._finished = []

    def _row(self, completion: Completion) -> Row:
        """Return a completion as a row of `tables.SAMPLES`."""
        prompt, index = self._flying.pop(completion.id)
        seed = derived_seed(self.task.identity, self.task.seed, prompt.problem_id, index)
        tokens = list(completion.token_ids)
        read = self.task.read(prompt.token_ids, tokens)
        return {
            **_identity(self.task, prompt, index),
            "completion_token_ids": tokens,
            "text": read.text,
            "answer_start": read.answer_start,
            "finish_reason": completion.finish,
            "stop_reason": str(tokens[-1]) if completion.finish == "stop" else "",
            "logprobs": list(completion.logprobs),
            "logprob_sum": float(sum(completion.logprobs)),
            "entropy_mean": completion.entropy,
            "seed": seed if completion.seeded else -1,
            "latency_s": completion.seconds,
            "error": "",
        }


def failure(task: Task, prompt: Prompt, index: int, error: str) -> Row:
    """Return the row of a unit that cannot be sampled."""
    return {
        **_identity(task, prompt, index),
        "completion_token_ids": [],
        "text": "",
        "answer_start": 0,
        "finish_reason": "error",
        "stop_reason": "",
        "logprobs": [],
        "logprob_sum": 0.0,
        "entropy_mean": float("nan"),
        "seed": -1,
        "latency_s": 0.0,
        "error": error,
    }


def _identity(task: Task, prompt: Prompt, index: int) -> Row:
    """Return the columns that say which unit a row is, and which start of the shard made it."""
    return {
        "problem_id": prompt.problem_id,
        "sample_index": index,
        "attempt": task.start,
        "prompt_token_ids": list(prompt.token_ids),
        "engine_seed": task.engine_seed,
    }
