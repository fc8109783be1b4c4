"""Grade: a verdict on every generation of this shard's problems, or none at all.

One sandbox serves all tasks of the stage. Before each task the canaries must get the verdicts that are known for
them; afterwards no sample may be left without a verdict of its own. Only then is the shard written; until then its
verdicts are kept in a journal, so that a grader that is killed goes on where it was.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ssd_jobs import artifacts
from ssd_jobs.artifacts import Draft, Provenance, tables
from ssd_jobs.context import Context
from ssd_jobs.contract import GradeConfig, GradeTask, Grading, StageDone, files, science_of
from ssd_jobs.errors import JobError
from ssd_jobs.programs.extraction import extract
from ssd_jobs.sandbox.client import Client
from ssd_jobs.sandbox.opening import connect_sandbox, limits_of
from ssd_jobs.sandbox.protocol import Limits
from ssd_jobs.stages.grade import Job, Verdict, canaries, grade_many, journal, questions
from ssd_jobs.stages.grade.journal import Journal
from ssd_jobs.stages.grade.questions import Answer, Question

__all__ = ["grade", "run"]

JOURNAL = "verdicts.jsonl"
ROUNDS = 3
LOGGER = logging.getLogger(__name__)


def run(config: GradeConfig, context: Context) -> StageDone:
    """Grade what is not graded yet."""
    outputs = {task: context.shard_output(config, path=task.output, key=task.key) for task in config.tasks}
    waiting = [task for task, output in outputs.items() if output.find() is None]
    if waiting:
        problems, tests = (artifacts.open_artifact(context.path(path)) for path in (config.problems, config.tests))
        known = questions.questions(problems, tests, shard=context.index, shards=config.science.shards)
        inputs = {"problems": problems.digest, "tests": tests.digest}
        with connect_sandbox(config.execution, memory_mb=config.science.memory_mb) as client:
            grader = _Grader(config, context, client, known, inputs)
            for task in waiting:
                artifacts.make(outputs[task], partial(grader.write, task), progress=context.progress)
    found = [artifacts.open_artifact(output.path) for output in outputs.values()]
    digest = artifacts.joint_digest(found)
    verdicts = sum(int(each.manifest.counts["verdicts"]) for each in found)
    state = "graded" if waiting else "found complete"
    return StageDone(stage=config.stage, digest=digest, message=f"shard {context.index}: {verdicts} verdicts {state}")


def grade(
    client: Client, known: Mapping[str, Question], wanted: Sequence[Answer], mode: Grading, limits: Limits
) -> Iterator[tuple[Answer, dict[str, Any]]]:
    """Yield a row for every completion; raise when one is left without a verdict."""
    jobs = [Job(each, known[each.problem_id].problem, extract(each.text, mode)) for each in wanted]
    for _ in range(ROUNDS):
        left = []
        for job, verdict in grade_many(client, jobs, mode=mode, limits=limits):
            completion = job.key
            assert isinstance(completion, Answer)
            if verdict.is_infra:
                left.append(job)
                LOGGER.warning("%s/%d: %s", completion.problem_id, completion.sample_index, verdict.reason)
            else:
                yield completion, _row(completion, known[completion.problem_id].difficulty, job.source, verdict)
        if not left:
            return
        jobs = left
    raise JobError(
        f"{len(jobs)} of {len(wanted)} programs have no verdict, because the sandbox failed each time (see the log); "
        f"nothing was written, run again"
    )


@dataclass(frozen=True)
class _Grader:
    """What the programs of this shard are graded with, whatever the task."""

    config: GradeConfig
    context: Context
    client: Client
    known: Mapping[str, Question]
    inputs: Mapping[str, str]

    def write(self, task: GradeTask, draft: Draft) -> Provenance:
        """Grade one task's part of this shard and write it."""
        config, context = self.config, self.context
        shards = artifacts.open_shards(context.path(task.generations), task.generation_shards)
        inputs = {**self.inputs, "generations": artifacts.joint_digest(shards)}
        science = {**science_of(config.science), "mode": task.mode}
        hello = self.client.hello()
        canaries.check(self.client, mode=task.mode, limits=limits_of(config.science))
        identity = {"key": task.key, "inputs": inputs, "science": science, "isolation": dict(hello.layers)}
        with journal.open_journal(draft.path / JOURNAL, identity) as kept:
            wanted = self._wanted(shards)
            self._fill(kept, wanted, task.mode)
        rows = sorted(kept.rows, key=lambda row: (row["problem_id"], row["sample_index"]))
        draft.write_table(files.VERDICTS, tables.VERDICTS, tables.table(tables.VERDICTS, rows))
        kept.path.unlink()
        return Provenance(
            science=science,
            inputs=inputs,
            counts={**_counts(rows), "cut_while_thinking": sum(each.cut_while_thinking for each in wanted)},
            facts={"canaries": "passed", "isolation": dict(hello.layers), "workers": hello.workers},
            image=config.execution.image,
        )

    def _wanted(self, shards: Sequence[artifacts.Artifact]) -> list[Answer]:
        """Return the generations that this shard grades."""
        count = self.config.science.shards
        return questions.completions(shards, self.known, shard=self.context.index, shards=count)

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
        "reason": verdict.reason,
        "failed_test": verdict.failed_test,
        "tests_run": verdict.tests_run,
        "tests_total": verdict.tests_total,
        "cpu_s": verdict.cpu_s,
        "wall_s": verdict.wall_s,
        "rerun": verdict.rerun,
        "truncated": completion.truncated,
        "completion_tokens": completion.tokens,
        "code_sha256": hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest() if source else "",
    }


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
