"""What a sweep costs is said before it is paid, as far as it can be known."""

import json
from pathlib import Path

from configs import plans
from ssd_jobs import contract
from ssd_jobs.contract import files
from ssd_operator.cli import sweep_cost

BENCHMARK = {"name": "toy", "samplesPerProblem": 10, "maxSequenceTokens": 100}
SWEEP = {"sweep": [{"temperature": 0.5}, {"temperature": 1.5}]}


def test_the_most_tokens_of_a_sweep_are_told(tmp_path: Path) -> None:
    """Arms x settings x samples x the token limit, for each problem; in all once prepare has counted the problems."""
    graph = plans.graph(plans.spec(evaluation={"benchmarks": [{**BENCHMARK, **SWEEP}]}))
    [unknown] = sweep_cost.sentences(graph, tmp_path)
    assert "select problems, whose number is unknown until prepare: at most 4,000 tokens each" in unknown
    assert "report problems, whose number is unknown until prepare: at most 2,000 tokens each" in unknown
    [prepared] = graph.of(contract.PrepareConfig)
    assert isinstance(prepared.config, contract.PrepareConfig)
    for part, problems in zip(prepared.config.benchmarks, (40, 120), strict=True):
        (tmp_path / part.output).mkdir(parents=True)
        (tmp_path / part.output / files.MANIFEST).write_text(json.dumps({"counts": {"problems": problems}}))
    [known] = sweep_cost.sentences(graph, tmp_path)
    assert "2 arms x 2 settings x 10 samples on 40 select problems: at most 160,000 tokens" in known
    assert "2 arms x 1 chosen setting x 10 samples on 120 report problems: at most 240,000 tokens" in known


def test_a_benchmark_without_a_sweep_costs_no_choice(tmp_path: Path) -> None:
    """Nothing is said where nothing is chosen."""
    graph = plans.graph(plans.spec(evaluation={"benchmarks": [{**BENCHMARK, "sweep": []}]}))
    assert sweep_cost.sentences(graph, tmp_path) == []
