"""One retry table: whatever the processes of a stage do, both runners do the same about it, for every row."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from cluster.model import Cluster
from cluster.plans import place
from cluster.worker import result
from configs import plans
from processes.stand_in import StandIn
from ssd_jobs import contract
from ssd_jobs.contract import STAGES, ExitCode
from ssd_operator import manifests
from ssd_operator.lifecycle import is_over, next_look
from ssd_operator.local.attempts import Attempt, Outcome, WaitBudget
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.machine import Machine
from ssd_operator.local.processes import Finished
from ssd_operator.local.workdir import Workdir
from ssd_operator.plan import Graph, Node

ENDS = [
    pytest.param([], id="nothing"),
    pytest.param([1], id="one failure"),
    pytest.param([137, 1], id="two failures"),
    pytest.param([1, 1, 1, 1], id="too many failures"),
    pytest.param([64], id="bad input"),
    pytest.param([1, 64], id="a failure, then bad input"),
    pytest.param([75] * 8, id="away for long"),
    pytest.param([75, 1, 75, 1, 75], id="away between failures"),
    pytest.param([75, 1, 1, 75, 1], id="away between too many failures"),
    pytest.param([143] * 4, id="stopped, by nobody knows whom"),
]
"""How the first tries of a stage's first process end; the next one does its work."""
A_DAY_S = 86_400


def a_node(kind: str, graph: Graph) -> Node:
    """Return the first stage of a kind."""
    return next(node for node in graph if node.kind == kind)


class Scripted:
    """Processes that end as they are told: those of index 0; all others do their work."""

    def __init__(self, node: Node, codes: list[int]) -> None:
        self.tries = 0
        self._node = node
        self._codes = iter(codes)

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Return how this one ended."""
        code = 0
        if index == 0:
            self.tries += 1
            code = next(self._codes, 0)
        output = contract.dump_result(result(self._node.config)) if code == 0 else ""
        return Finished(code, output, "")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.now += seconds
        await asyncio.sleep(0)


async def locally(kind: str, codes: list[int], workdir: Workdir, *, wait_s: float) -> tuple[Outcome, int, float]:
    """Return how a stage ends on one machine, after how many tries and seconds of waiting."""
    spec = plans.spec(analysis={}, evaluation=plans.ASSERTED)
    node = a_node(kind, plans.graph(spec))
    clock, scripted = Clock(), Scripted(node, codes)
    attempt = Attempt(
        node,
        workdir,
        Machine(cores=4, gpus=range(8)),
        limit=node.most_failures(spec),
        wait_budget=WaitBudget(wait_s, clock=lambda: clock.now, sleep=clock.sleep),
        on_wait=lambda _: None,
        run=scripted,
    )
    outcome = await attempt.run(lambda node, _: node.config)
    return outcome, scripted.tries, clock.now


def by_kubernetes(kind: str, codes: list[int]) -> tuple[bool, int]:
    """Return whether index 0 of a sharded Job succeeds and after how many pods, by the Job's own rules."""
    surroundings = place(analysis={}, evaluation=plans.ASSERTED)
    node = a_node(kind, plans.graph(surroundings.spec))
    job = manifests.job(node, surroundings, attempt=1)["spec"]
    actions = {
        value: rule["action"]
        for rule in job["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule
        for value in rule["onExitCodes"]["values"]
    }
    counted = 0
    for pods, code in enumerate([*codes, 0], start=1):
        if code == 0:
            return True, pods
        match actions.get(code, "Count"):
            case "FailJob":
                return False, pods
            case "Count":
                counted += 1
        if counted > job["backoffLimitPerIndex"]:
            return False, pods
    raise AssertionError("unreachable")


def by_the_operator(kind: str, codes: list[int], *, disrupted: bool = False) -> tuple[bool, int]:
    """Return whether a gang succeeds and after how many attempts, by the core's decisions under a clock of its own."""
    cluster = Cluster(analysis={}, deadline="100h")
    cluster.settle()
    left = list(codes)
    while True:
        stage = next((each for each in cluster.status.stages if each.kind == kind), None)
        if stage is not None and stage.phase in ("Succeeded", "Failed"):
            return stage.phase == "Succeeded", stage.attempt
        for job in cluster.live():
            code = left.pop(0) if stage is not None and stage.jobs and job.name == stage.jobs[0].name and left else 0
            cluster.end(job.name, ending="Failed" if code else "Complete", code=code, disrupted=disrupted and code > 0)
        cluster.settle()
        if not cluster.live() and not is_over(cluster.status):
            cluster.forward(next_look(cluster.status, cluster.inputs()) or 0.0)
            cluster.settle()


@pytest.mark.parametrize("codes", ENDS)
@pytest.mark.parametrize("kind", STAGES)
async def test_both_runners_try_a_stage_equally_often(kind: str, codes: list[int], tmp_path: Path) -> None:
    """The same ends give the same outcome after the same number of tries, on a cluster and on one machine."""
    workdir = Workdir(tmp_path, "toy")
    workdir.create()
    outcome, tries, _ = await locally(kind, codes, workdir, wait_s=A_DAY_S)
    on_a_cluster = by_the_operator if STAGES[kind].shape == "Gang" else by_kubernetes
    assert (outcome.result is not None, tries) == on_a_cluster(kind, codes)
    assert not outcome.away


@pytest.mark.parametrize("kind", STAGES)
async def test_what_is_away_is_waited_for_as_long_as_asked_and_is_no_failure(kind: str, tmp_path: Path) -> None:
    """The waits of all tries together end with the time that `--wait` allows, and the stage says why it waits."""
    workdir = Workdir(tmp_path, "toy")
    workdir.create()
    outcome, tries, waited = await locally(kind, [ExitCode.TEMPORARY] * 100, workdir, wait_s=300)
    assert outcome.away
    assert outcome.result is None
    assert waited == 300
    assert 2 < tries < 20


async def test_without_patience_the_first_wait_is_the_end(tmp_path: Path) -> None:
    """`--wait 0s` tries once; a failure that counts is still tried again, because it waits for nothing."""
    workdir = Workdir(tmp_path, "toy")
    workdir.create()
    outcome, tries, _ = await locally("prepare", [ExitCode.TEMPORARY], workdir, wait_s=0)
    assert (outcome.away, tries) == (True, 1)
    outcome, tries, _ = await locally("prepare", [1], workdir, wait_s=0)
    assert (outcome.result is not None, tries) == (True, 2)


@pytest.mark.parametrize("count", [1, 150])
def test_a_gang_survives_any_number_of_disruptions(count: int) -> None:
    """What the cluster does is never counted: the gang goes on until the run's deadline."""
    [gang] = [kind for kind, row in STAGES.items() if row.shape == "Gang"]
    succeeded, attempts = by_the_operator(gang, [143] * count, disrupted=True)
    assert succeeded
    assert attempts == count + 1


def test_both_say_how_large_the_model_is(tmp_path: Path) -> None:
    """Once prepare is done, its message in the status and in the state of one machine is the model's size."""
    said = "1,000 parameters, 2,000 bytes of weights, 2 layers, vocabulary 50"
    cluster = Cluster()
    cluster.settle()
    [job] = cluster.live()
    cluster.end(job.name)
    cluster.settle()
    assert cluster.status.stages[0].message == said
    experiment = LocalExperiment("toy", plans.spec(), tmp_path, tracking_uri="", run_process=StandIn())
    state, _ = experiment.run(Console(file=io.StringIO()), wait_s=0)
    assert state.stages["prepare"].message == said
