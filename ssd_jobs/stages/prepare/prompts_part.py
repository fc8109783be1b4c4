"""The training prompts: two passes over the source, one to choose and one to write, neither of which holds it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pydantic import JsonValue

from ssd_jobs.artifacts import Draft, Provenance, tables
from ssd_jobs.artifacts.appending import table_writer
from ssd_jobs.context import Context
from ssd_jobs.contract import PrepareExecution, PromptsPart, PromptsScience, files, science_of
from ssd_jobs.errors import BadInput
from ssd_jobs.models.prompts import Renderer
from ssd_jobs.stages.prepare.decontamination import WORDS, Index
from ssd_jobs.stages.prepare.sources.pools import Pool, open_pool
from ssd_jobs.stages.prepare.sources.problem import Problem
from ssd_jobs.stages.prepare.sources.selection import ProblemOverlap, Selection, choose

__all__ = ["fill"]

GROUP = 256


def fill(
    part: PromptsPart,
    execution: PrepareExecution,
    context: Context,
    renderer: Renderer,
    statements: Mapping[str, Sequence[str]],
    draft: Draft,
    *,
    inputs: dict[str, str],
    spoken: Renderer,
) -> Provenance:
    """Write problems, prompts and the list of overlaps with benchmarks.

    `spoken` is how the sampler speaks to the model. Where records begin with other prompts, those are written, too.
    """
    science = part.science
    pool = open_pool(science, workspace=context.workspace, offline=execution.offline)
    draft.clear()
    selection = _choose(pool, science, statements)
    names: dict[int, str] = {}
    tokens = _write(draft, _kept(pool, selection, names), spoken, context)
    if spoken is not renderer:
        _write_record_prompts(draft, _kept(pool, selection, names), renderer, context)
    lines = [json.dumps(_overlap(overlap, names), sort_keys=True) for overlap in selection.overlaps]
    draft.write_text(files.OVERLAPS, "".join(f"{line}\n" for line in lines))
    return Provenance(
        science=science_of(science),
        inputs=inputs,
        counts={**selection.counts, "prompt_tokens": tokens},
        facts={**pool.facts, **renderer.facts, **_warnings(science), "overlap_words": WORDS},
        image=execution.image,
    )


def _choose(pool: Pool, science: PromptsScience, statements: Mapping[str, Sequence[str]]) -> Selection:
    """First pass: decide which rows stay; none left is an error."""
    selection = choose(
        pool.problems(),
        deduplicate=science.deduplicate,
        require_passed=bool(science.require_passed_column),
        limit=science.limit,
        skip=science.skip or 0,
        index=Index(statements) if statements else None,
        drop_overlaps=science.decontaminate == "Drop",
    )
    candidates = selection.counts["candidates"]
    if science.skip and candidates < science.skip + max(science.limit, 1):
        raise BadInput(
            f"prompts.skip: after {science.skip:,} problems of {candidates:,} there are fewer than the "
            f"{max(science.limit, 1):,} that are asked for; ask for less, or name a source with more"
        )
    if not selection.kept:
        raise BadInput(f"prompts: no problem is left of {selection.counts['rows']} rows; look at source and filters")
    return selection


def _overlap(found: ProblemOverlap, names: Mapping[int, str]) -> dict[str, JsonValue]:
    """Return a line of the list: a problem that was kept stands there under its own id."""
    kept = found.position in names
    name = names.get(found.position, found.problem_id)
    return {"problem_id": name, "kept": kept, "benchmark": found.benchmark, "sequences": found.sequences}


def _kept(pool: Pool, selection: Selection, names: dict[int, str]) -> Iterator[Problem]:
    """Second pass: yield the chosen problems, each with an id of its own, and note the id of each position."""
    wanted = iter(selection.kept)
    following = next(wanted)
    taken: dict[str, int] = {}
    for position, problem in enumerate(pool.problems()):
        if position != following:
            continue
        name = problem.problem_id
        while name in taken:
            taken[problem.problem_id] += 1
            name = f"{problem.problem_id}#{taken[problem.problem_id]}"
        taken[name] = 1
        names[position] = name
        yield replace(problem, problem_id=name)
        following = next(wanted, -1)
        if following < 0:
            return


def _write(draft: Draft, problems: Iterator[Problem], renderer: Renderer, context: Context) -> int:
    """Write both tables; return the number of prompt tokens."""
    tokens = 0
    with (
        table_writer(draft.path / files.PROBLEMS, tables.PROBLEMS) as table,
        table_writer(draft.path / files.PROMPTS, tables.PROMPTS) as prompts,
    ):
        while group := list(islice(problems, GROUP)):
            context.check_stop()
            rows = [problem.row() for problem in group]
            for row, prompt in zip(rows, renderer.render(rows), strict=True):
                table.add(row)
                prompts.add({"problem_id": row["problem_id"], "text": prompt.text, "token_ids": prompt.token_ids})
                tokens += len(prompt.token_ids)
    return tokens


def _write_record_prompts(draft: Draft, problems: Iterator[Problem], renderer: Renderer, context: Context) -> None:
    """Write the prompts that records begin with."""
    with table_writer(draft.path / files.RECORD_PROMPTS, tables.PROMPTS) as prompts:
        while group := list(islice(problems, GROUP)):
            context.check_stop()
            rows = [problem.row() for problem in group]
            for row, prompt in zip(rows, renderer.render(rows), strict=True):
                prompts.add({"problem_id": row["problem_id"], "text": prompt.text, "token_ids": prompt.token_ids})


def _warnings(science: PromptsScience) -> dict[str, JsonValue]:
    """Return what the report must point out."""
    if not science.require_passed_column:
        return {}
    return {"correctness_signal": f"only problems with {science.require_passed_column} were kept"}
