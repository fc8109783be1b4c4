"""Whatever lies where the runner keeps its own files, every command answers in words."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from cluster.worker import result
from processes import disks
from ssd_operator.cli import document, models, planning, running
from ssd_operator.errors import InvalidInput, SsdError
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState, StageState
from workspaces.finished import finish

SSD = Path(sys.executable).parent / "ssd"
TOY = Path(__file__).parent.parent.parent.parent / "examples" / "toy" / "selfdistill.yaml"

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def toy_in(directory: Path) -> LocalExperiment:
    """The toy in a directory."""
    name, spec = document.read(TOY)
    return LocalExperiment(name, spec, directory, tracking_uri="")


def experiment(directory: Path) -> LocalExperiment:
    """The toy, which has run in this directory."""
    opened = toy_in(directory)
    opened.workdir.create()
    opened.workdir.source_file.write_text(TOY.read_text())
    return opened


@cache
def finished() -> str:
    """What a run leaves in which every stage succeeded."""
    toy = toy_in(Path("nowhere"))
    graph = toy.graph(RunState("toy", "sha256:x"))
    stages = {
        node.name: StageState(
            node.name, "Succeeded", node.key, kind=node.kind, result=result(node.config).model_dump(mode="json")
        )
        for node in graph
    }
    return json.dumps(asdict(RunState("toy", "sha256:x", stages, {"Grade": "1"})))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to everything in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, each in inner for found in places(each, (*path, key)))]


@st.composite
def changed(draw: st.DrawFn) -> str:
    """The document with something else, or nothing, in one of its places."""
    document = {"": json.loads(finished())}
    *way, last = draw(st.sampled_from(places(document)[1:]))
    around: Any = document
    for key in way:
        around = around[key]
    if isinstance(around, dict) and draw(st.booleans()) and around is not document:
        del around[last]
    else:
        around[last] = draw(ANYTHING)
    return json.dumps(document[""])


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> LocalExperiment:
    """One directory for all examples."""
    return experiment(tmp_path_factory.mktemp("toy"))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=changed())
@example(text='{"name":3,"stages":[1],"digest":null}')
@example(text=finished().replace('"prepare",', '"another",'))
def test_whatever_is_in_the_state_is_understood_or_no_state(text: str, toy: LocalExperiment) -> None:
    """`ssd plan`, `status` and `report` show what they can make of it, or say what to do."""
    toy.workdir.state_file.write_text(text)
    root = toy.workdir.root
    commands: list[Callable[[], object]] = [
        lambda: planning.plan(TOY, root, configs=False, output="json"),
        lambda: running.status(str(root), root, "", "default", None),
        lambda: models.report(root, root, ""),
    ]
    for command in commands:
        with suppress(SsdError):
            command()


def test_a_stage_that_left_no_result_has_not_run(tmp_path: Path) -> None:
    """What comes after it may need the result: the stage is started again and finds its work done."""
    toy = experiment(tmp_path)
    document = json.loads(finished())
    document["stages"]["prepare"]["result"] = None
    toy.workdir.state_file.write_text(json.dumps(document))
    for node in toy.graph(RunState("toy", "")):
        finish(tmp_path, node)
    state = toy.state()
    assert {node.name for node in toy.graph(state)} - state.stages.keys() == {"prepare"}


OWN = ["state.json", "selfdistill.yaml", "lock", "../.origin", "configs/prepare.json", "logs/prepare-0.log"]


@pytest.mark.parametrize("name", OWN)
def test_a_directory_in_the_place_of_a_file_is_named(name: str, tmp_path: Path) -> None:
    """`ssd run` says which file it cannot write; nothing has been started then."""
    toy = experiment(tmp_path)
    (toy.workdir.private / name).unlink(missing_ok=True)
    (toy.workdir.private / name / "content").mkdir(parents=True)
    with pytest.raises(InvalidInput, match=rf"^--workdir {tmp_path}: .*/{Path(name).name} cannot be written \("):
        toy.run(Console(file=io.StringIO()), wait_s=0, source=TOY.read_text())
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["lock", "../.origin"])
@pytest.mark.parametrize("harm", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff\x00{")])
def test_what_is_not_ours_is_not_known(name: str, harm: Callable[[Path], object], tmp_path: Path) -> None:
    """Neither a plan nor a status needs the lock or the origin."""
    toy = experiment(tmp_path)
    (toy.workdir.private / name).unlink(missing_ok=True)
    harm(toy.workdir.private / name)
    toy.workdir.state_file.write_text(finished())
    assert planning.plan(TOY, tmp_path, configs=False, output="json") == 0
    assert running.status(str(tmp_path), tmp_path, "", "default", None) == 0


def test_a_read_only_directory_can_be_asked_but_not_run_in(tmp_path: Path) -> None:
    """`ssd run` names the file that it could not write and ends with 64; plan and status work as ever."""
    with disks.small(tmp_path / "work", megabytes=4) as disk:
        experiment(disk).workdir.state_file.write_text(finished())
        disks.make_read_only(disk)
        done = {
            command: subprocess.run(
                [SSD, command, TOY, "--workdir", disk], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            for command in ("plan", "status", "run")
        }
    assert (done["plan"].returncode, done["status"].returncode) == (0, 0)
    assert done["run"].returncode == 64
    assert done["run"].stderr == (
        f"--workdir {disk}: {disk}/.ssd/toy/lock cannot be written (Read-only file system); make that possible, "
        "or name a directory that you may write\n"
    )
