"""From a sweep to its cells: a pure function, the same on a cluster and on one machine.

A cell is a whole SelfDistillation. Its name follows from what it changes alone, so that more values, cells or
replicates leave the names of the others as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Final

from ssd_operator import naming
from ssd_operator.errors import InvalidSpec, Problem
from ssd_operator.spec import axes
from ssd_operator.spec.axes import Choice
from ssd_operator.spec.merge import overlay
from ssd_operator.spec.presets import Preset
from ssd_operator.spec.resolve import resolve
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.rounds import Rounds, RoundStart, begun
from ssd_operator.spec.sweep import MOST_CELLS, SelectBy, SweepFields
from ssd_operator.spec.sweep_rules import NEEDS_LIMIT, NEEDS_WEIGHTS, NO_PARTS, NO_SUCH_BENCHMARK

__all__ = ["Cell", "expand", "fields_of"]

Spec = dict[str, Any]

_SEEDS: Final = (("sampling", "seed"), ("training", "seed"))
"""All that a replicate changes."""
_STEP: Final = (("evaluation", "candidateStep"), ("training", "export", "steps"))
"""What candidate steps change."""
_SEEDS_END: Final = 2**31


@dataclass(frozen=True)
class Cell:
    """One experiment of a sweep."""

    name: str
    """Of its resource."""
    given: str
    """Its name in `spec.cells`; empty for one of the product of the axes."""
    values: Mapping[str, str]
    """Axis -> the value that it has there."""
    replicate: int
    """Counted from 1."""
    round: int
    """Counted from 1; 0 in a sweep without rounds."""
    step: int
    """Of its training, after which the candidate is taken; 0 in a sweep without candidateSteps."""
    of_steps: int
    """How many steps that training has."""
    after: str
    """The cell whose export it starts from, by the name of its resource; empty where that is the template's model."""
    first: str
    """The cell of the first round of its chain, which was compared with the root; empty in that one itself."""
    spec: Spec
    """Of its SelfDistillation, as a person would write it; a cell registers and promotes nothing. Of a later round it
    lacks what it starts from."""

    @property
    def origin(self) -> str:
        """What a person calls it, whatever the replicate."""
        return ", ".join(filter(None, (self.trained, f"step {self.step} of {self.of_steps}" if self.step else "")))

    @property
    def trained(self) -> str:
        """What a person calls its training, whatever the replicate and the step."""
        return _origin(self.given, self.values, self.round)

    def started(self, start: RoundStart) -> Cell:
        """Return it with what it starts from, once the round before has ended."""
        return replace(self, spec=begun(self.spec, self.round, start))

    def resolved(self) -> ResolvedSpec:
        """Return its complete spec."""
        return resolve(self.spec, name=self.name)


def _origin(given: str, values: Mapping[str, str], number: int = 0) -> str:
    written = [given] if given else [f"{axis}={value}" for axis, value in values.items()]
    return ", ".join([*written, f"round {number}"] if number else written)


@dataclass(frozen=True)
class _Combination:
    """What the replicates of a cell have in common."""

    given: str
    choices: Mapping[str, Choice]
    """Axis -> value; the name of the cell -> what it sets."""
    values: Mapping[str, str] = field(default_factory=dict)


def fields_of(spec: Mapping[str, Any]) -> SweepFields:
    """Return a written sweep's own fields with their defaults, all but the template."""
    return SweepFields.read({key: value for key, value in spec.items() if key != "template"}, path="spec")


def expand(spec: Mapping[str, Any], *, name: str, frozen: Preset | None = None) -> tuple[Cell, ...]:
    """Return every cell of the written sweep `name`, or raise InvalidSpec with the place that was written wrongly.

    `frozen` is what the template's preset said when the sweep began; without it, it is what this release says.
    """
    fields, template = fields_of(spec), spec["template"]["spec"]
    combinations = _checked(fields)
    if "promotion" in template:
        _judge_promotion(template, combinations[0], name, frozen)
    return tuple(
        cell
        for each in combinations
        for cell in _replicates(each, _without_promotion(_merged(template, each), name), fields, name, frozen)
    )


def _checked(fields: SweepFields) -> list[_Combination]:
    """Return what is to be run, or raise InvalidSpec where it is too much, unknown, or written twice."""
    places = [f"spec.axes[{index}]" for index in range(len(fields.axes))]
    values = [axes.choices(axis, place) for axis, place in zip(fields.axes, places, strict=True)]
    beside = [
        (f"spec.cells[{index}]", axes.named(cell, f"spec.cells[{index}]")) for index, cell in enumerate(fields.cells)
    ]
    combinations = (prod(map(len, values)) if values else 0) + len(beside)
    number = max(combinations, 1) * fields.replicates
    number *= fields.rounds.count if fields.rounds else max(len(fields.candidate_steps), 1)
    if number > MOST_CELLS:
        also = "replicates and rounds" if fields.rounds else "replicates"
        also = "replicates and steps" if fields.candidate_steps else also
        words = f"make {number:,} cells with their {also}, and a sweep has at most {MOST_CELLS:,}"
        raise InvalidSpec([Problem("spec.axes" if values else "spec.cells", words)])
    placed = [(place, choice) for place, of in zip(places, values, strict=True) for choice in of] + beside
    problems = [problem for place, choice in placed for problem in axes.problems(choice, place)]
    problems = problems or list(_twice(fields, values)) or list(_taken(fields, placed))
    if problems:
        raise InvalidSpec(problems)
    found = [*_product(fields, values), *(_Combination(choice.name, {"": choice}) for _, choice in beside)]
    return found or [_Combination("", {})]


def _product(fields: SweepFields, values: Sequence[Sequence[Choice]]) -> Iterator[_Combination]:
    if not values:
        return
    for chosen in itertools.product(*values):
        of = {axis.name: choice for axis, choice in zip(fields.axes, chosen, strict=True)}
        yield _Combination("", of, {axis: choice.name for axis, choice in of.items()})


def _twice(fields: SweepFields, values: Sequence[Sequence[Choice]]) -> Iterator[Problem]:
    """Yield the axes that write a field which an earlier one writes, so that its value would be lost."""
    written = [[path for choice in of for path in choice.writes()] for of in values]
    for earlier, later in itertools.combinations(range(len(written)), 2):
        shared = axes.overlap(written[earlier], written[later])
        if shared:
            place = f"spec.axes[{later}].{'field' if fields.axes[later].field else 'values'}"
            yield Problem(place, f"writes {shared}, which the axis {fields.axes[earlier].name} writes, too")


def _taken(fields: SweepFields, placed: Sequence[tuple[str, Choice]]) -> Iterator[Problem]:
    """Yield the choices that set what replicates change, a seed, or what candidate steps do."""
    for place, choice in placed:
        seed = axes.overlap(choice.writes(), _SEEDS)
        if seed and fields.replicates > 1 and place.startswith("spec.axes"):
            yield Problem("spec.replicates", f"change {seed}, which {place} writes, too: set one of them")
        step = axes.overlap(choice.writes(), _STEP)
        if step and fields.candidate_steps:
            yield Problem("spec.candidateSteps", f"change {step}, which {place} writes, too: set one of them")


def _merged(template: Spec, combination: _Combination) -> Spec:
    """Return the template with everything that makes it this cell."""
    merged = dict(template)
    for choice in combination.choices.values():
        merged = overlay(merged, choice.changes, ResolvedSpec)
    return merged


def _without_promotion(spec: Spec, sweep: str) -> Spec:
    """Return the spec of a cell, which is recorded in the sweep's experiment."""
    kept = {key: value for key, value in spec.items() if key != "promotion"}
    return overlay({"tracking": {"experiment": sweep}}, kept, ResolvedSpec)


def _judge_promotion(template: Spec, first: _Combination, sweep: str, frozen: Preset | None) -> None:
    """Refuse a gate that cannot judge the selected cell as that was selected."""
    spec = _merged(template, first)
    cell, judged = (_resolved(each, first, sweep, frozen) for each in (_without_promotion(spec, sweep), spec))
    if cell.evaluation != judged.evaluation:
        words = "is not what cells choose their settings by: write selectMetric at the benchmark"
        raise InvalidSpec([Problem("spec.template.spec.promotion.gate.metric", words)])


def _replicates(
    combination: _Combination, spec: Spec, fields: SweepFields, sweep: str, frozen: Preset | None
) -> Iterator[Cell]:
    """Yield a cell and its replicates, after judging the first one; each with its rounds, one after the other."""
    resolved = _resolved(spec, combination, sweep, frozen)
    _judge_selection(fields.select, resolved)
    _judge_steps(fields.candidate_steps, resolved, combination)
    for replicate in range(1, fields.replicates + 1):
        cell = Cell(
            name=_name(combination, sweep, replicate),
            given=combination.given,
            values=combination.values,
            replicate=replicate,
            round=0,
            step=0,
            of_steps=resolved.training.steps,
            after="",
            first="",
            spec=_seeded(spec, resolved, replicate),
        )
        if fields.candidate_steps:
            for step in fields.candidate_steps:
                yield _at_step(cell, _name(combination, sweep, replicate, step=step), step, fields, resolved)
        elif fields.rounds is None:
            yield cell
        else:
            names = [_name(combination, sweep, replicate, number) for number in range(1, fields.rounds.count + 1)]
            yield from _rounds(cell, names, fields.rounds, resolved)


def _at_step(cell: Cell, name: str, step: int, fields: SweepFields, resolved: ResolvedSpec) -> Cell:
    """Return a cell with the candidate of one step; what is exported is the same for all, so that they train once."""
    exported = {*resolved.training.export.steps, *fields.candidate_steps} - {resolved.training.steps}
    changed = {"evaluation": {"candidateStep": step}, "training": {"export": {"steps": sorted(exported)}}}
    return replace(cell, name=name, step=step, spec=overlay(cell.spec, changed, ResolvedSpec))


def _judge_steps(steps: Sequence[int], resolved: ResolvedSpec, combination: _Combination) -> None:
    """Refuse a step that the training of a cell does not reach."""
    for index, step in enumerate(steps):
        if step > resolved.training.steps:
            cell = _origin(combination.given, combination.values)
            words = f"is beyond the {resolved.training.steps:,} steps of training (in the cell {cell})"
            raise InvalidSpec([Problem(f"spec.candidateSteps[{index}]", words)])


def _name(combination: _Combination, sweep: str, replicate: int, number: int = 0, *, step: int = 0) -> str:
    """Return the resource of a cell or, with a number, of one of its rounds or steps."""
    by_axis = sorted(combination.values.items())
    words = [combination.given] if combination.given else [value for _, value in by_axis]
    identity = [combination.given, *(f"{axis}={value}" for axis, value in by_axis), str(replicate)]
    words.append(f"r{replicate}")
    if number:
        words.append(f"n{number}")
        identity.append(f"round={number}")
    if step:
        words.append(f"s{step}")
        identity.append(f"step={step}")
    return naming.cell_name(sweep, words=words, identity=identity)


def _rounds(cell: Cell, names: Sequence[str], rounds: Rounds, resolved: ResolvedSpec) -> Iterator[Cell]:
    """Yield the rounds of a cell."""
    limit, skip = resolved.prompts.limit, resolved.prompts.skip
    if rounds.fresh_prompts and not limit:
        raise InvalidSpec([Problem("spec.rounds.freshPrompts", NEEDS_LIMIT)])
    if resolved.storage.keep == "results":
        raise InvalidSpec([Problem("spec.template.spec.storage.keep", NEEDS_WEIGHTS)])
    for number, name in enumerate(names, start=1):
        fresh = {"prompts": {"skip": skip + (number - 1) * limit}} if rounds.fresh_prompts and number > 1 else {}
        yield replace(
            cell,
            name=name,
            round=number,
            after=names[number - 2] if number > 1 else "",
            first=names[0] if number > 1 else "",
            spec=overlay({**cell.spec, "round": {"number": number}}, fresh, ResolvedSpec),
        )


def _seeded(spec: Spec, resolved: ResolvedSpec, replicate: int) -> Spec:
    """Return the spec of one replicate; the first is the cell as it was written."""
    if replicate == 1:
        return spec
    seeds = {"sampling": resolved.sampling.seed, "training": resolved.training.seed}
    changed = {section: {name: (seeds[section] + replicate - 1) % _SEEDS_END} for section, name in _SEEDS}
    return overlay(spec, changed, ResolvedSpec)


def _judge_selection(select: SelectBy, resolved: ResolvedSpec) -> None:
    """Refuse to choose a cell on problems that there are not, or by what its settings were not chosen by."""
    found = {each.name: each for each in resolved.evaluation.benchmarks}
    if select.benchmark not in found:
        raise InvalidSpec([Problem("spec.select.benchmark", NO_SUCH_BENCHMARK)])
    benchmark = found[select.benchmark]
    if not benchmark.sweep:
        raise InvalidSpec([Problem("spec.select.benchmark", NO_PARTS)])
    if benchmark.select_metric != select.metric:
        words = f"must be {benchmark.select_metric}, by which settings are chosen: or set selectMetric at the benchmark"
        raise InvalidSpec([Problem("spec.select.metric", words)])
    if int(select.metric.removeprefix("pass@")) not in benchmark.k:
        raise InvalidSpec([Problem("spec.select.metric", f"must be one of the k of {benchmark.name}")])
    if len(resolved.evaluation.arms) < 2:
        words = "must hold Base and Candidate: cells are compared by both"
        raise InvalidSpec([Problem("spec.template.spec.evaluation.arms", words)])


def _resolved(spec: Spec, combination: _Combination, sweep: str, frozen: Preset | None) -> ResolvedSpec:
    """Return a cell's complete spec, or say what is wrong where a person wrote it."""
    try:
        return resolve(spec, name=sweep, frozen=frozen)
    except InvalidSpec as error:
        raise InvalidSpec(_blamed(problem, combination) for problem in error.problems) from None


def _blamed(problem: Problem, combination: _Combination) -> Problem:
    places = (choice.blamed(problem.path) for choice in combination.choices.values())
    place = next(filter(None, places), f"spec.template.{problem.path}")
    cell = _origin(combination.given, combination.values)
    return Problem(place, f"{problem.message} (in the cell {cell})")
