"""Verdicts on answers that are no programs: nothing is run, so there is no sandbox and nothing to do again."""

from collections.abc import Iterable, Iterator, Mapping

from ssd_jobs import matching
from ssd_jobs.contract.printable import brief
from ssd_jobs.errors import BadInput
from ssd_jobs.matching import Finding
from ssd_jobs.stages.grade.questions import Answer, Question
from ssd_jobs.stages.grade.verdicts import ProblemTests, Verdict, VerdictKind

__all__ = ["check_kinds", "grade_answers"]

KINDS = {
    "wrong": VerdictKind.WRONG,
    "none": VerdictKind.NO_ANSWER,
    "refused": VerdictKind.REFUSED,
}


def check_kinds(known: Mapping[str, Question], *, answered: bool) -> None:
    """Refuse a problem whose tests are of the other sort: no verdict of this mode would mean anything."""
    for name, question in known.items():
        if question.answered != answered:
            found, helps = ("answers", "Answer") if question.answered else ("programs", "Process")
            raise BadInput(f"problem {brief(name)} is about {found}: set evaluation.benchmarks[].grading to [{helps}]")


def grade_answers(known: Mapping[str, Question], wanted: Iterable[Answer]) -> Iterator[tuple[Answer, str, Verdict]]:
    """Yield the answer that was found in each completion, and its verdict."""
    for completion in wanted:
        yield (completion, *_judged(known[completion.problem_id].problem, completion.text))


def _judged(problem: ProblemTests, text: str) -> tuple[str, Verdict]:
    """Judge by one test after another, up to the first that fails; the first one's answer is the completion's."""
    said = ""
    for index, test in enumerate(problem.tests):
        found = matching.judge(text, test.input, test.output)
        said = said or found.answer
        if found.outcome != "right":
            return said, _failed(found, index, len(problem.tests))
    total = len(problem.tests)
    return said, Verdict(kind=VerdictKind.PASS, reason="", tests_run=total, tests_total=total)


def _failed(found: Finding, index: int, total: int) -> Verdict:
    kind = KINDS[found.outcome]
    return Verdict(kind=kind, reason=found.reason, failed_test=index, tests_run=index + 1, tests_total=total)
