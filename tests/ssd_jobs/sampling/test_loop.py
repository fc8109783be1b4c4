"""The loop samples every unit once, keeps the engine's window full, and stops where nothing is lost."""

import contextlib
import threading
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.parts import key
from ssd_jobs import artifacts
from ssd_jobs.engine import Completion, Refused, Request
from ssd_jobs.errors import Terminated
from ssd_jobs.models.answers import CompletionText
from ssd_jobs.sampling.loop import Loop, Task
from ssd_jobs.sampling.store import Row, Store
from ssd_jobs.sampling.units import Prompt, derived_seed, units
from workspaces import shards
from workspaces.sampling import ScriptedEngine

PROMPTS = [Prompt(f"p{number}", [1] * (2 + number % 7)) for number in range(40)]


def task(stop: threading.Event, *, start: int = 1, limit: int = 30) -> Task:
    return Task(
        identity=key("a"),
        seed=0,
        engine_seed=start,
        start=start,
        max_sequence_tokens=limit,
        read=lambda prompt, tokens: CompletionText(" ".join(map(str, tokens)), 0),
        stop=stop,
    )


def run(path: Path, engine: Any, *, stop_after: int | None = None, limit: int = 30) -> list[Row]:
    """Run until done, or until stopped after so many steps; return this run's rows."""
    stop, steps = threading.Event(), count(1)
    rows: list[Row] = []

    def on_step(flying: int) -> None:
        if next(steps) == stop_after:
            stop.set()

    with artifacts.Output(path=path, stage="sample", name="s", key=key("a")).claim() as draft:
        store = Store(draft, chunk=8)
        start = store.count_start()
        pending = (unit for unit in units(PROMPTS, 2) if not store.has((unit[0].problem_id, unit[1])))
        try:
            Loop(engine, store, task(stop, start=start, limit=limit), rows.extend, on_step).run(pending)
        finally:
            store.close()
    return rows


def kept(path: Path) -> dict[tuple[str, int], list[int]]:
    """Return the tokens of every unit on disk; each is there once."""
    rows = shards.rows(path)
    found = {(row["problem_id"], row["sample_index"]): row["completion_token_ids"] for row in rows}
    assert len(found) == len(rows)
    return found


@settings(deadline=None, max_examples=20)
@given(stops=st.lists(st.integers(1, 40), max_size=4), window=st.integers(1, 30), seed=st.integers(0, 5))
def test_stopped_anywhere_every_unit_is_sampled_once(
    tmp_path_factory: pytest.TempPathFactory, stops: list[int], window: int, seed: int
) -> None:
    """However often it was stopped, the runs together hold each unit once, and the same samples as one run."""
    path = tmp_path_factory.mktemp("shard")
    for stop_after in stops:
        with contextlib.suppress(Terminated):
            run(path, ScriptedEngine(window=window, seed=seed), stop_after=stop_after)
    run(path, ScriptedEngine(window=window, seed=seed + 1))
    run(path.with_name(path.name + "-whole"), ScriptedEngine())
    assert kept(path) == kept(path.with_name(path.name + "-whole"))
    assert kept(path).keys() == {(prompt.problem_id, index) for prompt, index in units(PROMPTS, 2)}


def test_a_stop_interrupts_and_keeps_what_has_finished(tmp_path: Path) -> None:
    """A stop ends in `Terminated`, and the next run samples exactly the others."""
    with pytest.raises(Terminated, match="run again"):
        run(tmp_path, ScriptedEngine(), stop_after=20)
    rest = run(tmp_path, ScriptedEngine())
    assert len(rest) == 2 * len(PROMPTS) - 20
    assert {row["attempt"] for row in rest} == {2}


def test_a_sample_does_not_depend_on_when_it_is_drawn(tmp_path: Path) -> None:
    """Request seeds follow from the unit, so an interruption cannot prefer short samples."""
    with pytest.raises(Terminated):
        run(tmp_path / "a", ScriptedEngine(seed=1), stop_after=7)
    late = {(row["problem_id"], row["sample_index"]): row for row in run(tmp_path / "a", ScriptedEngine(seed=2))}
    whole = {(row["problem_id"], row["sample_index"]): row for row in run(tmp_path / "b", ScriptedEngine(seed=3))}
    assert late
    assert all(row["completion_token_ids"] == whole[unit]["completion_token_ids"] for unit, row in late.items())


def test_the_window_is_full_and_never_fuller(tmp_path: Path) -> None:
    """The engine always has `window` requests while there are as many pending."""
    engine = ScriptedEngine(window=11)
    run(tmp_path, engine)
    assert engine.most == 11


def test_a_prompt_without_room_is_one_row_of_error(tmp_path: Path) -> None:
    """A prompt as long as the limit is recorded as too long, and all others are sampled."""
    rows = run(tmp_path, ScriptedEngine(), limit=7)
    errors = {row["problem_id"] for row in rows if row["error"] == "prompt_too_long"}
    assert errors == {prompt.problem_id for prompt in PROMPTS if len(prompt.token_ids) >= 7}
    assert all((row["finish_reason"] == "error") == (row["problem_id"] in errors) for row in rows)


def test_a_refused_request_is_one_row_of_error(tmp_path: Path) -> None:
    """What the engine does not take is recorded with its reason."""

    class Picky(ScriptedEngine):
        def submit(self, request: Request) -> None:
            if len(request.prompt) == 3:
                raise Refused("three is too few")
            super().submit(request)

        def step(self) -> list[Completion]:
            return super().step()

    rows = run(tmp_path, Picky())
    assert {row["error"] for row in rows} == {"", "refused: three is too few"}
    assert len(rows) == 2 * len(PROMPTS)


def test_seeds_differ_in_every_part() -> None:
    """Artifact, seed, problem and index each give another request seed; the same parts give the same."""
    parts = [("k", 0, "p", 0), ("l", 0, "p", 0), ("k", 1, "p", 0), ("k", 0, "q", 0), ("k", 0, "p", 1)]
    seeds = [derived_seed(*each) for each in parts]
    assert len(set(seeds)) == len(seeds)
    assert derived_seed(*parts[0]) == seeds[0]


def test_samples_of_a_prompt_are_neighbours() -> None:
    """All samples of a prompt are submitted together, so that its prefix is computed once."""
    order = [prompt.problem_id for prompt, _ in units(PROMPTS, 3)]
    changes = sum(before != after for before, after in pairwise(order))
    assert changes == len(PROMPTS) - 1
