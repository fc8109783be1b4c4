"""`ssd power` and the sentence of `ssd plan`: what is known of a comparison before it is made."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from configs import plans
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_jobs.scoring import base_rates, gate_power
from ssd_jobs.stages.report import reading
from ssd_operator.cli import power
from ssd_operator.errors import InvalidInput
from ssd_operator.local.state import RunState
from ssd_operator.plan import Graph
from ssd_operator.spec.resolved import ResolvedSpec
from workspaces import studied

PAPER = {"preset": "Qwen3-4B-Instruct-2507"}


def told(spec: ResolvedSpec, workspace: Path, graph: Graph | None = None) -> list[str]:
    """The sentences for an experiment that was not run."""
    return power.sentences(spec, graph or plans.graph(spec), RunState("x", ""), workspace)


def file_of(directory: Path, **spec: Any) -> Path:
    """Write an experiment."""
    document = {
        "apiVersion": "selfdistill.dev/v1alpha1",
        "kind": "SelfDistillation",
        "metadata": {"name": "x"},
        "spec": {"storage": {"claimName": "experiments"}, "promotion": {}, **spec},
    }
    (directory / "x.yaml").write_text(json.dumps(document))
    return directory / "x.yaml"


def test_a_plan_says_what_would_be_seen(tmp_path: Path) -> None:
    """Of LiveCodeBench, as many problems as are expected, half of them to select on, and the paper's base."""
    [sentence] = told(plans.spec(**PAPER), tmp_path)
    assert sentence.startswith("power on lcb-v6: 131 x 10, 50% of it select: +3.3 is seen in ")


def test_problems_are_those_that_prepare_counted(tmp_path: Path) -> None:
    """Both parts together, once they are there."""
    spec = plans.spec(**PAPER)
    graph = plans.graph(spec)
    [prepared] = graph.of(contract.PrepareConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    for part in prepared.config.benchmarks:
        (tmp_path / part.output).mkdir(parents=True)
        (tmp_path / part.output / files.MANIFEST).write_text(json.dumps({"counts": {"problems": 40}}))
    [sentence] = told(spec, tmp_path, graph)
    assert "on lcb-v6: 80 x 10, 50% of it select" in sentence


def test_of_an_unknown_base_nothing_is_said(tmp_path: Path) -> None:
    """The paper's base is none for problems of another kind."""
    assert told(plans.spec(preset="machine"), tmp_path) == []


def test_an_unknown_base_has_to_be_given(tmp_path: Path) -> None:
    """`ssd power` asks for a prior or a report where there is neither."""
    file = file_of(tmp_path, preset="machine")
    with pytest.raises(InvalidInput, match=r"x\.yaml: nothing is known of its base yet; give --prior, or name the"):
        power.power(file, workdir=tmp_path)


def test_the_file_says_how_it_will_be_judged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Samples, the share to select on and the gate's rule are the file's; options say otherwise."""
    file = file_of(tmp_path, preset="machine", promotion={"gate": {"minGain": 0.01}})
    assert power.power(file, prior="one=300x7.9", gain="2.5", change_sd=0, workdir=tmp_path, output="json") == 0
    [row] = json.loads(capfd.readouterr().out)["rows"]
    assert (row["problems"], row["reported"], row["samples"], row["select_share"]) == (300, 240, 10, 0.2)
    asked = {"prior": "one=300x7.9", "gain": "2.5", "change_sd": 0, "samples": "20", "select_share": "0"}
    assert power.power(file, **asked, workdir=tmp_path, output="json") == 0  # type: ignore[arg-type]
    [other] = json.loads(capfd.readouterr().out)["rows"]
    assert (other["reported"], other["samples"]) == (300, 20)
    assert other["chances"]["shown"] > row["chances"]["shown"]


def test_a_report_says_what_its_base_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Problems, samples and pass rates are those of the base's verdicts in it."""
    rng = np.random.default_rng(0)
    base, gains = studied.base(rng), dict.fromkeys(studied.TEMPERATURES, 0.02)
    sampling = {"temperature": 1.0, "topK": 0, "topP": 1.0}
    report = studied.write(tmp_path / "one", rng, base, gains, sampling=sampling)
    assert power.power(report, gain="3.3", change_sd=0, output="json") == 0
    found = json.loads(capfd.readouterr().out)
    assert found["base"].startswith("the base's 131 x 10 verdicts on lcb-v6 in ")
    [row] = found["rows"]
    counts = reading.compared_counts(reading.document(report / files.REPORT_DOCUMENT))
    rates = base_rates.of_counts(counts.base, counts.samples, counts.difficulty)
    expected = gate_power.chances(rates, 0.033, gate_power.Design(samples=10, change_sd=0))
    assert (row["problems"], row["samples"], row["chances"]["shown"]) == (131, 10, expected.shown)


def test_a_bad_option_is_bad_input(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the program refuses is one sentence and exit code 64."""
    assert power.power(file_of(tmp_path, **PAPER), gain="x", workdir=tmp_path) == 64
    assert capfd.readouterr().err == "x: is no list of numbers such as 2,3.3\n"
    with pytest.raises(InvalidInput, match="--output xml: there is no such format; name table or json"):
        power.power(tmp_path, output="xml")
