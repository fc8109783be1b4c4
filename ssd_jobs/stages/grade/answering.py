"""Verdicts on answers that are no programs; one that is an input becomes a program that is still to be run."""

import json
from collections.abc import Iterable, Iterator, Mapping

from ssd_jobs import matching
from ssd_jobs.contract import Grading
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.matching import Finding
from ssd_jobs.stages.grade import inputs
from ssd_jobs.stages.grade.grading import Job
from ssd_jobs.stages.grade.questions import Answer, Question
from ssd_jobs.stages.grade.verdicts import ProblemTests, Test, Verdict, VerdictKind

__all__ = ["check_kinds", "grade_answers"]

KINDS = {
    "wrong": VerdictKind.WRONG,
    "none": VerdictKind.NO_ANSWER,
    "refused": VerdictKind.REFUSED,
}


def check_kinds(known: Mapping[str, Question], mode: Grading) -> None:
    """Refuse a problem whose tests are of another sort: no verdict of this mode would mean anything."""
    for name, question in known.items():
        found, helps = _sort(question)
        if (mode if mode in ("Answer", "Input") else "Process") != helps:
            raise BadInput(f"problem {brief(name)} is about {found}: set evaluation.benchmarks[].grading to [{helps}]")


def _sort(question: Question) -> tuple[str, Grading]:
    """Return what a problem is about, and the mode that grades it."""
    if not question.answered:
        return "programs", "Process"
    return ("inputs", "Input") if _is_run(question.problem.tests[0]) else ("answers", "Answer")


def _is_run(test: Test) -> bool:
    return bool(json.loads(test.input)["form"] == "call")


def grade_answers(
    known: Mapping[str, Question], wanted: Iterable[Answer]
) -> Iterator[tuple[Answer, str, Verdict | Job[Answer]]]:
    """Yield the answer that was found in each completion, and its verdict, or the program that will tell it."""
    for completion in wanted:
        yield (completion, *_judged(known[completion.problem_id].problem, completion))


def _judged(problem: ProblemTests, completion: Answer) -> tuple[str, Verdict | Job[Answer]]:
    """Judge by one test after another, up to the first that fails; the first one's answer is the completion's."""
    said = ""
    for index, test in enumerate(problem.tests):
        found = matching.judge(completion.text, test.input, test.output)
        said = said or found.answer
        if found.outcome == "unjudged":
            return said, Job(completion, inputs.problem_of(test), inputs.program_of(test, said))
        if found.outcome != "right":
            return said, _failed(found, index, len(problem.tests))
    total = len(problem.tests)
    return said, Verdict(kind=VerdictKind.PASS, reason="", tests_run=total, tests_total=total)


def _failed(found: Finding, index: int, total: int) -> Verdict:
    kind = KINDS[found.outcome]
    return Verdict(kind=kind, reason=found.reason, failed_test=index, tests_run=index + 1, tests_total=total)
