"""A program of the shard, made certainly wrong: the canary that a sandbox cannot tell from its neighbours."""

from ssd_jobs.stages.grade.verdicts import ProblemTests

__all__ = ["spoil"]


def spoil(source: str, problem: ProblemTests, token: str) -> str:
    """Return the program with a token in every answer it gives.

    The token is out before the first line of a program that reads stdin: nothing after its last line is sure to run,
    and what is only buffered may be lost. A function is wrapped after its definition.
    """
    if problem.kind == "stdin":
        return f"print({token!r}, flush=True)\n{source}"
    owner, _, name = problem.entry_point.rpartition(".")
    place = f"{owner}.{name}" if owner else name
    return f"{source}\n\n_plain = {place}\n{place} = lambda *a, **k: [{token!r}, _plain(*a, **k)]\n"
