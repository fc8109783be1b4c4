"""Each field of the spec says once what it is to a run, and all else follows from that: every field is changed."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from typing import Annotated, Any

import pytest

from configs import plans
from controlplane.plane import ControlPlane
from resources import mutations
from resources.mutations import Mutation, as_written
from resources.server import Server
from ssd_jobs import contract
from ssd_operator.lifecycle import effective, frozen, reopens
from ssd_operator.spec import transitions
from ssd_operator.spec.base import Section
from ssd_operator.spec.marks import Execution, Mark, Place, Science, Steering
from ssd_operator.spec.parts import leaves, parts
from ssd_operator.spec.resolved import ResolvedSpec
from ssd_operator.spec.walk import places, section_in

SECTIONS = [section for _, section in places(ResolvedSpec, "spec")]
MARKS = {leaf.path: leaf.mark for leaf in leaves(ResolvedSpec)} | {
    (str(info.alias),): section.mark
    for info in ResolvedSpec.model_fields.values()
    if info.default is None and (section := section_in(info.annotation)) and section.mark
}
"""The mark of every field, and of every section whose absence means something."""
RESTRICTED = {
    "mode": "mode cannot go back to Plan once a stage has begun: set suspend to stop it",
    "scheduling.queue": "the queue can change only while suspended: set suspend first",
}
"""Free fields that a rule of their own keeps from this change, and its words."""
BEGUN = {"stages": [{"name": "prepare", "phase": "Running"}]}
DIGESTS = {name: f"{number:064x}" for number, name in enumerate(["model", "prompts", "toy", "window", "hub", "folder"])}


@cache
def graph_of(text: str) -> dict[str, contract.Config]:
    """Return the config of every stage of a spec, after prepare."""
    spec = ResolvedSpec.model_validate_json(text)
    return {node.name: node.config for node in plans.graph(spec, digests=DIGESTS)}


def configs(spec: ResolvedSpec) -> dict[str, contract.Config]:
    """Return the config of every stage of a spec."""
    return graph_of(spec.model_dump_json(by_alias=True))


def touched(change: Mutation) -> set[str]:
    """Return the stages whose keys differ after a change."""
    before, after = ({name: each.key for name, each in configs(spec).items()} for spec in (change.before, change.after))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def parameters(spec: ResolvedSpec) -> Any:
    """Return what MLflow records as parameters."""
    report = configs(spec)["report"]
    assert isinstance(report, contract.ReportConfig)
    return report.parameters


def breaking(holds: Callable[[Mutation, Mark], bool]) -> list[str]:
    """Return the fields for which something does not hold."""
    return [str(change) for change in mutations.mutations() if not holds(change, MARKS[change.path])]


def test_every_field_has_one_mark() -> None:
    """A field has a mark of its own or that of its section, never two; a section below it has its own."""
    for section in SECTIONS:
        for name, info in section.model_fields.items():
            own = [each for each in info.metadata if isinstance(each, Mark)]
            if section_in(info.annotation) is None:
                assert len(own) == 1 or (not own and section.mark is not None), (section, name)
            else:
                assert own == [], (section, name)


def test_a_field_without_a_mark_is_refused() -> None:
    """Nobody can add a field and forget to say what it is; the entries of a list have one mark in common."""

    class Unmarked(Section):
        new_field: int = 0

    class Mixed(Section):
        one: Annotated[int, Science] = 0
        other: Annotated[int, Execution] = 0

    class Listed(Section):
        entries: tuple[Mixed, ...] = ()

    with pytest.raises(TypeError, match="newField has no mark"):
        list(leaves(Unmarked))
    with pytest.raises(TypeError, match="entries: "):
        list(parts(Listed))


def _without_pod(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path of a field; of the pods, which have the same fields, one stands for all."""
    place = next((index for index, name in enumerate(path) if name in ("pod", "gradePod")), None)
    return path if place is None else ("pod", *path[place + 1 :])


def test_every_field_is_changed() -> None:
    """The changes of the other laws reach every field there is."""
    assert {_without_pod(change.path) for change in mutations.mutations()} == {_without_pod(path) for path in MARKS}


def test_science_is_in_a_key_and_execution_in_none() -> None:
    """Science changes a key. Execution changes none, and Place only that of the report, which nobody shares."""

    def holds(change: Mutation, mark: Mark) -> bool:
        names = touched(change)
        return bool(names) if mark is Science else names <= {Execution: set(), Place: {"report"}}.get(mark, names)

    assert breaking(holds) == []


def test_steering_reaches_the_report_and_what_is_to_be_done_again() -> None:
    """Steering changes the key of the report at most, and a rerun those of the stages from which it starts."""

    def holds(change: Mutation, mark: Mark) -> bool:
        return mark is not Steering or change.path[0] == "rerun" or touched(change) <= {"report"}

    assert breaking(holds) == []


def _words(change: Mutation) -> Iterator[tuple[str, str]]:
    """Yield the place and the words of what the pure judge says to a change of a run that has begun."""
    old, new = as_written(change.before.document()), as_written(change.after.document())
    for problem in transitions.judge({"spec": old, "status": BEGUN}, {"spec": new}):
        yield problem.path, problem.message


def test_what_is_fixed_cannot_change_once_a_stage_has_begun() -> None:
    """Science and Place are refused with the section's words, Execution and Steering are not."""
    written = [change for change in mutations.mutations() if change.path != ("presetDigest",)]
    for change in written:
        found, free, section = list(_words(change)), MARKS[change.path].is_free, change.path[0]
        if str(change) in RESTRICTED:
            assert found == [(f"spec.{change}", RESTRICTED[str(change)])]
        elif free:
            assert found == [], str(change)
        else:
            [(path, words)] = found
            assert path == f"spec.{section}"
            assert words.startswith(f"{section} cannot change once a stage has begun")


def test_the_api_server_refuses_the_same_changes(crds: ControlPlane) -> None:
    """For every field, the API server allows or refuses its change as the pure judge does, with the same words."""
    server = Server(crds.kubectl, "default")
    for _, group in groupby(mutations.mutations(), key=lambda change: id(change.before)):
        changes = list(group)
        news = [as_written(change.after.document()) for change in changes]
        refusals = server.refused_changes(as_written(changes[0].before.document()), BEGUN, news)
        for change, refusal in zip(changes, refusals, strict=True):
            words = list(_words(change))
            assert bool(refusal) == bool(words), f"{change}: {refusal}"
            assert all(f"{path}: Invalid value: " in refusal and refusal.endswith(word) for path, word in words)


def test_the_spec_in_force_takes_what_is_free() -> None:
    """A free field is the written one's, also in a run that has begun; all else is the frozen one's."""

    def holds(change: Mutation, mark: Mark) -> bool:
        in_force = effective(frozen(change.before), change.after)
        return in_force == frozen(change.after if mark.is_free else change.before)

    assert breaking(holds) == []


def test_only_steering_takes_a_run_up_again() -> None:
    """A run that has ended goes on when something that steers it has changed; stopping and planning do not."""

    def holds(change: Mutation, mark: Mark) -> bool:
        begun = frozen(change.before)
        wanted = mark is Steering and str(change) not in ("mode", "suspend")
        return reopens(begun, effective(begun, change.after)) == wanted

    assert breaking(holds) == []


def test_the_parameters_are_the_science() -> None:
    """MLflow's parameters cannot change: what can is in none of them, and all science is in one."""
    assert (
        breaking(lambda change, mark: (parameters(change.before) != parameters(change.after)) == (mark is Science))
        == []
    )
