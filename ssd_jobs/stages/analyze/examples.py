"""Two things to look at: where greedy decoding of the two models parts, and one program token by token in both."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ssd_jobs.stages.analyze.contexts import StoredContext
from ssd_jobs.stages.analyze.measurement import Arm
from ssd_jobs.stages.analyze.token_classes import TEXT, Words

__all__ = ["SHOWN_TOKENS", "greedy", "program", "shown_program"]

POINTS = 12
BEFORE = 12
"""Tokens that are shown before a point."""
SHOWN_TOKENS = 240


def greedy(chosen: Sequence[StoredContext], base: Sequence[Arm], candidate: Sequence[Arm], words: Words) -> Any:
    """Return the first place of each text, among those looked at, where the models' likeliest tokens differ."""
    points = list(_points(chosen, base, candidate, words))
    return {"contexts": len(chosen), "contexts_that_part": len(points), "points": points[:POINTS]}


def _points(
    chosen: Sequence[StoredContext], base: Sequence[Arm], candidate: Sequence[Arm], words: Words
) -> Iterator[dict[str, Any]]:
    """Yield the first place where the models' choices part, of every text that has one."""
    for context, before, after in zip(chosen, base, candidate, strict=False):
        [differing] = np.nonzero(before.likeliest != after.likeliest)
        if len(differing):
            offset = int(context.offsets[differing[0]])
            yield {
                "problem_id": context.problem_id,
                "written_by": context.arm,
                "place": offset,
                "before": "".join(
                    words.text(int(each)) for each in context.completion[max(0, offset - BEFORE) : offset]
                ),
                **{
                    arm: {
                        "token": words.text(int(measured.likeliest[differing[0]])),
                        "probability": float(measured.cumulative[differing[0], 0]),
                    }
                    for arm, measured in (("base", before), ("candidate", after))
                },
            }


def shown_program(chosen: Sequence[StoredContext], classes: Sequence[Sequence[str]]) -> StoredContext | None:
    """Return the program that is shown, of a passing answer if there is one: a context whose offsets are all of it."""
    found = [each for each in zip(chosen, classes, strict=True) if any(kind != TEXT for kind in each[1])]
    if not found:
        return None
    context, kinds = next((each for each in found if each[0].passed), found[0])
    inside = [place for place, kind in enumerate(kinds) if kind != TEXT]
    # The token before may hold the program's first letters behind a fence.
    first = max(inside[0] - 1, 0)
    last = min(inside[-1], first + SHOWN_TOKENS - 1)
    return StoredContext(
        problem_id=context.problem_id,
        arm=context.arm,
        passed=context.passed,
        prompt=context.prompt,
        completion=context.completion,
        offsets=np.arange(first, last + 1),
    )


def program(context: StoredContext, base: Arm, candidate: Arm, words: Words) -> dict[str, Any]:
    """Return the program's tokens with what both models make of each place."""
    return {
        "problem_id": context.problem_id,
        "written_by": context.arm,
        "passed": context.passed,
        "tokens": [words.text(int(each)) for each in context.completion[context.offsets]],
        **{
            name: {
                "entropy": arm.entropy.tolist(),
                "rank": arm.rank.astype(int).tolist(),
            }
            for name, arm in (("base", base), ("candidate", candidate))
        },
    }
