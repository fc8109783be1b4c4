"""Grade: a verdict on every generation of a shard's problems, or none at all.

One sandbox serves all tasks of the stage. Before each task the canaries must get the verdicts that are known for
them; afterwards no sample may be left without a verdict of its own. Only then is the shard written; until then its
verdicts are kept in a journal, so that a grader that is killed goes on where it was.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ssd_jobs import artifacts, matching
from ssd_jobs.artifacts import Draft, Output, Provenance, selections, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import GradeConfig, GradeTask, Grading, StageDone, files, science_of
from ssd_jobs.errors import JobError
from ssd_jobs.programs.extraction import extract
from ssd_jobs.programs.normal_form import normal_form
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.opening import connect_sandbox, limits_of
from ssd_jobs.sandbox.protocol import Limits, Mode
from ssd_jobs.stages.grade import Job, Verdict, answering, canaries, grade_many, journal, questions
from ssd_jobs.stages.grade.journal import Journal
from ssd_jobs.stages.grade.questions import Answer, Question

__all__ = ["grade", "prove", "run", "sandbox"]

JOURNAL = "verdicts.jsonl"
ROUNDS = 3
LOGGER = logging.getLogger(__name__)


def run(config: GradeConfig, context: Context) -> StageDone:
    """Grade what is not graded yet."""
    selection = context.path(config.selection) if config.selection else None
    wanted = selections.wanted((each.setting for each in config.tasks), selection)
    outputs = [
        (task, output)
        for task in config.tasks
        if task.setting in wanted
        for output in context.shard_outputs(config, path=task.output, key=task.key, processes=config.execution.shards)
    ]
    waiting = [(task, output) for task, output in outputs if output.find() is None]
    if waiting:
        with sandbox(config) as client:
            _fill(config, context, client, waiting)
    found = [artifacts.open_artifact(output.path) for _, output in outputs]
    digest = artifacts.joint_digest(found)
    verdicts = sum(int(each.manifest.counts["verdicts"]) for each in found)
    state = "graded" if waiting else "found complete"
    shards = artifacts.named(output for _, output in outputs)
    return StageDone(stage=config.stage, digest=digest, message=f"{shards}: {verdicts} verdicts {state}")


@contextmanager
def sandbox(config: GradeConfig) -> Iterator[Client | None]:
    """Reach the sandbox, where any task runs programs; None where none does."""
    if all(task.mode == "Answer" for task in config.tasks):
        yield None
        return
    with connect_sandbox(config.execution, memory_mb=config.science.memory_mb) as client:
        yield client


def prove(client: Client | None, mode: Grading, limits: Limits) -> None:
    """Raise where known programs or answers do not get the verdicts that are known for them."""
    if mode in ("Answer", "Input"):
        matching.proven()
    if mode != "Answer":
        assert client is not None
        canaries.check(client, mode=_runner(mode), limits=limits)


def _runner(mode: Grading) -> Mode:
    """Return how programs are run: as processes, unless the official runner is asked for."""
    return "LCB" if mode == "LCB" else "Process"


def _fill(
    config: GradeConfig, context: Context, client: Client | None, waiting: Sequence[tuple[GradeTask, Output]]
) -> None:
    """Grade what is missing, shard by shard: the problems of one, with all their tests, are held at a time."""
    read = questions.sources(config, context.path)
    for shard, of in sorted({output.place for _, output in waiting}):
        known = questions.questions(*read, shard=shard, shards=of)
        grader = _Grader(config, context, client, known, read.digests, shard, of)
        for task, output in waiting:
            if output.place == (shard, of):
                artifacts.make(output, partial(grader.write, task), progress=context.progress)


def grade(
    client: Client | None, known: Mapping[str, Question], wanted: Sequence[Answer], mode: Grading, limits: Limits
) -> Iterator[tuple[Answer, dict[str, Any]]]:
    """Yield a row for every completion; raise when one is left without a verdict."""
    answering.check_kinds(known, mode)
    jobs: list[Job[Answer]] = []
    if mode in ("Answer", "Input"):
        for completion, answer, found in answering.grade_answers(known, wanted):
            if isinstance(found, Job):
                jobs.append(found)
            else:
                yield completion, _row(completion, known[completion.problem_id].difficulty, answer, found)
    else:
        runner = _runner(mode)
        jobs = [Job(each, known[each.problem_id].problem, extract(each.text, runner)) for each in wanted]
    if jobs:
        assert client is not None
        yield from _grade_programs(client, known, jobs, _runner(mode), limits)


def _grade_programs(
    client: Client, known: Mapping[str, Question], jobs: list[Job[Answer]], mode: Mode, limits: Limits
) -> Iterator[tuple[Answer, dict[str, Any]]]:
    """Run programs, again while the sandbox fails."""
    wanted = len(jobs)
    for _ in range(ROUNDS):
        left = []
        for job, verdict in grade_many(client, jobs, mode=mode, limits=limits):
            completion = job.key
            if verdict.is_infra:
                left.append(job)
                LOGGER.warning("%s/%d: %s", completion.problem_id, completion.sample_index, verdict.reason)
            else:
                yield completion, _row(completion, known[completion.problem_id].difficulty, job.source, verdict)
        if not left:
            return
        jobs = left
    raise JobError(
        f"{len(jobs)} of {wanted} programs have no verdict, because the sandbox failed each time (see the log); "
        f"nothing was written, run again"
    )


@dataclass(frozen=True)
class _Grader:
    """What the programs of one shard are graded with, whatever the task."""

    config: GradeConfig
    context: Context
    client: Client | None
    known: Mapping[str, Question]
    inputs: Mapping[str, str]
    shard: int
    shards: int

    def write(self, task: GradeTask, draft: Draft) -> Provenance:
        """Grade one task's part of this shard and write it."""
        config, context = self.config, self.context
        generated = artifacts.open_shards(context.path(task.generations))
        inputs = {**self.inputs, "generations": artifacts.joint_digest(generated)}
        science = {**science_of(config.science), "mode": task.mode}
        hello = None if self.client is None else self.client.hello()
        prove(self.client, task.mode, limits_of(config.science))
        isolation = {} if hello is None else dict(hello.layers)
        identity = {"key": task.key, "inputs": inputs, "science": science, "isolation": isolation}
        with journal.open_journal(draft.path / JOURNAL, identity) as kept:
            wanted = self._wanted(generated)
            self._fill(kept, wanted, task.mode)
        rows = sorted(kept.rows, key=lambda row: (row["problem_id"], row["sample_index"]))
        draft.write_table(files.VERDICTS, tables.VERDICTS, tables.table(tables.VERDICTS, rows))
        kept.path.unlink()
        return Provenance(
            science=science,
            inputs=inputs,
            counts={**_counts(rows), "cut_while_thinking": sum(each.cut_while_thinking for each in wanted)},
            facts={"canaries": "passed", "isolation": isolation, "workers": 0 if hello is None else hello.workers},
            image=config.execution.image,
        )

    def _wanted(self, generated: Sequence[artifacts.Artifact]) -> list[Answer]:
        """Return the generations that this shard grades."""
        return questions.completions(generated, self.known, shard=self.shard, shards=self.shards)

    def _fill(self, kept: Journal, wanted: Sequence[Answer], mode: Grading) -> None:
        """Grade what the journal lacks; a spoiled program that passes voids what it has."""
        graded = {(row["problem_id"], row["sample_index"]) for row in kept.rows}
        left = [each for each in wanted if (each.problem_id, each.sample_index) not in graded]
        try:
            for _, row in grade(self.client, self.known, left, mode, limits_of(self.config.science)):
                self.context.check_stop()
                kept.add(row)
                self.context.progress.update(done=len(kept.rows), total=len(wanted), unit="programs")
        except canaries.CanaryFailed:
            kept.discard()
            raise


def _row(completion: Answer, difficulty: str, source: str | None, verdict: Verdict) -> dict[str, Any]:
    """Return one row of the verdict table."""
    return {
        "problem_id": completion.problem_id,
        "sample_index": completion.sample_index,
        "difficulty": difficulty,
        "verdict": str(verdict.kind),
        "reason": f"there is no answer: {completion.error}" if completion.error else verdict.reason,
        "failed_test": verdict.failed_test,
        "tests_run": verdict.tests_run,
        "tests_total": verdict.tests_total,
        "cpu_s": verdict.cpu_s,
        "wall_s": verdict.wall_s,
        "rerun": verdict.rerun,
        "truncated": completion.truncated,
        "completion_tokens": completion.tokens,
        "code_sha256": _sha256(source) if source else "",
        "normal_sha256": _sha256(normal_form(source)) if source else "",
    }


def _sha256(text: str) -> str:
    """Return the digest of any text, halves of surrogate pairs included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _counts(rows: list[dict[str, Any]]) -> dict[str, int | float]:
    """Return what happened, in numbers that can be added up over shards."""
    kinds = Counter(f"verdict_{row['verdict']}" for row in rows)
    return {
        "verdicts": len(rows),
        "completion_tokens": sum(row["completion_tokens"] for row in rows),
        "cpu_seconds": round(sum(row["cpu_s"] for row in rows), 3),
        "reruns": sum(row["rerun"] for row in rows),
        **dict(sorted(kinds.items())),
    }
