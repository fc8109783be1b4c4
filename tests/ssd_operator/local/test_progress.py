"""How far a stage is on one machine, read from what its processes wrote."""

import json
from pathlib import Path

from ssd_jobs.contract import files
from ssd_operator.cli import document
from ssd_operator.local import progress
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState
from ssd_operator.plan import Node

TOY = Path(__file__).parents[3] / "examples" / "toy" / "selfdistill.yaml"


def _sample(directory: Path, shards: list[dict[str, object]]) -> Node:
    """Leave what each process of the toy's sample stage last said, and return the stage."""
    name, spec = document.read(TOY)
    graph = LocalExperiment(name, spec, directory, tracking_uri="").graph(RunState(name, ""))
    node = next(each for each in graph if each.name == "sample")
    [artifact] = node.artifacts
    for number, said in enumerate(shards):
        place = files.shard(directory / artifact.path, number, len(shards))
        place.mkdir(parents=True)
        (place / files.PROGRESS).write_text(json.dumps(said))
    return node


def test_a_starting_process_says_what_it_does(tmp_path: Path) -> None:
    """Before anything can be counted the activity is shown alone."""
    seen = progress.read(tmp_path, _sample(tmp_path, [{"done": 0, "total": 0, "unit": "loading the model"}]))
    assert seen is not None
    assert seen.text == "loading the model"


def test_processes_that_count_are_shown(tmp_path: Path) -> None:
    """While one process still starts the counts of the others are shown, in their unit."""
    starting = {"done": 0, "total": 0, "unit": "compiling"}
    counting = {"done": 3, "total": 10, "unit": "samples"}
    seen = progress.read(tmp_path, _sample(tmp_path, [starting, counting]))
    assert seen is not None
    assert seen.text == "3/10 samples"


def test_what_prepares_is_not_added_to_what_works(tmp_path: Path) -> None:
    """Megabytes that one process hashes are no samples of another; what is left is that of the slowest which works."""
    hashing = {"done": 100, "total": 4000, "unit": "MB hashed", "left_s": 900.0}
    working = [{"done": 3, "total": 10, "unit": "samples", "left_s": left} for left in (60.0, 75.0)]
    seen = progress.read(tmp_path, _sample(tmp_path, [hashing, *working]))
    assert seen is not None
    assert (seen.text, seen.left_s) == ("6/20 samples", 75.0)
    assert "left_s" not in seen.values


def test_processes_that_all_hash_are_added_up(tmp_path: Path) -> None:
    """Before any has begun to work the megabytes of all are shown."""
    hashing = {"done": 100, "total": 400, "unit": "MB hashed", "left_s": 9.0}
    seen = progress.read(tmp_path, _sample(tmp_path, [hashing, hashing]))
    assert seen is not None
    assert seen.text == "200/800 MB hashed"
