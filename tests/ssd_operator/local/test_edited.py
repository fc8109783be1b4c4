"""A file that was edited after prepare read it is named before anything else is done."""

import hashlib
import json
from pathlib import Path

from ssd_jobs import contract
from ssd_jobs.contract import files, path_rows
from ssd_operator.cli import document
from ssd_operator.local import edited
from ssd_operator.local.experiment import LocalExperiment
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph

TOY = Path(__file__).parent.parent.parent.parent / "examples" / "toy" / "selfdistill.yaml"


def prepared(workspace: Path) -> Graph:
    """Leave the manifest of training prompts that come from a file and a template, as prepare writes it."""
    (workspace / "own.jsonl").write_text('{"statement": "x"}\n')
    (workspace / "own.jinja").write_text("{{ statement }}")
    name, spec = document.read(TOY)
    source = spec.prompts.source.model_copy(update={"builtin": None, "path": "own.jsonl"})
    prompts = spec.prompts.model_copy(update={"source": source, "template": "own.jinja"})
    experiment = LocalExperiment(name, spec.model_copy(update={"prompts": prompts}), workspace, tracking_uri="")
    graph = experiment.graph(RunState(name, ""))
    [node] = graph.of(contract.PrepareConfig)
    assert isinstance(node.config, contract.PrepareConfig)
    facts = {
        "rows_sha256": path_rows.digest(workspace / "own.jsonl"),
        "template_sha256": hashlib.sha256(b"{{ statement }}").hexdigest(),
    }
    directory = workspace / node.config.prompts.output
    directory.mkdir(parents=True)
    (directory / files.MANIFEST).write_text(json.dumps({"key": node.config.prompts.key, "facts": facts}))
    return graph


def test_an_edited_file_is_named_with_what_reads_it_again(tmp_path: Path) -> None:
    """As long as the content is the same, touched or not, nothing is to say; an edit of rows or template is."""
    graph = prepared(tmp_path)
    (tmp_path / "own.jsonl").touch()
    assert edited.sentences(graph, tmp_path) == []
    (tmp_path / "own.jsonl").write_text('{"statement": "y"}\n')
    (tmp_path / "own.jinja").write_text("{{ statement }}!")
    found = edited.sentences(graph, tmp_path)
    assert [text.partition(":")[0] for text in found] == ["own.jsonl", "own.jinja"]
    assert all("spec.rerun to {from: Prepare" in text for text in found)
