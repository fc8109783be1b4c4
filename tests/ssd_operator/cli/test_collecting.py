"""Laws of `ssd gc` on one machine: it knows every experiment of a directory, whatever these are doing."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from configs import plans
from processes.stand_in import StandIn
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.cli import collecting
from ssd_operator.errors import Busy, InvalidInput
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.processes import Finished

ORPHAN = f"samples/{'f' * 32}"


def text(name: str, **sections: Any) -> str:
    """Return the file of an experiment."""
    spec = {"preset": "toy", "storage": {"claimName": "experiments"}, "promotion": {}, **sections}
    head = {"apiVersion": "selfdistill.dev/v1alpha1", "kind": "SelfDistillation", "metadata": {"name": name}}
    return yaml.safe_dump({**head, "spec": spec})


def experiment(folder: Path, name: str, process: Any, **sections: Any) -> LocalExperiment:
    """Return an experiment whose stages are played."""
    return LocalExperiment(name, plans.spec(name, **sections), folder, tracking_uri="", run_process=process)


def run(folder: Path, name: str, process: Any, **sections: Any) -> set[str]:
    """Carry an experiment to its end, and return what it names."""
    one = experiment(folder, name, process, **sections)
    state, graph = one.run(Console(file=io.StringIO()), wait_s=0, source=text(name, **sections))
    assert {stage.phase for stage in state.stages.values()} == {"Succeeded"}
    return {artifact.path for node in graph for artifact in node.artifacts}


def there(folder: Path) -> set[str]:
    """Return the directories of artifacts."""
    return {"/".join(path.relative_to(folder).parts[:2]) for path in folder.rglob(files.MANIFEST)}


def orphan(folder: Path) -> None:
    """Leave an artifact that nothing names."""
    (folder / ORPHAN).mkdir(parents=True)
    (folder / ORPHAN / files.MANIFEST).write_text('{"digest": "d"}')


class Collecting(StandIn):
    """A stand-in for stages during which somebody collects, before a stage begins and after it has ended."""

    def __init__(self, folder: Path, during: str) -> None:
        super().__init__()
        self.folder, self.during = folder, during

    async def __call__(self, config: Path, *, index: int, log: Path, environment: Mapping[str, str]) -> Finished:
        """Play one process of a stage."""
        collects = index == 0 and contract.load(config).name == self.during
        if collects:
            orphan(self.folder)
            assert collecting.collect(self.folder, remove=True) == 0
            assert not (self.folder / ORPHAN).exists()
        ended = await super().__call__(config, index=index, log=log, environment=environment)
        if collects:
            assert collecting.collect(self.folder, remove=True) == 0
        return ended


@pytest.mark.parametrize("stage", ["prepare", "sample", "train", "grade-candidate-toy", "report"])
def test_a_collection_in_the_middle_of_a_run_takes_nothing_of_it(stage: str, tmp_path: Path) -> None:
    """Before and after any stage what nothing names goes, and of the run and of its neighbour nothing does."""
    neighbour = run(tmp_path, "neighbour", StandIn(), sampling={"seed": 7})
    mine = run(tmp_path, "toy", Collecting(tmp_path, stage))
    assert there(tmp_path) >= {path for path in neighbour | mine if (tmp_path / path).exists()}
    work = StandIn()
    for name, sections in (("neighbour", {"sampling": {"seed": 7}}), ("toy", {})):
        run(tmp_path, name, work, **sections)
    assert not work.work


def test_what_an_experiment_names_no_more_goes(tmp_path: Path) -> None:
    """After a change of the recipe the old artifacts are named by nothing; what both recipes share stays."""
    old = run(tmp_path, "toy", StandIn())
    new = run(tmp_path, "toy", StandIn(), sampling={"seed": 3})
    assert collecting.collect(tmp_path, remove=True) == 0
    assert there(tmp_path) == {path for path in new if (tmp_path / path).exists()}
    assert old - new
    assert old & new


def test_what_another_version_named_stays(tmp_path: Path) -> None:
    """What the configs of a run name is kept, also where today's plan has another name for it: regrade reads it."""
    run(tmp_path, "toy", StandIn())
    before = there(tmp_path)
    file = tmp_path / ".ssd" / "toy" / "configs" / "grade-base-toy.json"
    today, then = re.findall("generations/[0-9a-f]{32}", file.read_text())[0], f"generations/{'e' * 32}"
    (tmp_path / today).rename(tmp_path / then)
    file.write_text(file.read_text().replace(today, then))
    assert collecting.collect(tmp_path, remove=True) == 0
    assert then in there(tmp_path)
    assert len(there(tmp_path)) == len(before)


def test_an_experiment_that_is_over_keeps_what_it_says(tmp_path: Path) -> None:
    """With `keep: results` reports and verdicts stay; with a duration all does until it has passed."""
    run(tmp_path, "toy", StandIn(), storage={"claimName": "experiments", "keep": "9h"})
    before = there(tmp_path)
    assert collecting.collect(tmp_path, remove=True) == 0
    assert there(tmp_path) == before
    run(tmp_path, "toy", StandIn(), storage={"claimName": "experiments", "keep": "results"})
    assert collecting.collect(tmp_path, remove=True) == 0
    assert {path.split("/")[0] for path in there(tmp_path)} == {"verdicts", "reports"}


def test_what_prepare_has_not_said_yet_is_not_guessed(tmp_path: Path) -> None:
    """An experiment whose names are known after prepare keeps everybody's artifacts until then, with a sentence."""
    orphan(tmp_path)
    hub = {"model": {"source": plans.HUB, "promptMode": "Raw"}}
    place = experiment(tmp_path, "toy", StandIn(), **hub).workdir
    place.create()
    place.source_file.write_text(text("toy", **hub))
    with pytest.raises(Busy, match=r"toy: what it names in .* is known once prepare is done"):
        collecting.collect(tmp_path, remove=True)
    assert there(tmp_path) == {ORPHAN}


def test_a_directory_without_experiments_is_not_touched(tmp_path: Path) -> None:
    """Where nothing was run nothing tells what is to stay."""
    orphan(tmp_path)
    with pytest.raises(InvalidInput, match="no experiment was run here"):
        collecting.collect(tmp_path, remove=True)
    assert there(tmp_path) == {ORPHAN}
