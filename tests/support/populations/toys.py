"""What a toy problem means, from its id alone: for whoever wants a right solution of it."""

from ssd_jobs.toy.steps import REDUCTIONS, STEPS
from ssd_jobs.toy.tasks import Kind, Recipe

KINDS: dict[str, Kind] = {"stdin": "stdin", "functional": "functional"}


def recipe_of(problem_id: str) -> Recipe:
    """Return the steps of a problem, how it ends, and whether it is a program or a function."""
    kind, *names, ending = problem_id.split("-")
    steps = {step.id: step for step in STEPS}
    endings = {reduction.name: reduction for reduction in REDUCTIONS}
    return Recipe(tuple(steps[name] for name in names), endings[ending], KINDS[kind])
