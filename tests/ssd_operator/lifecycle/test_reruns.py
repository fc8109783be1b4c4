"""Any sequence of reruns, on a cluster and on one machine: both begin again the same stages, and only those.

A stage's recipe follows from the last nonce of its own kind and of those before it, whatever was asked for in between.
"""

import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cluster.model import Cluster
from configs import plans
from processes.stand_in import StandIn
from ssd_operator import plan
from ssd_operator.lifecycle import is_over
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.spec.resolved import Rerun

KINDS = ("Prepare", "Sample", "Curate", "Train", "Generate", "Grade", "Report")
RERUNS = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"])), min_size=1, max_size=6)

Keys = dict[str, str]


def on_a_cluster(questions: list[Rerun], _folder: Path, _process: StandIn) -> list[Keys]:
    """Carry each question out to its end, and return the stages' keys after each."""
    cluster = Cluster(deadline="999999h")
    found = []
    for question in questions:
        cluster.change(cluster.place.spec.model_copy(update={"rerun": question}))
        cluster.reopened = is_over(cluster.status)
        cluster.settle()
        while not is_over(cluster.status):
            for job in cluster.live():
                cluster.end(job.name)
            cluster.settle()
        assert cluster.status.phase == "Succeeded"
        found.append({stage.name: stage.key for stage in cluster.status.stages})
    return found


def on_one_machine(questions: list[Rerun], folder: Path, process: StandIn) -> list[Keys]:
    """The same with `ssd run` and a directory; each question comes from a new process."""
    found = []
    for question in questions:
        spec = plans.spec().model_copy(update={"rerun": question})
        experiment = LocalExperiment("toy", spec, folder, tracking_uri="", run_process=process)
        state, graph = experiment.run(Console(file=io.StringIO()), wait_s=0)
        assert {stage.phase for stage in state.stages.values()} == {"Succeeded"}
        found.append({node.name: state.stages[node.name].key for node in graph})
    return found


def meant(graph: plan.Graph, questions: list[Rerun]) -> list[dict[str, tuple[str, ...]]]:
    """Return what each stage's recipe must follow from after each question: the last nonces of the kinds before it."""
    asked: dict[str, str] = {}
    found = []
    for question in questions:
        asked |= {question.start.lower(): question.nonce} if question.start else {}
        before: dict[str, frozenset[str]] = {}
        for node in graph:
            before[node.name] = frozenset({node.kind}).union(*(before[name] for name in node.upstream))
        found.append({name: tuple(asked.get(kind, "") for kind in sorted(kinds)) for name, kinds in before.items()})
    return found


@pytest.mark.parametrize("carry_out", [on_a_cluster, on_one_machine])
@settings(max_examples=25)
@given(reruns=RERUNS)
def test_a_recipe_follows_from_the_last_nonces_before_it(
    carry_out: Callable[[list[Rerun], Path, StandIn], list[Keys]], reruns: list[tuple[str, str]]
) -> None:
    """Equal nonces are equal keys and other nonces other keys; and on disk nothing is ever made twice."""
    questions = [Rerun(), *(Rerun.model_validate({"from": kind, "nonce": nonce}) for kind, nonce in reruns), Rerun()]
    process = StandIn()
    with TemporaryDirectory() as folder:
        keys = carry_out(questions, Path(folder), process)
    expected = meant(plans.graph(), questions)
    for name in expected[0]:
        pairs = {(want[name], got[name]) for want, got in zip(expected, keys, strict=True)}
        assert len(pairs) == len({want for want, _ in pairs}) == len({got for _, got in pairs}), name
    assert set(process.work.values()) <= {1}
