"""What the local runner remembers, and what it makes of it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.worker import result
from configs import plans
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator import plan
from ssd_operator.errors import Busy
from ssd_operator.local import cache, progress, runner, summary
from ssd_operator.local.attempts import WaitBudget
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.machine import Machine
from ssd_operator.local.state import Phase, RunState, StageState
from ssd_operator.local.workdir import Workdir
from workspaces.finished import finish

GRAPH = plans.graph(plans.spec(analysis={}))


def succeeded(graph: plan.Graph) -> RunState:
    """Return the state of a run in which every stage succeeded."""
    stages = {
        node.name: StageState(
            node.name, "Succeeded", node.key, kind=node.kind, result=result(node.config).model_dump(mode="json")
        )
        for node in graph
    }
    return RunState("toy", "sha256:x", stages)


def test_state_survives_the_disk(tmp_path: Path) -> None:
    """What is saved is what is loaded."""
    state = succeeded(GRAPH)
    state.save(tmp_path / "state.json")
    assert RunState.load(tmp_path / "state.json") == state


def test_a_state_without_kinds_gets_them_from_the_graph(tmp_path: Path) -> None:
    """What an earlier version wrote is known by the stages' names; what the graph does not know is dropped."""
    experiment = LocalExperiment("toy", plans.spec(), tmp_path, tracking_uri="")
    experiment.workdir.create()
    graph = experiment.graph(RunState("toy", "sha256:x"))
    state = succeeded(graph)
    old = RunState("toy", "sha256:x", {name: replace(each, kind="") for name, each in state.stages.items()})
    old.stages["dream"] = StageState("dream", "Failed")
    old.save(experiment.workdir.state_file)
    assert experiment.recorded() == state


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"name": 1}', '{"name": "x", "spec_digest": "y", "stages": {"a": {"b": 1}}}']
)
def test_a_state_of_another_version_is_no_state(text: str, tmp_path: Path) -> None:
    """A file that cannot be understood starts afresh; what is finished is still found on disk."""
    (tmp_path / "state.json").write_text(text)
    assert RunState.load(tmp_path / "state.json") is None


def test_a_new_run_keeps_what_is_whole_and_forgets_the_rest(tmp_path: Path) -> None:
    """A stage counts as done only while its artifacts are there; failures are tried again."""
    workdir = Workdir(tmp_path, "toy")
    state = succeeded(GRAPH)
    for node in GRAPH:
        if node.name != "curate":
            finish(tmp_path, node)
    state.stages["report"].phase = "Failed"
    kept = runner.resumed(state, GRAPH, workdir).stages
    assert set(kept) == {node.name for node in GRAPH} - {"curate", "report"}


def test_one_missing_shard_is_a_missing_stage(tmp_path: Path) -> None:
    """A sharded artifact is complete when all its shards are."""
    sample = GRAPH["sample"]
    finish(tmp_path, sample)
    assert cache.is_complete(tmp_path, sample)
    (cache.directories(tmp_path, sample.artifacts[0])[1] / files.MANIFEST).unlink()
    assert not cache.is_complete(tmp_path, sample)
    assert cache.finished_shards(tmp_path, sample.artifacts[0]) == sample.tasks - 1


def test_an_artifact_says_its_own_number_of_shards(tmp_path: Path) -> None:
    """What was begun in three shards is complete when those three are, whatever the plan's number is."""
    [artifact] = GRAPH["sample"].artifacts
    for number in range(3):
        assert not cache.is_complete(tmp_path, GRAPH["sample"])
        directory = files.shard(tmp_path / artifact.path, number, 3)
        directory.mkdir(parents=True)
        (directory / files.MANIFEST).write_text(json.dumps({"key": artifact.key}))
    assert cache.is_complete(tmp_path, GRAPH["sample"])


def test_failures_reach_the_report(tmp_path: Path) -> None:
    """The report's config names what failed and what was skipped for it, so that both are recorded."""
    state = succeeded(GRAPH)
    state.stages["train"].phase = "Failed"
    state.stages["train"].message = "no space left"
    state.stages["generate-candidate-toy"].phase = "Skipped"
    failed = runner.surroundings(state).failed
    assert [(stage.name, stage.message) for stage in failed] == [
        ("train", "no space left"),
        ("generate-candidate-toy", ""),
    ]


def test_a_second_run_in_one_directory_is_sent_away(tmp_path: Path) -> None:
    """Two runs never share a directory; the second one is told whose it is."""
    first, second = Workdir(tmp_path, "toy"), Workdir(tmp_path, "toy")
    first.create()
    with first.locked(), pytest.raises(Busy, match="runs this experiment"), second.locked():
        pass
    with second.locked():
        pass


def test_progress_is_added_up_over_shards(tmp_path: Path) -> None:
    """Units and rates of all processes are summed; other values are the newest ones."""
    sample = GRAPH["sample"]
    for number, directory in enumerate(cache.directories(tmp_path, sample.artifacts[0])):
        directory.mkdir(parents=True)
        snapshot = {"done": number + 1, "total": 10, "unit": "samples", "tokens_per_s": 100.0}
        (directory / files.PROGRESS).write_text(json.dumps(snapshot))
    seen = progress.read(tmp_path, sample)
    assert seen is not None
    assert seen.text == "3/20 samples"
    assert seen.values["tokens_per_s"] == 200.0


def test_no_progress_is_no_failure(tmp_path: Path) -> None:
    """A stage that has said nothing yet has no progress, and a torn file is as good as none."""
    sample = GRAPH["sample"]
    assert progress.read(tmp_path, sample) is None
    directory = cache.directories(tmp_path, sample.artifacts[0])[0]
    directory.mkdir(parents=True)
    (directory / files.PROGRESS).write_text("{")
    assert progress.read(tmp_path, sample) is None


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_the_deadline_counts_only_the_time_in_which_the_run_goes_on(tmp_path: Path) -> None:
    """A run that was stopped half way has half of its time left, and at the end says what the deadline ended."""
    spec = plans.spec(deadline="1h")
    workdir, clock = Workdir(tmp_path, "toy"), Clock()
    workdir.create()
    state = RunState("toy", "sha256:x", seconds=3600.0)
    lost: list[str] = []
    run = runner.Runner(
        spec,
        state,
        workdir,
        Machine(cores=1, gpus=()),
        plans.PLATFORM,
        wait_budget=WaitBudget(0),
        listener=lambda node, stage: lost.append(f"{node.name} {stage.phase}: {stage.message}"),
        clock=clock,
    )
    await run.run()
    assert "prepare Skipped: not finished within the deadline of 1h" in lost
    assert all("Skipped" in each for each in lost)
    assert RunState.load(workdir.state_file) == state


def test_a_run_that_had_ended_has_its_whole_time_again(tmp_path: Path) -> None:
    """What is tried again after a failure is not ended by the time that the failure took."""
    workdir = Workdir(tmp_path, "toy")
    state = succeeded(GRAPH)
    state.seconds = 50.0
    assert runner.resumed(state, GRAPH, workdir).seconds == 0
    state.stages["report"].phase = "Pending"
    assert runner.resumed(state, GRAPH, workdir).seconds == 50


@pytest.mark.parametrize(
    ("phases", "code"),
    [
        pytest.param({}, 0, id="all succeeded"),
        pytest.param({"analyze": "Failed"}, 0, id="an optional stage failed"),
        pytest.param({"train": "Failed", "analyze": "Skipped"}, 1, id="a stage failed"),
        pytest.param({"prepare": "Pending"}, 75, id="something is away"),
        pytest.param({"prepare": "Pending", "train": "Failed"}, 1, id="both"),
    ],
)
def test_the_exit_code_of_a_run(phases: dict[str, Phase], code: int) -> None:
    """A stage that the run does not depend on changes it nothing; what is away is no failure."""
    state = succeeded(GRAPH)
    for name, phase in phases.items():
        state.stages[name].phase = phase
        state.stages[name].message = "it broke"
    assert summary.exit_code(state) == code


def test_two_experiments_share_one_directory(tmp_path: Path) -> None:
    """Experiments of different names run side by side in one workspace and share what has the same key."""
    first, second = Workdir(tmp_path, "one"), Workdir(tmp_path, "other")
    first.create()
    second.create()
    with first.locked(), second.locked():
        assert first.root == second.root
        assert first.state_file != second.state_file


def run_key(directory: Path) -> str:
    """Return the tag by which the run of `toy` in a directory is found in MLflow."""
    experiment = LocalExperiment("toy", plans.spec(), directory, tracking_uri="http://shared:5000")
    config = experiment.graph(RunState("toy", "sha256:x"))["report"].config
    assert isinstance(config, contract.ReportConfig)
    return config.execution.tracking.run_key


def test_two_directories_never_share_a_run(tmp_path: Path) -> None:
    """Two people who run an experiment of one name against one MLflow have a run each, and each keeps its own."""
    one, other = tmp_path / "one", tmp_path / "other"
    for directory in (one, other, one):
        Workdir(directory, "toy").create()
    assert run_key(one) == run_key(one) != run_key(other)
    origin = Workdir(one, "toy").origin
    Workdir(one, "second").create()
    assert Workdir(one, "second").origin == origin != ""


def test_a_copy_is_another_directory_and_a_moved_one_the_same(tmp_path: Path) -> None:
    """A tracking server that has the runs of a directory takes those of its copy for others, also after a move."""
    first = Workdir(tmp_path / "first", "toy")
    first.create()
    origin = first.origin
    shutil.copytree(first.root, tmp_path / "copy")
    copy = Workdir(tmp_path / "copy", "toy")
    copy.create()
    assert copy.origin not in (origin, "")
    first.create()
    assert first.origin == origin
    moved = Workdir(first.root.rename(tmp_path / "moved"), "toy")
    moved.create()
    assert moved.origin == origin
